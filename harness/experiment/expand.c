/* SPDX-License-Identifier: MIT
 *
 * From the texts of a cell to load points. Every key with a list is an axis.
 * The load points are all combinations of the items; the last axis changes
 * fastest, and an axis with several items shows in the id (fetch-c100). Each
 * load point is then checked as a whole: its mode (modes.h), its workload and
 * its times must fit each other.
 */
#include "expand.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entrants.h"
#include "harness/arithmetic/digits.h"
#include "harness/base/names.h"
#include "harness/load/schedule.h"
#include "modes.h"
#include "value.h"
#include "workloads/factor.h"

/* Limits on what a cell may say. */
enum {
    AXIS_ITEMS_MAX = 64,
    AXES_MAX = CELL_EXPANDED + PARAMETERS_MAX,
    CONNECTIONS_MAX = 1000000,
    EXPAND_WHY_MAX = 400,
    SLICES_MAX = 1000,
    DISCARD_WAITS = 2,
    COUNTED_WAITS = 10,
};

/* One key with the items of its list. `key` is a fixed key, or CELL_KEYS plus
 * the index of a parameter. */
struct axis {
    int key, line, count;
    char items[AXIS_ITEMS_MAX][64];
};

struct expansion {
    const struct reader *reader;
    const struct cell *cell;
    const struct workload_entry *workload;
    struct cell_text given[PARAMETERS_MAX]; /* by row of the workload's table */
    struct beside beside;
    struct axis axes[AXES_MAX];
    int axis_count;
    int at[AXES_MAX]; /* the item of each axis in the current load point */
};

/* The item of the axis for `key` in the current load point, or NULL; *line is
 * the line of the list, or that of the cell. */
static const char *expansion_item(const struct expansion *expansion, int key,
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

/* Says what is wrong with the value of a cell's key. Returns -EINVAL. */
static int refuse(const struct expansion *expansion, int key, int line,
                  const char *why)
{
    return reader_fail(expansion->reader, line, "\"%s\" %s",
                       cell_keys[key].name, why);
}

/* A key that counts; *value stays if the cell has no such key. */
static int take_count(const struct expansion *expansion, int key, int most,
                      int *value)
{
    int line;
    const char *text = expansion_item(expansion, key, &line);
    char why[EXPAND_WHY_MAX];
    if (text && value_count(text, 1, most, value, why, sizeof why) < 0)
        return refuse(expansion, key, line, why);
    return 0;
}

bool expand_leaves_out(const struct reader *reader, const struct cell *cell,
                       int section)
{
    const char *name = cell->fixed[CELL_WORKLOAD].text;

    for (int i = 0; i < reader->ini->entry_count; i++)
        if (reader->ini->entries[i].section == section &&
            !strcmp(reader->ini->entries[i].key, cell_keys[CELL_WORKLOAD].name))
            name = reader->ini->entries[i].value;
    if (!name || !workload_lacks(name))
        return false;
    reader_leave_out(reader,
                     "the cell %s is left out: its workload %s was not built, "
                     "package %s is missing (make deps-claims)",
                     cell->name, name, workload_lacks(name));
    return true;
}

/* The workload of that name, or NULL after an error that suggests the nearest
 * one. */
static const struct workload_entry *find_workload(const struct reader *reader,
                                                  const struct cell_text *name)
{
    const struct workload_entry *entry = workloads;
    int count = 0;
    const char *names[256];
    for (; entry->name; entry++) {
        if (!strcmp(entry->name, name->text))
            return entry;
        if (count < 255)
            names[count++] = entry->name;
    }
    names[count] = NULL;
    char hint[512];
    if (workload_lacks(name->text))
        reader_fail(reader, name->line,
                    "the workload %s was not built: package %s is missing "
                    "(make deps-claims)",
                    name->text, workload_lacks(name->text));
    else
        reader_fail(reader, name->line, "no workload is named \"%s\"%s",
                    name->text,
                    names_suggest(name->text, names, hint, sizeof hint));
    return NULL;
}

/* Drops the blanks in a parameter's value, since a query has none. */
static void squeeze(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++)
        if (!isblank((unsigned char)*text))
            *to++ = *text;
    *to = '\0';
}

