/* SPDX-License-Identifier: MIT
 *
 * From the texts of a cell to load points. Every key that holds a list is an
 * axis; the load points are all combinations, the last axis changing fastest,
 * and an axis with more than one item shows in the id (fetch-c100).
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "entrants.h"
#include "harness/load/load_schedule.h"
#include "names.h"
#include "value.h"

enum {
    AXIS_ITEMS_MAX = 64,
    AXES_MAX = CELL_EXPANDED + PARAMETERS_MAX,
    CONNECTIONS_MAX = 1000000,
    WORKERS_MAX = 4096,
    WHY_MAX = 400,
};

static const int64_t SECOND_NS = 1000000000;

/* One key with the items of its list; `key` is a fixed key, or CELL_KEYS plus
 * the index of a parameter. */
struct axis {
    int key, line, count;
    char items[AXIS_ITEMS_MAX][64];
};

struct expansion {
    const struct reader *reader;
    const struct cell *cell;
    const struct workload_entry *workload;
    struct cell_text given[PARAMETERS_MAX]; /* by row of the workload */
    struct beside beside;
    struct axis axes[AXES_MAX];
    int axis_count;
    int at[AXES_MAX]; /* which item of each axis this load point has */
};

static const struct workload_entry *find_workload(const struct reader *reader,
                                                  const struct cell_text *name)
{
    const struct workload_entry *entry = workloads;
    const char *names[256];
    char hint[512];
    int count = 0;

    for (; entry->name != NULL; entry++) {
        if (!strcmp(entry->name, name->text))
            return entry;
        if (count < 255)
            names[count++] = entry->name;
    }
    names[count] = NULL;
    reader_fail(reader, name->line, "no workload is named \"%s\"%s", name->text,
                names_suggest(name->text, names, hint, sizeof(hint)));
    return NULL;
}

/* Drops the blanks in a parameter's value: a query has none. */
static void squeeze(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++)
        if (!isblank((unsigned char)*text))
            *to++ = *text;
    *to = '\0';
}

/* The cell's loose entries that are rows of this workload; an entry of the
 * cell itself (not a default) that is no row is an error. */
static int pick_parameters(const struct reader *reader, const struct cell *cell,
                           const struct workload_entry *workload,
                           const char *prefix, struct cell_text *given)
{
    const struct parameter *table = workload->workload->parameters;
    const char *names[PARAMETERS_MAX + 1];
    char hint[512];
    int rows = parameters_count(table);

    for (int i = 0; i < rows; i++)
        names[i] = table[i].name;
    names[rows] = NULL;
    for (int i = 0; i < cell->loose_count; i++) {
        const struct ini_entry *entry = &reader->ini->entries[cell->loose[i]];
        bool beside = !strncmp(entry->key, "beside.", 7);
        const char *name = entry->key + (beside ? 7 : 0);
        if (beside != (prefix[0] != '\0'))
            continue;
        int row = parameters_find(table, name);
        if (row < 0 && entry->line > cell->line)
            return reader_fail(reader, entry->line,
                               "the workload %s has no parameter \"%s\"%s",
                               workload->name, name,
                               names_suggest(name, names, hint, sizeof(hint)));
        if (row < 0)
            continue;
        squeeze(entry->value);
        given[row] = (struct cell_text){entry->value, entry->line};
    }
    return 0;
}

static int add_axis(struct expansion *expansion, int key,
                    const struct cell_text *text, const char *name)
{
    struct axis *axis = &expansion->axes[expansion->axis_count];
    const char *rest = text->text;
    char why[WHY_MAX];
    int more;

    if (text->text == NULL)
        return 0;
    axis->key = key;
    axis->line = text->line;
    axis->count = 0;
    for (;;) {
        char item[64];
        more = value_next(&rest, item, sizeof(item), why, sizeof(why));
        if (more < 0)
            return reader_fail(expansion->reader, text->line, "\"%s\" %s", name,
                               why);
        if (more == 0)
            break;
        if (axis->count == AXIS_ITEMS_MAX)
            return reader_fail(expansion->reader, text->line,
                               "\"%s\" lists more than %d values", name,
                               AXIS_ITEMS_MAX);
        memcpy(axis->items[axis->count++], item, sizeof(item));
    }
    expansion->axis_count++;
    return 0;
}

/* The item of the axis for `key` in the current load point, or NULL. */
static const char *item_of(const struct expansion *expansion, int key,
                           int *line)
{
    for (int i = 0; i < expansion->axis_count; i++)
        if (expansion->axes[i].key == key) {
            *line = expansion->axes[i].line;
            return expansion->axes[i].items[expansion->at[i]];
        }
    *line = expansion->cell->line;
    return NULL;
}

