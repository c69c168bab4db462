/* SPDX-License-Identifier: MIT
 *
 * How a load point is loaded, as one table: the modes, their defaults, and
 * which keys of a cell have a meaning in which of them. Refusals, the page of
 * keys (experiment_describe_keys) and the expansion of a cell are made from it.
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
    const char *name;   /* as files and results have it */
    const char *words;  /* for the page */
    const char *window; /* by default */
    int connections;    /* by default; 0: what the rate needs */
    enum load_mode loop;
};

extern const struct mode_row modes[MODES];

/* Their names, ended by NULL. */
const char *const *modes_names(void);

/* The mode that a load point has. */
enum mode modes_of(const struct load_point *point);

/* Makes `mode` that of the load point; its slicing aside. */
void modes_set(struct load_point *point, enum mode mode);

/* Whether the key has a meaning in the mode. */
bool modes_have(enum mode mode, enum cell_key key);

/* Refuses keys of the cell itself that have no meaning in its mode; as a
 * default of all cells they have no effect. Returns 0 or -EINVAL. */
int modes_refuse(const struct reader *reader, const struct cell *cell,
                 enum mode mode);

/* For the page: what the key takes, and its help with the mode that it belongs
 * to. Both return text. */
char *modes_value(enum cell_key key, char *text, size_t size);
char *modes_help(enum cell_key key, char *text, size_t size);