/* Picks the cell's entries for parameters of this workload; their keys begin
 * with `prefix`, "beside." or "". An entry of the cell itself (not a default)
 * for a parameter that the workload lacks is an error. Returns 0 or -EINVAL. */
static int pick_parameters(const struct reader *reader, const struct cell *cell,
                           const struct workload_entry *workload,
                           const char *prefix, struct cell_text *given)
{
    const struct parameter *table = workload->workload->parameters;
    int rows = parameters_count(table);
    const char *names[PARAMETERS_MAX + 1];
    for (int i = 0; i < rows; i++)
        names[i] = table[i].name;
    names[rows] = NULL;
    char hint[512];
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
                               names_suggest(name, names, hint, sizeof hint));
        if (row < 0)
            continue;
        squeeze(entry->value);
        given[row] = (struct cell_text){entry->value, entry->line};
    }
    return 0;
}

/* The time that a request waits by design. */
static int64_t wait_of(const struct workload_entry *entry,
                       const struct arguments *arguments)
{
    const struct workload *workload = entry->workload;

    return workload->wait_ns ? workload->wait_ns(arguments) : 0;
}

/* How much waits vary, 1 for 100 % of the mean; 0: all requests wait alike. */
static double wait_cv_of(const struct workload_entry *entry,
                         const struct arguments *arguments)
{
    const struct workload *workload = entry->workload;

    return workload->wait_cv ? workload->wait_cv(arguments) : 0;
}

/* The wait that only one request in a million exceeds. */
static int64_t longest_wait_of(const struct workload_entry *entry,
                               const struct arguments *arguments)
{
    static const double MILLIONTH = 4.753; /* standard deviations */
    double cv = wait_cv_of(entry, arguments);

    return (int64_t)((double)wait_of(entry, arguments) *
                     (cv > 0 ? factor_at(cv, MILLIONTH) : 1));
}

static int add_axis(struct expansion *expansion, int key,
                    const struct cell_text *text, const char *name)
{
    struct axis *axis = &expansion->axes[expansion->axis_count];
    const char *rest = text->text;

    if (!text->text)
        return 0;
    axis->key = key;
    axis->line = text->line;
    axis->count = 0;
    char why[EXPAND_WHY_MAX];
    int more;
    for (;;) {
        char item[64];
        more = value_next(&rest, item, sizeof item, why, sizeof why);
        if (more < 0)
            return reader_fail(expansion->reader, text->line, "\"%s\" %s", name,
                               why);
        if (more == 0)
            break;
        if (axis->count == AXIS_ITEMS_MAX)
            return reader_fail(expansion->reader, text->line,
                               "\"%s\" lists more than %d values", name,
                               AXIS_ITEMS_MAX);
        memcpy(axis->items[axis->count++], item, sizeof item);
    }
    expansion->axis_count++;
    return 0;
}

/* The id: NAME, then a mark for each axis with several items. */
static int make_id(const struct expansion *expansion, struct load_point *point)
{
    static const char *const marks[CELL_EXPANDED] = {"c", "r", "w", "k"};
    const struct parameter *table = expansion->workload->workload->parameters;
    size_t used = (size_t)snprintf(point->id, sizeof point->id, "%s",
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
            point->id + used, sizeof point->id - used, "-%s%s",
            axis->key < CELL_EXPANDED ? marks[axis->key]
                                      : table[axis->key - CELL_KEYS].name,
            item);
        if (used >= sizeof point->id)
            return reader_fail(expansion->reader, axis->line,
                               "the load point's name would be longer than %zu "
                               "characters; shorten the cell's name",
                               sizeof point->id - 1);
    }
    return 0;
}

