/* SPDX-License-Identifier: MIT
 *
 * The order of a run's trials, decided before the first one; that of blocks
 * which are added later follows from the seed as well. A machine that drifts
 * must hit all models alike, and compared trials should lie only seconds apart.
 *
 * A block is one trial of every model at every load point, and blocks follow
 * each other. In a block the load points come in random order. At a load point
 * the models come in an order that is random but balanced over the blocks: the
 * rows of a Williams square (order.h), drawn anew for every cycle of blocks. In
 * a whole cycle every model has stood at each place once, and right behind each
 * other model once (twice each, if the number of models is odd), so that
 * neither its place nor its predecessor favours a model. A cycle has as many
 * blocks as there are models, or twice as many if their number is odd. The
 * blocks left over after the last whole cycle take rows of a square of their
 * own.
 *
 * The same seed gives the same order.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/experiment/experiment.h"

enum { PLAN_ID_MAX = 256, PLAN_NAME_MAX = 320 };

/* Changes by the command line to every experiment of a run; 0 or NULL: as in
 * the file. */
struct overrides {
    int blocks;
    int64_t window_ns;
    int64_t warmup_ns;         /* -1: as in the file, since 0 is a warm-up */
    double until;              /* 0.03: blocks are added until the intervals
                                  are this narrow (until.h); 0: none is */
    int blocks_max;            /* with until */
    const char *const *models; /* no others; ended by NULL */
};

/* One trial of the plan. The indices are into plan.experiments, into the
 * experiment's load_points and into the load point's models. */
struct planned_trial {
    int experiment, load_point, model;
    int block, order;     /* from 1 */
    char id[PLAN_ID_MAX]; /* EXPERIMENT-bN-LOADPOINT-MODEL */
};

struct plan {
    struct experiment *const *experiments; /* owned by the caller */
    int experiment_count;
    uint64_t seed;
    struct planned_trial *trials;
    int trial_count;
};

/* Applies the overrides to one experiment. Models that are not among
 * overrides.models are removed; a load point without models stays and has no
 * trials. */
void plan_override(struct experiment *experiment,
                   const struct overrides *overrides);

/* Lays out all trials, one experiment after the other. The experiments must
 * live until plan_free. Returns 0, -ENOMEM, or -EINVAL: there is no trial. */
int plan_make(struct experiment *const *experiments, int count, uint64_t seed,
              struct plan *plan);
void plan_free(struct plan *plan);

/* Lays out one block more of an experiment, at the plan's end. Pointers to
 * trials of the plan are no longer valid. Returns 0 or -ENOMEM. */
int plan_extend(struct plan *plan, int experiment);

/* The time that one block of an experiment takes, and in *trials how many
 * trials it has. */
int64_t plan_block_ns(const struct plan *plan, int experiment, int *trials);

/* The load point of one of the plan's trials. */
const struct load_point *plan_point(const struct plan *plan,
                                    const struct planned_trial *trial);

/* How many trials, from this one on, are carried out together: in slice mode
 * and in a search those of all models of the load point in this block, else
 * one. */
int plan_together(const struct plan *plan, int index);

/* The seed for the random numbers of a load point in a block. It does not
 * depend on the model, so all models get the same arrivals and requests. */
uint64_t plan_seed(uint64_t seed, const char *experiment,
                   const char *load_point, int block);

/* The time that one trial takes, from the start of its server to recovery and
 * stop; of a search, with all its steps. */
int64_t plan_trial_ns(const struct load_point *point);

/* The time that trials [from, trial_count) take. */
int64_t plan_eta_ns(const struct plan *plan, int from);

/* "3/24 block 1 event-loop wait-1": the trial as progress lines name it.
 * Returns text. */
char *plan_name(const struct plan *plan, const struct planned_trial *trial,
                char *text, size_t size);

/* "1 h 5 min", "2 min 10 s", "8 s". Returns text. */
char *plan_duration(int64_t ns, char *text, size_t size);

/* Prints the plan, one line per trial, and the time that it takes, followed by
 * `more`. */
void plan_print(const struct plan *plan, const char *more, FILE *file);
