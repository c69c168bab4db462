/* SPDX-License-Identifier: MIT
 *
 * The order in which a run takes its trials, decided before the first one.
 *
 * A block is one trial of every model at every load point. Blocks follow each
 * other; inside a block the load points come in random order, and inside a
 * load point the models in an order that is random but balanced over the
 * blocks: the rows of a Williams square (order.h), drawn anew for every cycle.
 * After a whole cycle every model was once (with an odd number of models
 * twice) at each place, and once (twice) right behind each other model, so
 * that neither its place nor what the one before leaves behind favours any. A
 * cycle takes as many blocks as there are models, twice as many when that is
 * odd; the blocks that are left over, or all of fewer blocks, take rows of a
 * square of their own. So a machine that drifts hits all models alike, and a
 * comparison pairs trials that are seconds apart. Same seed, same order.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/experiment/experiment.h"

enum { PLAN_ID_MAX = 256 };

/* What the command line changes in every experiment of a run; 0 or NULL: as
 * the file says. */
struct plan_overrides {
    int blocks;
    int64_t window_ns;
    int64_t warmup_ns;         /* -1: as the file says, since 0 is a warm-up */
    const char *const *models; /* only these, ended by NULL */
};

/* One trial to be done. The indices are into plan.experiments, its
 * load_points, and the load point's models. */
struct plan_trial {
    int experiment, load_point, model;
    int block, order;     /* from 1 */
    char id[PLAN_ID_MAX]; /* EXPERIMENT-bN-LOADPOINT-MODEL */
};

struct plan {
    struct experiment *const *experiments; /* the caller's */
    int experiment_count;
    uint64_t seed;
    struct plan_trial *trials;
    int trial_count;
};

/* Applies the overrides to one experiment; models of a load point that are
 * not among overrides.models are dropped, load points without any model stay
 * (and have no trials). */
void plan_override(struct experiment *experiment,
                   const struct plan_overrides *overrides);

/* Lays out all trials, one experiment after the other. The plan keeps a
 * reference to the experiments until plan_free. Returns 0, -ENOMEM, or
 * -EINVAL when nothing is to be done. */
int plan_make(struct experiment *const *experiments, int count, uint64_t seed,
              struct plan *plan);
void plan_free(struct plan *plan);

/* The load point of one of the plan's trials. */
const struct load_point *plan_point(const struct plan *plan,
                                    const struct plan_trial *trial);

/* How many trials, from this one on, run at once: all models of the load point
 * in this block if its mode has them up together, else one. */
int plan_together(const struct plan *plan, int index);

/* A number for one use of randomness, the same whatever the model: all models
 * of a block get the same arrivals and the same requests. */
uint64_t plan_seed(uint64_t seed, const char *experiment,
                   const char *load_point, int block);

/* The time one trial takes: warm-up, window, and what surrounds them, recovery
 * included; of a search, all its steps. */
int64_t plan_trial_ns(const struct load_point *point);

/* The time that trials [from, trial_count) take. */
int64_t plan_eta_ns(const struct plan *plan, int from);

/* "1 h 5 min", "2 min 10 s", "8 s". Returns text. */
char *plan_duration(int64_t ns, char *text, size_t size);

/* Prints the order and the ETA, one line per trial. */
void plan_print(const struct plan *plan, FILE *file);