static int take_parameters(const struct expansion *expansion,
                           struct load_point *point)
{
    const struct parameter *table = expansion->workload->workload->parameters;
    const char *given[PARAMETERS_MAX] = {NULL};
    char why[EXPAND_WHY_MAX];
    int line;
    for (int i = 0; i < parameters_count(table); i++) {
        given[i] = table[i].list_max > 0
                       ? expansion->given[i].text
                       : expansion_item(expansion, CELL_KEYS + i, &line);
        /* Each parameter is parsed alone first, so that an error has the right
         * line. */
        const char *one[PARAMETERS_MAX] = {NULL};
        one[i] = given[i];
        if (parameters_parse(table, one, &point->arguments, why, sizeof why) <
            0)
            return reader_fail(expansion->reader,
                               given[i] ? expansion->given[i].line
                                        : expansion->cell->line,
                               "%s", why);
    }
    parameters_parse(table, given, &point->arguments, why, sizeof why);
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

/* Sets the limit of the backend. If the workload calls no backend, a default
 * from [experiment] has no effect, and a limit of the cell itself is an
 * error. */
static int take_backend(const struct expansion *expansion,
                        struct load_point *point)
{
    const struct cell_text *given =
        &expansion->cell->fixed[CELL_BACKEND_WORKERS];

    if (point->workload->workload->needs_backend)
        return take_count(expansion, CELL_BACKEND_WORKERS, CELL_WORKERS_MAX,
                          &point->backend_workers);
    if (!given->text || given->line < expansion->cell->line)
        return 0;
    return reader_fail(expansion->reader, given->line,
                       "\"backend_workers\" has no meaning: %s calls no "
                       "backend",
                       point->workload->name);
}

static const int64_t SECOND_NS = 1000000000;

static int take_quantity(const struct expansion *expansion, int key,
                         enum unit unit, const char *default_text, int64_t min,
                         int64_t max, int64_t *value)
{
    const struct cell_text *given = &expansion->cell->fixed[key];
    char why[EXPAND_WHY_MAX];
    if (value_quantity(unit, given->text ? given->text : default_text, min, max,
                       value, why, sizeof why) < 0)
        return refuse(expansion, key, given->line, why);
    return 0;
}

static int take_choice(const struct expansion *expansion, int key,
                       const char *const *names, int *value)
{
    const struct cell_text *given = &expansion->cell->fixed[key];

    *value = 0;
    char why[EXPAND_WHY_MAX];
    if (given->text &&
        value_choice(given->text, names, value, why, sizeof why) < 0)
        return refuse(expansion, key, given->line, why);
    return 0;
}

/* Takes the limit that a search must keep, or that defines goodput in an open
 * loop. */
static int take_slo(const struct expansion *expansion, struct load_point *point)
{
    const struct cell_text *given = &expansion->cell->fixed[CELL_SLO];
    int64_t wait_ns = wait_of(point->workload, &point->arguments);

    if (!given->text)
        return reader_fail(expansion->reader, expansion->cell->line,
                           "[cell %s] is a search and has no limit to keep; "
                           "add slo = p99<100ms",
                           point->section);
    char why[EXPAND_WHY_MAX];
    if (value_limit(given->text, &point->slo.percentile, &point->slo.limit_ns,
                    why, sizeof why) < 0)
        return refuse(expansion, CELL_SLO, given->line, why);
    if (strlen(given->text) >= sizeof point->slo.text)
        return reader_fail(expansion->reader, given->line,
                           "\"slo\" is longer than %zu characters",
                           sizeof point->slo.text - 1);
    /* Of waits that vary, some are shorter than any limit. */
    if (point->slo.limit_ns <= wait_ns &&
        wait_cv_of(point->workload, &point->arguments) == 0)
        return reader_fail(expansion->reader, given->line,
                           "\"slo\" is %s, and a request waits %s by "
                           "itself: no server can keep it",
                           given->text, digits_ns((double)wait_ns).text);
    strcpy(point->slo.text, given->text);
    return 0;
}

/* Connections get their requests in turn, evenly spread, so each has slept
 * since its last turn or since it was opened. */
static int take_active(const struct expansion *expansion,
                       struct load_point *point)
{
    const struct cell_text *given = &expansion->cell->fixed[CELL_ACTIVE];
    double share = 0.01;
    char why[EXPAND_WHY_MAX];
    if (given->text &&
        (!strcmp(given->text, "0") || !strcmp(given->text, "0%")))
        share = 0;
    else if (given->text &&
             value_share(given->text, &share, why, sizeof why) < 0)
        return refuse(expansion, CELL_ACTIVE, given->line, why);
    point->arrivals = ARRIVALS_UNIFORM;
    point->burst = 1;
    point->rate_per_s = share * point->connections;
    return 0;
}

/* Takes the rate of an open loop, and its limit if it has one. */
static int take_rate(const struct expansion *expansion,
                     struct load_point *point)
{
    int line;
    const char *text = expansion_item(expansion, CELL_RATE, &line);

