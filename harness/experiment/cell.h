/* SPDX-License-Identifier: MIT
 *
 * A [cell NAME] section: from texts to load points. A cell starts as a copy of
 * the defaults that [experiment] gives, takes its own entries over them, and
 * is then expanded: every key with a list of values multiplies the load
 * points. Only a finished load point is judged as a whole.
 */
#pragma once

#include <stddef.h>

#include "reader.h"

enum { CELL_WORKERS_MAX = 32768 }; /* more threads than most kernels allow */

/* The fixed keys of a cell, in the order of the table in cell.c. The keys up
 * to CELL_EXPANDED may hold lists that expand. */
enum cell_key {
    CELL_CONNECTIONS,
    CELL_RATE,
    CELL_WORKERS,
    CELL_BACKEND_WORKERS,
    CELL_EXPANDED,
    CELL_WORKLOAD = CELL_EXPANDED,
    CELL_MODE,
    CELL_SLO,
    CELL_ARRIVALS,
    CELL_MODELS,
    CELL_PLACEMENT,
    CELL_WARMUP,
    CELL_WINDOW,
    CELL_TIMEOUT,
    CELL_THINK,
    CELL_ACTIVE,
    CELL_RECOVERY,
    CELL_BESIDE_WORKLOAD,
    CELL_BESIDE_RATE,
    CELL_BESIDE_CONNECTIONS,
    CELL_SLICES,
    CELL_SLICE,
    CELL_DISCARD,
    CELL_KEYS,
};

extern const struct key cell_keys[CELL_KEYS + 1];

/* A value and where it was given; NULL: it was not. */
struct cell_text {
    const char *text;
    int line;
};

struct cell {
    const char *name;
    int line;
    struct cell_text fixed[CELL_KEYS];
    struct cell_text workers_of[MODELS_MAX]; /* by index into the models */
    /* Entries that only a workload can judge: parameters of it and of the one
     * beside it. Indices into the file's entries, defaults first. */
    int loose[64];
    int loose_count;
    /* Flags of models (`stack`, `stack.MODEL`): such indices as well. */
    int settings[32];
    int setting_count;
};

/* Whether `key` can stand in a cell, its workload aside: a fixed key, or
 * workers.MODEL, or a parameter of any workload, or beside.PARAMETER, or a flag
 * of a model's own. Puts the entry into the cell; a value given before in the
 * same section is an error. Returns 0 or -EINVAL. */
int cell_take(const struct reader *reader, struct cell *cell, int entry);