/* NAME, then a mark for each axis that has several items. */
static int make_id(const struct expansion *expansion, struct load_point *point)
{
    static const char *const marks[CELL_EXPANDED] = {"c", "r", "w"};
    const struct parameter *table = expansion->workload->workload->parameters;
    size_t used = (size_t)snprintf(point->id, sizeof(point->id), "%s",
                                   expansion->cell->name);

    for (int i = 0; i < expansion->axis_count; i++) {
        const struct axis *axis = &expansion->axes[i];
        char item[64];
        size_t n = 0;
        if (axis->count < 2)
            continue;
        for (const char *c = axis->items[expansion->at[i]]; *c; c++)
            if (isalnum((unsigned char)*c) || *c == '.')
                item[n++] = *c;
        item[n] = '\0';
        used += (size_t)snprintf(
            point->id + used, sizeof(point->id) - used, "-%s%s",
            axis->key < CELL_EXPANDED ? marks[axis->key]
                                      : table[axis->key - CELL_KEYS].name,
            item);
        if (used >= sizeof(point->id))
            return reader_fail(expansion->reader, axis->line,
                               "the load point's name would be longer than %zu "
                               "characters; shorten the cell's name",
                               sizeof(point->id) - 1);
    }
    return 0;
}

static int take_parameters(const struct expansion *expansion,
                           struct load_point *point)
{
    const struct parameter *table = expansion->workload->workload->parameters;
    const char *given[PARAMETERS_MAX] = {NULL};
    char why[WHY_MAX];
    int line;

    for (int i = 0; i < parameters_count(table); i++) {
        given[i] = table[i].list_max > 0
                       ? expansion->given[i].text
                       : item_of(expansion, CELL_KEYS + i, &line);
        /* One by one first, so that the error has the right line. */
        const char *one[PARAMETERS_MAX] = {NULL};
        one[i] = given[i];
        if (parameters_parse(table, one, &point->arguments, why, sizeof(why)) <
            0)
            return reader_fail(expansion->reader,
                               given[i] != NULL ? expansion->given[i].line
                                                : expansion->cell->line,
                               "%s", why);
    }
    parameters_parse(table, given, &point->arguments, why, sizeof(why));
    return 0;
}