    if (!text)
        return reader_fail(expansion->reader, line,
                           "[cell %s] is an open loop and has no rate; add "
                           "rate = 200, or mode = closed",
                           point->section);
    char why[EXPAND_WHY_MAX];
    if (!value_multiple(text, &point->rate_of_capacity) &&
        value_rate(text, &point->rate_per_s, why, sizeof why) < 0)
        return refuse(expansion, CELL_RATE, line, why);
    if (point->rate_of_capacity > 0 &&
        !expansion->cell->fixed[CELL_CONNECTIONS].text)
        return reader_fail(expansion->reader, line,
                           "\"rate\" is a multiple of what the connections "
                           "can ask for; say how many: connections = 256");
    return !expansion->cell->fixed[CELL_SLO].text ? 0
                                                  : take_slo(expansion, point);
}

/* The discarded part must be long enough for the effects of the previous server
 * and of the start of the slice to end: requests in flight, connections that
 * start one after another. The counted part must hold so many waits that one
 * more or less at its edges does not matter. */
static int judge_slicing(const struct expansion *expansion,
                         const struct load_point *point)
{
    const struct slicing *slicing = &point->slicing;
    int64_t wait_ns = wait_of(point->workload, &point->arguments);
    const struct cell *cell = expansion->cell;

    if (point->beside.workload)
        return reader_fail(expansion->reader, cell->line,
                           "[cell %s]: slice mode has no second load",
                           cell->name);
    if (slicing->discard_ns >= slicing->slice_ns)
        return reader_fail(expansion->reader, cell->line,
                           "[cell %s]: discard must be shorter than slice",
                           cell->name);
    if (slicing->discard_ns < DISCARD_WAITS * wait_ns ||
        slicing->slice_ns - slicing->discard_ns < COUNTED_WAITS * wait_ns)
        return reader_fail(
            expansion->reader, cell->line,
            "[cell %s]: a request waits %s by itself; discard must be %d "
            "times as long and what is left of a slice %d times",
            cell->name, digits_ns((double)wait_ns).text, DISCARD_WAITS,
            COUNTED_WAITS);
    return 0;
}

static int take_slicing(const struct expansion *expansion,
                        struct load_point *point)
{
    struct slicing *slicing = &point->slicing;
    int64_t count;
    int result;
    if ((result = take_quantity(expansion, CELL_SLICES, UNIT_COUNT, "10", 1,
                                SLICES_MAX, &count)) < 0 ||
        (result = take_quantity(expansion, CELL_SLICE, UNIT_NS, "1s", 1,
                                60 * SECOND_NS, &slicing->slice_ns)) < 0 ||
        (result = take_quantity(expansion, CELL_DISCARD, UNIT_NS, "200ms", 1,
                                60 * SECOND_NS, &slicing->discard_ns)) < 0)
        return result;
    slicing->count = (int)count;
    return judge_slicing(expansion, point);
}

/* Functions that take the keys of one mode. */
static int (*const mode_takes[MODES])(const struct expansion *,
                                      struct load_point *) = {
    [MODE_OPEN] = take_rate,     [MODE_SOAK] = take_rate,
    [MODE_SEARCH] = take_slo,    [MODE_IDLE] = take_active,
    [MODE_SLICE] = take_slicing,
};

/* Takes mode, arrivals, rate and connections; point->workload and its arguments
 * are set. */
static int take_load(const struct expansion *expansion,
                     struct load_point *point)
{
    const struct cell_text *given = &expansion->cell->fixed[CELL_ARRIVALS];
    int mode, result;
    if ((result = take_choice(expansion, CELL_MODE, modes_names(), &mode)) < 0)
        return result;
    modes_set(point, (enum mode)mode);
    if ((result = modes_refuse(expansion->reader, expansion->cell,
                               (enum mode)mode)) < 0)
        return result;
    if (load_schedule_parse(given->text ? given->text : "poisson",
                            &point->arrivals, &point->burst) < 0)
        return reader_fail(expansion->reader, given->line,
                           "\"arrivals\" is \"%s\"; poisson, uniform or "
                           "burst:K with K from 2 to %d",
                           given->text, LOAD_BURST_MAX);
    /* The rate of an idle load follows from its connections. The connections of
     * an open loop follow from its rate unless the cell says how many. */
    point->connections = modes[mode].connections;
    if ((result = take_count(expansion, CELL_CONNECTIONS, CONNECTIONS_MAX,
                             &point->connections)) < 0)
        return result;
    if (mode_takes[mode] && (result = mode_takes[mode](expansion, point)) < 0)
        return result;
    if (point->connections == 0)
        point->connections = load_schedule_connections(
            point->rate_per_s, point->burst,
            wait_of(point->workload, &point->arguments));
    return 0;
}

/* Refuses modes and keys that do not fit a workload that is a conversation. */
static int judge_session(const struct expansion *expansion,
                         const struct load_point *point)
{
    const struct workload *workload = point->workload->workload;
    enum mode mode = modes_of(point);
    int line = expansion->cell->line;

    if (!workload->session)
        return 0;
    if (point->churn)
        return reader_fail(expansion->reader, line,
                           "[cell %s]: a connection of %s is held, and mode = "
                           "churn opens one for each request",
                           point->section, point->workload->name);
    if (point->recovery_ns > 0)
        return reader_fail(expansion->reader, line,
                           "[cell %s]: recovery is for requests of HTTP, "
                           "and %s is a conversation",
                           point->section, point->workload->name);
    if (workload->push_ns(&point->arguments) > 0 && mode != MODE_IDLE &&
        mode != MODE_OPEN && mode != MODE_SOAK)
        return reader_fail(expansion->reader, line,
                           "[cell %s]: pushes come by the clock, and mode = %s "
                           "does not wait for them; mode = idle, open or soak",
                           point->section, modes[mode].name);
    return 0;
}

/* A time that the mode does not have is set to 0, but a bad value among the
 * defaults is still an error. */
static int take_times(const struct expansion *expansion,
                      struct load_point *point)
{
    enum mode mode = modes_of(point);
    const struct {
        enum cell_key key;
        const char *default_text;
        int64_t least, most, *value;
    } times[] = {
        {CELL_WARMUP, "1s", 0, 600 * SECOND_NS, &point->warmup_ns},
        {CELL_WINDOW, modes[mode].window, SECOND_NS / 100, 3000 * SECOND_NS,
         &point->window_ns},
        {CELL_TIMEOUT, "30s", SECOND_NS / 1000, 600 * SECOND_NS,
         &point->timeout_ns},
        {CELL_THINK, "0s", 0, 600 * SECOND_NS, &point->think_ns},
        {CELL_RECOVERY, "0s", 0, 600 * SECOND_NS, &point->recovery_ns},
    };

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int result = take_quantity(expansion, times[i].key, UNIT_NS,
                                   times[i].default_text, times[i].least,
                                   times[i].most, times[i].value);

