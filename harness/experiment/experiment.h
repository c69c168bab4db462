/* SPDX-License-Identifier: MIT
 *
 * An experiment file: one question as an .ini, read and checked as a whole
 * before anything runs. Its grammar is in docs/experiments.md and comes from
 * the tables that the checks use. Every error gives file, line and the nearest
 * valid name.
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
    EXPERIMENT_CELLS_MAX = 256, /* load points, after lists are expanded */
    EXPERIMENT_BLOCKS_MAX = 1000,
    EXPERIMENT_TARGETS_MAX = 24,
};

/* The user's service, for the decision record. */
struct profile {
    bool given;
    char name[64];
    int64_t wait_ns, cpu_ns;
    int connections;
    char limit_text[32];     /* "p99<100ms"; "" without a limit */
    double limit_percentile; /* 99 */
    int64_t limit_ns;
    int64_t memory_bytes; /* 0: no limit */
};

/* A second load beside the first, on the same server: its latency shows who
 * suffers. Always an open loop. */
struct beside {
    const struct workload_entry *workload; /* NULL: none */
    struct arguments arguments;
    double rate_per_s;
    int connections;
};

/* A limit on a percentile of the response time. */
struct slo {
    char text[32];     /* "p99<60ms"; "" without a limit */
    double percentile; /* 99 */
    int64_t limit_ns;
};

/* Slice mode: all servers are up side by side, and a closed loop moves from one
 * to the next. */
struct slicing {
    int count; /* slices of each model in a block; 0: another mode */
    int64_t slice_ns, discard_ns;
};

/* One load point: everything of a cell but the model. A section with lists
 * (connections = 1, 10, 100) becomes one load point for each value. */
struct load_point {
    char id[96];       /* the section's name and the values of its lists: fetch,
                          fetch-c100; unique, and fit for a file's name */
    char section[64];  /* the name in [cell NAME] */
    char sequence[48]; /* from which requests and arrivals are drawn; "": the
                          id */
    int line;          /* on which the section starts */
    const struct workload_entry *workload;
    struct arguments arguments;
    enum load_mode mode;
    bool search; /* mode = search: the harness looks for the rate; mode is open,
                    warm-up and window are those of one step */
    struct slo slo; /* for a search to keep, or to count goodput by */
    bool churn; /* mode = churn: closed, with a connection for each request */
    bool soak;  /* mode = soak: open, for minutes, watched for drift */
    bool idle;  /* mode = idle: open, so rare that connections sleep */
    enum load_arrivals arrivals;
    int burst;         /* requests at each Poisson instant; 1 without burst:K */
    double rate_per_s; /* of an open loop; else 0 */
    /* rate = 1.2x: rate_per_s is 1.2 times a capacity that is measured before
     * the first block; 0: another rate. */
    double rate_of_capacity;
    int connections;
    int workers; /* what the cell says for all its models; 0: their defaults */
    int backend_workers; /* calls the backend serves at once; 0: no limit */
    enum placement placement;
    double cpu_quota; /* CPUs that the server may use (1.5); 0: no limit */
    int64_t warmup_ns, window_ns, timeout_ns, think_ns;
    /* Open loop: how long, after the window, the server may take to answer as
     * quickly as before; 0: not measured. */
    int64_t recovery_ns;
    const char *models[EXPERIMENT_MODELS_MAX]; /* names; NULL ends them */
    /* The --workers of models[i] (`workers.MODEL = N` or `workers`); 0: the
     * flag is not passed. */
    int model_workers[EXPERIMENT_MODELS_MAX];
    /* The own flags of models[i], "stack=128KiB&spread=0" (settings.h); "": all
     * at their defaults. */
    char model_settings[EXPERIMENT_MODELS_MAX][SETTINGS_TEXT_MAX];
    struct beside beside;
    struct slicing slicing;
};

/* The name of the load point's mode in files and results. */
const char *load_point_mode(const struct load_point *point);

struct experiment {
    char name[64]; /* the file's name without .ini */
    char path[512];
    char title[160];
    char question[512];
    int blocks;
    uint64_t seed;     /* 0: a random one is drawn for the run and recorded */
    char baseline[64]; /* "" without a baseline */
    char base[96]; /* a load point's id; figures of the others are divided by
                      its figures; "": none */
    char headline[64]; /* a metric; "": chosen for each load point */
    char store_addresses[STORES][64]; /* of stores that run already; "": a
                                         private one is started */
    double margin;         /* the smallest difference that matters, 0.05 */
    double latency_margin; /* that of latencies, 0.1 */
    bool noise_floor;      /* a copy of the baseline takes part */
    bool calibrate_warmup; /* warmup is a minimum; the time that servers need is
                              measured */
    char copy[64];         /* the name of that copy, or "" */
    struct profile profile;
    int target_count;
    struct target targets[EXPERIMENT_TARGETS_MAX];
    /* The models that the load points name: those that exist, then the targets
     * of this file; a NULL name ends them. */
    struct model_info models[MODELS_MAX + 1];
    int load_point_count;
    struct load_point load_points[EXPERIMENT_CELLS_MAX];
    char left_out[512]; /* sentences, one a line, about models that the file
                           names but that cannot take part; or "" */
};

/* Reads and checks a file. `models` are the models that exist (models_all()),
 * ended by a NULL name; they must outlive the experiment. A model that exists
 * but cannot run here (not built) is left out, with the reason in left_out.
 * Returns 0, -EINVAL with "FILE:LINE: what is wrong; did you mean NAME?" in
 * `why`, or -ENOENT, -EACCES, -ENOMEM with a sentence. The experiment is large,
 * so it is allocated; experiment_free releases it. */
int experiment_read(const char *path, const struct model_info *models,
                    struct experiment **experiment, char *why, size_t why_size);

/* Reads a copy of a file from the folder `home`, where its targets find their
 * templates. */
int experiment_read_copy(const char *path, const char *home,
                         const struct model_info *models,
                         struct experiment **experiment, char *why,
                         size_t why_size);
void experiment_free(struct experiment *experiment);

/* Finds the file of an experiment: NAME.ini among the shipped ones, or the path
 * itself if it contains a slash or ends in .ini. Returns 0, or -ENOENT with the
 * nearest name in `why`. */
int experiment_find(const char *name, char *path, size_t path_size, char *why,
                    size_t why_size);

bool experiment_is_shipped(const char *name);

/* The names of the shipped experiments, sorted, ended by NULL. They are read
 * once and never freed. */
const char *const *experiment_names(void);

/* Writes the grammar, one Markdown table row for each key, from the tables that
 * the checks use. */
void experiment_describe_keys(FILE *file);
