/* SPDX-License-Identifier: MIT
 *
 * The discarded part must outlast what the server before, and the slice's own
 * beginning, leave behind: requests in flight, and connections that start one
 * after another. The counted part must hold so many waits that one more or
 * less at its edges does not matter.
 */
#include "expand_slices.h"

#include "expand_workload.h"
#include "value.h"

enum { SLICES_MAX = 1000, DISCARD_WAITS = 2, COUNTED_WAITS = 10 };

static const int64_t SECOND_NS = 1000000000;

static int take(const struct expansion *expansion, int key, int unit,
                const char *default_text, int64_t most, int64_t *value)
{
    const struct cell_text *given = &expansion->cell->fixed[key];
    char why[EXPAND_WHY_MAX];

    if (value_quantity(unit, given->text ? given->text : default_text, 1, most,
                       value, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, given->line, "\"%s\" %s",
                           cell_keys[key].name, why);
    return 0;
}

/* A key of another mode is an error in the cell itself, and of no effect as a
 * default. */
static int refuse(const struct expansion *expansion, const int *keys, int count,
                  const char *words)
{
    const struct cell *cell = expansion->cell;

    for (int i = 0; i < count; i++)
        if (cell->fixed[keys[i]].text && cell->fixed[keys[i]].line > cell->line)
            return reader_fail(expansion->reader, cell->fixed[keys[i]].line,
                               "\"%s\" has no meaning here; %s",
                               cell_keys[keys[i]].name, words);
    return 0;
}

static int judge(const struct expansion *expansion,
                 const struct load_point *point)
{
    const struct slicing *slicing = &point->slicing;
    int64_t wait_ns =
        expand_workload_wait_ns(point->workload, &point->arguments);
    const struct cell *cell = expansion->cell;

    if (point->beside.workload != NULL)
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
            "[cell %s]: a request waits %.4g s by itself; discard must be %d "
            "times as long and what is left of a slice %d times",
            cell->name, (double)wait_ns / 1e9, DISCARD_WAITS, COUNTED_WAITS);
    return 0;
}

int expand_slices_take(const struct expansion *expansion, bool on,
                       struct load_point *point)
{
    static const int own[] = {CELL_SLICES, CELL_SLICE, CELL_DISCARD};
    static const int others[] = {CELL_WINDOW, CELL_THINK};
    struct slicing *slicing = &point->slicing;
    int64_t count;
    int result;

    *slicing = (struct slicing){0};
    if (!on)
        return refuse(expansion, own, 3, "it belongs to mode = slice");
    if ((result = refuse(expansion, others, 2,
                         "mode = slice has slices and slice")) < 0 ||
        (result = take(expansion, CELL_SLICES, UNIT_COUNT, "10", SLICES_MAX,
                       &count)) < 0 ||
        (result = take(expansion, CELL_SLICE, UNIT_NS, "1s", 60 * SECOND_NS,
                       &slicing->slice_ns)) < 0 ||
        (result = take(expansion, CELL_DISCARD, UNIT_NS, "200ms",
                       60 * SECOND_NS, &slicing->discard_ns)) < 0)
        return result;
    slicing->count = (int)count;
    return judge(expansion, point);
}