        if (result < 0)
            return result;
        if (!modes_have(mode, times[i].key))
            *times[i].value = 0;
    }
    if (mode == MODE_SLICE)
        point->window_ns = point->slicing.count * point->slicing.slice_ns;
    return 0;
}

static int take_sequence(const struct expansion *expansion,
                         struct load_point *point)
{
    const struct cell_text *given = &expansion->cell->fixed[CELL_SEQUENCE];

    if (given->text && strlen(given->text) >= sizeof point->sequence)
        return reader_fail(expansion->reader, given->line,
                           "\"sequence\" is longer than %zu characters",
                           sizeof point->sequence - 1);
    strcpy(point->sequence, given->text ? given->text : "");
    return 0;
}

/* Takes placement, warm-up, window, timeout, pause and recovery. */
static int take_course(const struct expansion *expansion,
                       struct load_point *point)
{
    static const char *const placements[] = {"split", "shared", NULL};
    int64_t wait_ns = wait_of(point->workload, &point->arguments);
    int64_t longest_ns = longest_wait_of(point->workload, &point->arguments);
    int placement, result;
    if ((result = take_choice(expansion, CELL_PLACEMENT, placements,
                              &placement)) < 0 ||
        (result = take_times(expansion, point)) < 0 ||
        (result = take_sequence(expansion, point)) < 0)
        return result;
    point->placement = placement ? PLACEMENT_SHARED : PLACEMENT_SPLIT;
    const struct cell_text *quota = &expansion->cell->fixed[CELL_CPU_QUOTA];
    char why[EXPAND_WHY_MAX];
    if (quota->text &&
        value_cpus(quota->text, &point->cpu_quota, why, sizeof why) < 0)
        return reader_fail(expansion->reader, quota->line, "\"cpu_quota\" %s",
                           why);
    if (point->timeout_ns <= longest_ns)
        return reader_fail(
            expansion->reader, expansion->cell->line,
            "[cell %s]: %s waits %s by itself, longer than its timeout of %s; "
            "raise timeout",
            point->section,
            longest_ns > wait_ns ? "one request in a million" : "a request",
            digits_ns((double)longest_ns).text,
            digits_ns((double)point->timeout_ns).text);
    if (point->window_ns < wait_ns)
        return reader_fail(expansion->reader, expansion->cell->line,
                           "[cell %s]: a request waits %s by itself, longer "
                           "than the window of %s; raise window",
                           point->section, digits_ns((double)wait_ns).text,
                           digits_ns((double)point->window_ns).text);
    return judge_session(expansion, point);
}

