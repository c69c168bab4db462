/* SPDX-License-Identifier: MIT
 *
 * The modes of load as one table: their defaults, and which of a cell's keys
 * have a meaning in which mode. Refusals, the description of the keys
 * (experiment_describe_keys) and the expansion of a cell all read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cell.h"

enum mode {
    MODE_CLOSED,
    MODE_OPEN,
    MODE_SEARCH,
    MODE_CHURN,
    MODE_IDLE,
    MODE_SLICE,
    MODE_SOAK,
    MODES,
};

struct mode_row {
    const char *name;   /* in experiments and results */
    const char *words;  /* in the description of the keys */
    const char *window; /* by default */
    int connections;    /* by default; 0: as many as the rate needs */
    enum load_mode loop;
    bool together; /* all servers of a block are up and measured together */
};

extern const struct mode_row modes[MODES];

/* The names of all modes, ended by NULL. */
const char *const *modes_names(void);

enum mode modes_of(const struct load_point *point);

/* Sets the load point's mode and drops the slices of another mode. */
void modes_set(struct load_point *point, enum mode mode);

/* Whether the key has a meaning in the mode. */
bool modes_have(enum mode mode, enum cell_key key);

/* Refuses keys of the cell that have no meaning in its mode. Keys that the cell
 * has from [experiment] have no effect there. Returns 0 or -EINVAL. */
int modes_refuse(const struct reader *reader, const struct cell *cell,
                 enum mode mode);

/* For the description of the keys: the values of the key, and its help with its
 * mode. Both return text. */
char *modes_value(enum cell_key key, char *text, size_t size);
char *modes_help(enum cell_key key, char *text, size_t size);
