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

#include "entrants.h"
#include "expand_load.h"
#include "expand_workload.h"
#include "value.h"

static int add_axis(struct expansion *expansion, int key,
                    const struct cell_text *text, const char *name)
{
    struct axis *axis = &expansion->axes[expansion->axis_count];
    const char *rest = text->text;
    char why[EXPAND_WHY_MAX];
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

/* NAME, then a mark for each axis that has several items. */
static int make_id(const struct expansion *expansion, struct load_point *point)
{
    static const char *const marks[CELL_EXPANDED] = {"c", "r", "w", "k"};
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
    char why[EXPAND_WHY_MAX];
    int line;

    for (int i = 0; i < parameters_count(table); i++) {
        given[i] = table[i].list_max > 0
                       ? expansion->given[i].text
                       : expansion_item(expansion, CELL_KEYS + i, &line);
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

/* A limit of the backend, for those who call it. */
static int take_backend(const struct expansion *expansion,
                        struct load_point *point)
{
    const struct cell_text *given =
        &expansion->cell->fixed[CELL_BACKEND_WORKERS];
    char why[EXPAND_WHY_MAX];
    int line;
    const char *text = expansion_item(expansion, CELL_BACKEND_WORKERS, &line);

    if (text == NULL || (!point->workload->workload->needs_backend &&
                         given->line < expansion->cell->line))
        return 0; /* a default that means nothing here */
    if (!point->workload->workload->needs_backend)
        return reader_fail(expansion->reader, line,
                           "\"backend_workers\" has no meaning: %s calls no "
                           "backend",
                           point->workload->name);
    if (value_count(text, 1, CELL_WORKERS_MAX, &point->backend_workers, why,
                    sizeof(why)) < 0)
        return reader_fail(expansion->reader, line, "\"backend_workers\" %s",
                           why);
    return 0;
}

/* The load point that expansion->at says, added to the experiment. */
static int add_point(const struct expansion *expansion)
{
    const struct reader *reader = expansion->reader;
    struct experiment *experiment = reader->experiment;
    const struct cell *cell = expansion->cell;
    struct load_point *point;
    const char *text;
    char why[EXPAND_WHY_MAX];
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
        (result = expand_load_take(expansion, point)) < 0 ||
        (result = expand_load_times(expansion, point)) < 0)
        return result;
    text = expansion_item(expansion, CELL_WORKERS, &line);
    if (text != NULL && value_count(text, 1, CELL_WORKERS_MAX, &point->workers,
                                    why, sizeof(why)) < 0)
        return reader_fail(reader, line, "\"workers\" %s", why);
    if ((result = take_backend(expansion, point)) < 0 ||
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
            expand_workload_find(reader, &cell->fixed[CELL_WORKLOAD]);
    if (expansion->workload == NULL)
        goto out;
    if ((result = expand_workload_pick(reader, cell, expansion->workload, "",
                                       expansion->given)) < 0 ||
        (result = expand_load_beside(expansion)) < 0 ||
        (result = make_axes(expansion)) < 0)
        goto out;
    do
        result = add_point(expansion);
    while (result == 0 && next_point(expansion));
out:
    free(expansion);
    return result;
}