/* Takes the second load of the cell into expansion->beside. */
static int take_beside(struct expansion *expansion)
{
    const struct cell_text *fixed = expansion->cell->fixed;
    const struct reader *reader = expansion->reader;
    struct cell_text given[PARAMETERS_MAX] = {{NULL, 0}};
    struct beside *beside = &expansion->beside;
    const struct cell_text *name = &fixed[CELL_BESIDE_WORKLOAD];

    if (!name->text) {
        for (int key = CELL_BESIDE_RATE; key <= CELL_BESIDE_CONNECTIONS; key++)
            if (fixed[key].text)
                return reader_fail(reader, fixed[key].line,
                                   "\"%s\" needs beside.workload",
                                   cell_keys[key].name);
        return 0;
    }
    beside->workload = find_workload(reader, name);
    if (!beside->workload)
        return -EINVAL;
    if (beside->workload->workload->session)
        return reader_fail(reader, name->line,
                           "\"beside.workload\": %s is a conversation; beside "
                           "another load there can be requests of HTTP",
                           name->text);
    int result = pick_parameters(reader, expansion->cell, beside->workload,
                                 "beside.", given);
    const char *texts[PARAMETERS_MAX];
    for (int i = 0; i < PARAMETERS_MAX; i++)
        texts[i] = given[i].text;
    if (result < 0)
        return result;
    char why[EXPAND_WHY_MAX];
    if (parameters_parse(beside->workload->workload->parameters, texts,
                         &beside->arguments, why, sizeof why) < 0)
        return reader_fail(reader, name->line, "beside.workload: %s", why);
    if (!fixed[CELL_BESIDE_RATE].text)
        return reader_fail(reader, name->line,
                           "the second load has no rate; add beside.rate = 1");
    if (value_rate(fixed[CELL_BESIDE_RATE].text, &beside->rate_per_s, why,
                   sizeof why) < 0)
        return refuse(expansion, CELL_BESIDE_RATE, fixed[CELL_BESIDE_RATE].line,
                      why);
    beside->connections = load_schedule_connections(
        beside->rate_per_s, 1, wait_of(beside->workload, &beside->arguments));
    if (fixed[CELL_BESIDE_CONNECTIONS].text &&
        value_count(fixed[CELL_BESIDE_CONNECTIONS].text, 1, CONNECTIONS_MAX,
                    &beside->connections, why, sizeof why) < 0)
        return refuse(expansion, CELL_BESIDE_CONNECTIONS,
                      fixed[CELL_BESIDE_CONNECTIONS].line, why);
    return 0;
}

