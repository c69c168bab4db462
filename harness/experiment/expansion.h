/* SPDX-License-Identifier: MIT
 *
 * A cell while it becomes load points: its lists as axes, and where on each
 * the current load point stands.
 */
#pragma once

#include "cell.h"

enum {
    AXIS_ITEMS_MAX = 64,
    AXES_MAX = CELL_EXPANDED + PARAMETERS_MAX,
    CONNECTIONS_MAX = 1000000,
    EXPAND_WHY_MAX = 400,
};

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

/* The item of the axis for `key` in the current load point, or NULL; the line
 * it stands on. */
const char *expansion_item(const struct expansion *expansion, int key,
                           int *line);
