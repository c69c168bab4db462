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
#include <stdio.h>

#include "harness/load/load.h"
#include "harness/machine/placement.h"
#include "harness/server/models.h"
#include "harness/server/settings.h"
#include "harness/server/target.h"
#include "models/runtime/workload.h"

enum {
    EXPERIMENT_MODELS_MAX = 32,
    EXPERIMENT_CELLS_MAX = 256, /* load points, lists expanded */
    EXPERIMENT_BLOCKS_MAX = 1000,
    EXPERIMENT_TARGETS_MAX = 8,
};

/* What the user's service looks like, for the decision record. */
struct profile {
    bool given;
    char name[64];
    int64_t wait_ns, cpu_ns;
    int connections;
    char limit_text[32];     /* "p99<100ms"; "" when there is none */
    double limit_percentile; /* 99 */
    int64_t limit_ns;
    int64_t memory_bytes; /* 0: no limit */
};

/* A second load beside the first, on the same server: the bystander, whose
 * latency shows who suffers. Always an open loop. */
struct beside {
    const struct workload_entry *workload; /* NULL: none */
    struct arguments arguments;
    double rate_per_s;
    int connections;
};

/* A limit on a percentile of the response time. */
struct slo {
    char text[32];     /* "p99<60ms"; "" when there is none */
    double percentile; /* 99 */
    int64_t limit_ns;
};

/* Slice mode: all servers are up side by side, and a closed loop moves from
 * one to the next. */
struct slicing {
    int count; /* slices of each model in a block; 0: another mode */
    int64_t slice_ns, discard_ns;
};

/* One load point: everything of a cell but the model. Sections with lists
 * (connections = 1, 10, 100) are expanded, one load point each. */
struct load_point {
    char id[96];      /* the section's name, and what the lists say: fetch,
                         fetch-c100; unique, fit for a file's name */
    char section[64]; /* the [cell NAME]'s name */
    int line;         /* where the section starts */
    const struct workload_entry *workload;
    struct arguments arguments;
    enum load_mode mode;
    bool search;    /* mode = search: the rate is looked for, and mode is open;
                       warm-up and window are those of one step */
    struct slo slo; /* what a search must keep */
    bool churn;     /* mode = churn: closed, a connection for each request */
    bool soak;      /* mode = soak: open, for minutes, watched for drift */
    bool idle;      /* mode = idle: open, so rare that connections sleep */
    enum load_arrivals arrivals;
    int burst;         /* requests at each Poisson instant, 1 but for burst:K */
    double rate_per_s; /* open loop; else 0 */
    double rate_of_capacity; /* rate = 1.2x: rate_per_s is so many times what
                                is found out before the first block; 0: no */
    int connections;
    int workers; /* as the cell says for all its models; 0: the default */
    int backend_workers; /* calls that it serves at once; 0: no limit */
    enum placement placement;
    int64_t warmup_ns, window_ns, timeout_ns, think_ns;
    int64_t recovery_ns; /* open loop: how long a server is given to answer as
                            quickly as before, after the window; 0: not asked */
    const char *models[EXPERIMENT_MODELS_MAX]; /* ended by NULL */
    int model_workers[EXPERIMENT_MODELS_MAX];  /* of models[i]: what to pass
                         as --workers (`workers.MODEL = N` or `workers`);
                         0: the model's default, pass nothing */
    /* Flags of models[i] itself, "stack=128KiB&spread=0" (settings.h); ""
     * leaves all at the model's defaults. */
    char model_settings[EXPERIMENT_MODELS_MAX][SETTINGS_TEXT_MAX];
    struct beside beside;
    struct slicing slicing;
};

/* The load point's mode, as files and results name it. */
const char *load_point_mode(const struct load_point *point);

struct experiment {
    char name[64]; /* the file's name without .ini */
    char path[512];
    char title[160];
    char question[512];
    int blocks;
    uint64_t seed;     /* 0: drawn for the run and recorded */
    char baseline[64]; /* "" when none is named */
    char base[96]; /* a load point's id, or "": the others are divided by it */
    char headline[64]; /* a metric, or "" for the load point's own */
    char store_addresses[STORES][64]; /* of those that exist; "": none */
    double margin;                    /* the difference that matters, 0.05 */
    double latency_margin;            /* the same of latencies, 0.1 */
    bool noise_floor;                 /* a copy of the baseline takes part */
    bool calibrate_warmup; /* warmup is the least, what servers need is found */
    char copy[64];         /* its name, or "" */
    struct profile profile;
    int target_count;
    struct target targets[EXPERIMENT_TARGETS_MAX];
    /* What its load points' names mean: the models that exist, then the
     * targets of this file; ended by a NULL name. */
    struct model_info models[MODELS_MAX + 1];
    int load_point_count;
    struct load_point load_points[EXPERIMENT_CELLS_MAX];
    char left_out[512]; /* sentences, one a line: models that the file names
                           but that cannot take part, and why; or "" */
};

/* Reads and checks a file. `models` is what exists (models_all()), ended by a
 * NULL name; it must outlive the experiment. A model that is known but cannot
 * run here (not built) is left out, with the reason in left_out. Returns 0,
 * -EINVAL with "FILE:LINE: what is wrong; did you mean NAME?" in `why`, or
 * -ENOENT, -EACCES, -ENOMEM with a sentence.
 * The experiment is large: it is allocated; experiment_free releases it. */
int experiment_read(const char *path, const struct model_info *models,
                    struct experiment **experiment, char *why, size_t why_size);

/* Reads a copy of a file that lay in the folder `home`, where its
 * targets find their templates. */
int experiment_read_copy(const char *path, const char *home,
                         const struct model_info *models,
                         struct experiment **experiment, char *why,
                         size_t why_size);
void experiment_free(struct experiment *experiment);

/* Where the experiment of that name is: NAME.ini among the shipped ones, or
 * the path itself when it contains a slash or ends in .ini. Returns 0, or
 * -ENOENT with the nearest name in `why`. */
int experiment_find(const char *name, char *path, size_t path_size, char *why,
                    size_t why_size);

bool experiment_is_shipped(const char *name);

/* The names of the shipped experiments, sorted, ended by NULL. Read once;
 * never freed. */
const char *const *experiment_names(void);

/* Writes the grammar, one Markdown table row per key, from the tables that
 * the checks use. */
void experiment_describe_keys(FILE *file);