/* Adds the load point that expansion->at selects to the experiment. */
static int add_point(const struct expansion *expansion)
{
    const struct reader *reader = expansion->reader;
    struct experiment *experiment = reader->experiment;
    const struct cell *cell = expansion->cell;

    if (experiment->load_point_count == EXPERIMENT_CELLS_MAX)
        return reader_fail(reader, cell->line, "more than %d load points",
                           EXPERIMENT_CELLS_MAX);
    struct load_point *point =
        &experiment->load_points[experiment->load_point_count];
    snprintf(point->section, sizeof point->section, "%s", cell->name);
    point->line = cell->line;
    point->workload = expansion->workload;
    point->beside = expansion->beside;
    int result;
    if ((result = make_id(expansion, point)) < 0 ||
        (result = take_parameters(expansion, point)) < 0 ||
        (result = take_load(expansion, point)) < 0 ||
        (result = take_course(expansion, point)) < 0 ||
        (result = take_count(expansion, CELL_WORKERS, CELL_WORKERS_MAX,
                             &point->workers)) < 0 ||
        (result = take_backend(expansion, point)) < 0 ||
        (result = entrants_choose(reader, cell, point)) < 0)
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

/* Moves on to the next combination of items, like an odometer. */
static bool next_point(struct expansion *expansion)
{
    for (int i = expansion->axis_count - 1; i >= 0; i--) {
        if (++expansion->at[i] < expansion->axes[i].count)
            return true;
        expansion->at[i] = 0;
    }
    return false;
}

int expand_cell(const struct reader *reader, const struct cell *cell)
{
    struct expansion *expansion = calloc(1, sizeof *expansion);
    int result = -EINVAL;

    if (!expansion) {
        reader_fail(reader, cell->line, "out of memory");
        return -ENOMEM;
    }
    expansion->reader = reader;
    expansion->cell = cell;
    if (!cell->fixed[CELL_WORKLOAD].text)
        reader_fail(reader, cell->line,
                    "[cell %s] has no workload; add workload = NAME (troika "
                    "list)",
                    cell->name);
    else
        expansion->workload =
            find_workload(reader, &cell->fixed[CELL_WORKLOAD]);
    if (!expansion->workload)
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
