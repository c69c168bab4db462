/* SPDX-License-Identifier: MIT
 *
 * A [cell NAME] section: from texts to load points. A cell starts as a copy of
 * the defaults in [experiment], and its own entries replace them. Then it is
 * expanded: every key with a list of values multiplies the load points. Only a
 * finished load point is checked as a whole.
 */
#pragma once

#include <stddef.h>

#include "reader.h"

enum { CELL_WORKERS_MAX = 32768 }; /* more threads than most kernels allow */

/* The fixed keys of a cell, in the order of the table in cell.c. The keys
 * before CELL_EXPANDED can hold lists that are expanded. */
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
    CELL_CPU_QUOTA,
    CELL_WARMUP,
    CELL_WINDOW,
    CELL_TIMEOUT,
    CELL_THINK,
    CELL_ACTIVE,
    CELL_RECOVERY,
    CELL_SEQUENCE,
    CELL_BESIDE_WORKLOAD,
    CELL_BESIDE_RATE,
    CELL_BESIDE_CONNECTIONS,
    CELL_SLICES,
    CELL_SLICE,
    CELL_DISCARD,
    CELL_KEYS,
};

extern const struct key cell_keys[CELL_KEYS + 1];

/* A value and its line. NULL: the key was not given. */
struct cell_text {
    const char *text;
    int line;
};

struct cell {
    const char *name;
    int line;
    struct cell_text fixed[CELL_KEYS];
    struct cell_text workers_of[MODELS_MAX]; /* by index into the models */
    /* Entries for parameters of the workload and of the workload beside it,
     * which are read when these are known. Indices into the entries of the
     * file, defaults first. */
    int loose[64];
    int loose_count;
    /* Entries for flags of models (`stack`, `stack.MODEL`); indices, too. */
    int settings[32];
    int setting_count;
};

/* Puts an entry into the cell: a fixed key, workers.MODEL, a parameter of any
 * workload, beside.PARAMETER, or a flag of a model. Any other key is an error,
 * and so is a key given twice in a section. Returns 0 or -EINVAL. */
int cell_take(const struct reader *reader, struct cell *cell, int entry);
