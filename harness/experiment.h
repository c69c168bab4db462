/* SPDX-License-Identifier: MIT
 *
 * An experiment file: one question as an .ini, parsed and checked whole
 * before anything runs. The grammar is documented in docs/experiments.md and
 * comes from the same tables as the checks. Every error carries file, line
 * and the nearest valid name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load.h"
#include "models/runtime/workload.h"

enum placement {
    PLACEMENT_SPLIT,  /* server on half of the CPUs, generator and backend on
                         the others */
    PLACEMENT_SHARED, /* everybody on every CPU */
};

enum {
    EXPERIMENT_MODELS_MAX = 32,
    EXPERIMENT_CELLS_MAX = 256,
};

/* What the user's service looks like, for the decision record. */
struct profile {
    bool given;
    char name[64];
    int64_t wait_ns, cpu_ns;
    int connections;
    char limit_text[32];     /* "p99<100ms" */
    double limit_percentile; /* 99 */
    int64_t limit_ns;
    int64_t memory_bytes; /* 0: no limit */
};

/* A second load beside the first, on the same server: who suffers? */
struct beside {
    const struct workload_entry *workload; /* NULL: none */
    struct arguments arguments;
    double rate_per_s;
    int connections;
};

/* One load point: everything of a cell but the model. Sections with lists
 * (connections = 1, 10, 100) are expanded, one load point each. */
struct load_point {
    char section[64]; /* the [cell NAME]'s name */
    const struct workload_entry *workload;
    struct arguments arguments;
    enum load_mode mode;
    enum load_arrivals arrivals;
    double rate_per_s;
    int connections;
    int workers; /* 0: the model's default */
    enum placement placement;
    int64_t warmup_ns, window_ns, timeout_ns, think_ns;
    const char *models[EXPERIMENT_MODELS_MAX]; /* ended by NULL */
    struct beside beside;
};

struct experiment {
    char name[64]; /* the file's name without .ini */
    char path[512];
    char title[160];
    char question[512];
    int blocks;
    uint64_t seed; /* 0: drawn for the run and recorded */
    char baseline[64];
    double margin; /* the difference that matters, 0.05 */
    struct profile profile;
    int load_point_count;
    struct load_point load_points[EXPERIMENT_CELLS_MAX];
};

/* Reads and checks a file. `models` is what exists (ended by NULL). Returns 0,
 * or -EINVAL with "FILE:LINE: what is wrong; did you mean NAME?" in `why`.
 * The experiment is large: allocate it; experiment_free releases it. */
int experiment_read(const char *path, const char *const *models,
                    struct experiment **experiment, char *why, size_t why_size);
void experiment_free(struct experiment *experiment);