static int take_time(const struct expansion *expansion, int key,
                     const char *default_text, int64_t min, int64_t max,
                     int64_t *value)
{
    const struct cell_text *given = &expansion->cell->fixed[key];
    char why[WHY_MAX];

    if (value_quantity(UNIT_NS, given->text ? given->text : default_text, min,
                       max, value, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, given->line, "\"%s\" %s",
                           cell_keys[key].name, why);
    return 0;
}

static int take_choice(const struct expansion *expansion, int key,
                       const char *const *names, int *value)
{
    const struct cell_text *given = &expansion->cell->fixed[key];
    char why[WHY_MAX];

    *value = 0;
    if (given->text != NULL &&
        value_choice(given->text, names, value, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, given->line, "\"%s\" %s",
                           cell_keys[key].name, why);
    return 0;
}

/* A key that only the other mode knows: an error in the cell itself, and of no
 * effect as a default. */
static int refuse_own(const struct expansion *expansion, int key,
                      const char *mode)
{
    const struct cell_text *given = &expansion->cell->fixed[key];

    if (given->text == NULL || given->line < expansion->cell->line)
        return 0;
    return reader_fail(expansion->reader, given->line,
                       "\"%s\" has no meaning here; it belongs to mode = %s",
                       cell_keys[key].name, mode);
}

static int64_t wait_of(const struct workload_entry *entry,
                       const struct arguments *arguments)
{
    const struct workload *workload = entry->workload;

    return workload->wait_ns != NULL ? workload->wait_ns(arguments) : 0;
}

static int take_load(const struct expansion *expansion,
                     struct load_point *point)
{
    static const char *const modes[] = {"closed", "open", NULL};
    const struct cell_text *given = &expansion->cell->fixed[CELL_ARRIVALS];
    int mode, line, result;
    char why[WHY_MAX];
    const char *text;

    result = take_choice(expansion, CELL_MODE, modes, &mode);
    if (result < 0)
        return result;
    point->mode = mode ? LOAD_OPEN : LOAD_CLOSED;
    if (load_schedule_parse(given->text ? given->text : "poisson",
                            &point->arrivals, &point->burst) < 0)
        return reader_fail(expansion->reader, given->line,
                           "\"arrivals\" is \"%s\"; poisson, uniform or "
                           "burst:K with K from 2 to %d",
                           given->text, LOAD_BURST_MAX);
    if (point->mode == LOAD_CLOSED) {
        if ((result = refuse_own(expansion, CELL_RATE, "open")) < 0 ||
            (result = refuse_own(expansion, CELL_ARRIVALS, "open")) < 0)
            return result;
    } else {
        if ((result = refuse_own(expansion, CELL_THINK, "closed")) < 0)
            return result;
        text = item_of(expansion, CELL_RATE, &line);
        if (text == NULL)
            return reader_fail(expansion->reader, line,
                               "[cell %s] is an open loop and has no rate; add "
                               "rate = 200, or mode = closed",
                               point->section);
        if (value_rate(text, &point->rate_per_s, why, sizeof(why)) < 0)
            return reader_fail(expansion->reader, line, "\"rate\" %s", why);
    }
    text = item_of(expansion, CELL_CONNECTIONS, &line);
    point->connections = point->mode == LOAD_OPEN
                             ? load_schedule_connections(
                                   point->rate_per_s, point->burst,
                                   wait_of(point->workload, &point->arguments))
                             : 1;
    if (text != NULL && value_count(text, 1, CONNECTIONS_MAX,
                                    &point->connections, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, line, "\"connections\" %s", why);
    return 0;
}

static int take_times(const struct expansion *expansion,
                      struct load_point *point)
{
    static const char *const placements[] = {"split", "shared", NULL};
    int64_t wait_ns = wait_of(point->workload, &point->arguments);
    int placement, result;

    if ((result = take_choice(expansion, CELL_PLACEMENT, placements,
                              &placement)) < 0 ||
        (result = take_time(expansion, CELL_WARMUP, "1s", 0, 600 * SECOND_NS,
                            &point->warmup_ns)) < 0 ||
        (result = take_time(expansion, CELL_WINDOW, "3s", SECOND_NS / 100,
                            3000 * SECOND_NS, &point->window_ns)) < 0 ||
        (result = take_time(expansion, CELL_TIMEOUT, "30s", SECOND_NS / 1000,
                            600 * SECOND_NS, &point->timeout_ns)) < 0 ||
        (result = take_time(expansion, CELL_THINK, "0s", 0, 600 * SECOND_NS,
                            &point->think_ns)) < 0)
        return result;
    point->placement = placement ? PLACEMENT_SHARED : PLACEMENT_SPLIT;
    if (point->mode == LOAD_OPEN)
        point->think_ns = 0;
    if (point->timeout_ns <= wait_ns)
        return reader_fail(
            expansion->reader, expansion->cell->line,
            "[cell %s]: a request waits %.4g s by itself, longer "
            "than its timeout of %.4g s; raise timeout",
            point->section, (double)wait_ns / 1e9,
            (double)point->timeout_ns / 1e9);
    if (point->window_ns < wait_ns)
        return reader_fail(
            expansion->reader, expansion->cell->line,
            "[cell %s]: a request waits %.4g s by itself, longer "
            "than the window of %.4g s; raise window",
            point->section, (double)wait_ns / 1e9,
            (double)point->window_ns / 1e9);
    return 0;
}

static int take_beside(struct expansion *expansion)
{
    const struct cell_text *fixed = expansion->cell->fixed;
    const struct reader *reader = expansion->reader;
    struct cell_text given[PARAMETERS_MAX] = {{NULL, 0}};
    const char *texts[PARAMETERS_MAX];
    struct beside *beside = &expansion->beside;
    const struct cell_text *name = &fixed[CELL_BESIDE_WORKLOAD];
    char why[WHY_MAX];
    int result;

    if (name->text == NULL) {
        for (int key = CELL_BESIDE_RATE; key <= CELL_BESIDE_CONNECTIONS; key++)
            if (fixed[key].text != NULL)
                return reader_fail(reader, fixed[key].line,
                                   "\"%s\" needs beside.workload",
                                   cell_keys[key].name);
        return 0;
    }
    beside->workload = find_workload(reader, name);
    if (beside->workload == NULL)
        return -EINVAL;
    result = pick_parameters(reader, expansion->cell, beside->workload,
                             "beside.", given);
    for (int i = 0; i < PARAMETERS_MAX; i++)
        texts[i] = given[i].text;
    if (result < 0)
        return result;
    if (parameters_parse(beside->workload->workload->parameters, texts,
                         &beside->arguments, why, sizeof(why)) < 0)
        return reader_fail(reader, name->line, "beside.workload: %s", why);
    if (fixed[CELL_BESIDE_RATE].text == NULL)
        return reader_fail(reader, name->line,
                           "the second load has no rate; add beside.rate = 1");
    if (value_rate(fixed[CELL_BESIDE_RATE].text, &beside->rate_per_s, why,
                   sizeof(why)) < 0)
        return reader_fail(reader, fixed[CELL_BESIDE_RATE].line,
                           "\"beside.rate\" %s", why);
    beside->connections = load_schedule_connections(
        beside->rate_per_s, 1, wait_of(beside->workload, &beside->arguments));
    if (fixed[CELL_BESIDE_CONNECTIONS].text != NULL &&
        value_count(fixed[CELL_BESIDE_CONNECTIONS].text, 1, CONNECTIONS_MAX,
                    &beside->connections, why, sizeof(why)) < 0)
        return reader_fail(reader, fixed[CELL_BESIDE_CONNECTIONS].line,
                           "\"beside.connections\" %s", why);
    return 0;
}

static int make_axes(struct expansion *expansion)
{
    const struct parameter *table = expansion->workload->workload->parameters;
    const struct cell *cell = expansion->cell;
    int result = 0;

    for (int i = 0; i < parameters_count(table) && result == 0; i++)
        if (table[i].list_max == 0)
            result = add_axis(expansion, CELL_KEYS + i, &expansion->given[i],
                              table[i].name);
    for (int key = 0; key < CELL_EXPANDED && result == 0; key++)
        result =
            add_axis(expansion, key, &cell->fixed[key], cell_keys[key].name);
    return result;
}

/* The load point that expansion->at says, added to the experiment. */
static int add_point(const struct expansion *expansion)
{
    const struct reader *reader = expansion->reader;
    struct experiment *experiment = reader->experiment;
    const struct cell *cell = expansion->cell;
    struct load_point *point;
    const char *text;
    char why[WHY_MAX];
    int line, result;

    if (experiment->load_point_count == EXPERIMENT_CELLS_MAX)
        return reader_fail(reader, cell->line, "more than %d load points",
                           EXPERIMENT_CELLS_MAX);
    point = &experiment->load_points[experiment->load_point_count];
    snprintf(point->section, sizeof(point->section), "%s", cell->name);
    point->line = cell->line;
    point->workload = expansion->workload;
    point->beside = expansion->beside;
    if ((result = make_id(expansion, point)) < 0 ||
        (result = take_parameters(expansion, point)) < 0 ||
        (result = take_load(expansion, point)) < 0 ||
        (result = take_times(expansion, point)) < 0)
        return result;
    text = item_of(expansion, CELL_WORKERS, &line);
    if (text != NULL && value_count(text, 1, WORKERS_MAX, &point->workers, why,
                                    sizeof(why)) < 0)
        return reader_fail(reader, line, "\"workers\" %s", why);
    if ((result = entrants_choose(reader, cell, point)) < 0)
        return result;
    for (int i = 0; i < experiment->load_point_count; i++)
        if (!strcmp(experiment->load_points[i].id, point->id))
            return reader_fail(reader, cell->line,
                               "two load points are named %s (the other is of "
                               "the cell on line %d)",
                               point->id, experiment->load_points[i].line);
    experiment->load_point_count++;
    return 0;
}

/* Counts through the axes like an odometer. */
static bool next_point(struct expansion *expansion)
{
    for (int i = expansion->axis_count - 1; i >= 0; i--) {
        if (++expansion->at[i] < expansion->axes[i].count)
            return true;
        expansion->at[i] = 0;
    }
    return false;
}

int cell_expand(const struct reader *reader, const struct cell *cell)
{
    struct expansion *expansion = calloc(1, sizeof(*expansion));
    int result = -EINVAL;

    if (expansion == NULL) {
        reader_fail(reader, cell->line, "out of memory");
        return -ENOMEM;
    }
    expansion->reader = reader;
    expansion->cell = cell;
    if (cell->fixed[CELL_WORKLOAD].text == NULL)
        reader_fail(reader, cell->line,
                    "[cell %s] has no workload; add workload = NAME (troika "
                    "list)",
                    cell->name);
    else
        expansion->workload =
            find_workload(reader, &cell->fixed[CELL_WORKLOAD]);
    if (expansion->workload == NULL)
        goto out;
    if ((result = pick_parameters(reader, cell, expansion->workload, "",
                                  expansion->given)) < 0 ||
        (result = take_beside(expansion)) < 0 ||
        (result = make_axes(expansion)) < 0)
        goto out;
    do
        result = add_point(expansion);
    while (result == 0 && next_point(expansion));
out:
    free(expansion);
    return result;
}
