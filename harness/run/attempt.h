/* SPDX-License-Identifier: MIT
 *
 * A planned trial until it is valid or no attempt is left: run, judged,
 * stored, told. Every attempt is kept.
 */
#pragma once

#include <jansson.h>
#include <signal.h>

#include "harness/machine/metronome.h"
#include "harness/results/results.h"
#include "harness/server/backend_server.h"
#include "harness/server/store_server.h"
#include "harness/trial/trial.h"
#include "plan.h"
#include "run.h"

/* A run under way. */
struct run {
    const struct run_options *options;
    const struct model_info *models;
    struct results results;
    struct plan plan;
    json_t *json;   /* run.json */
    json_t *trials; /* finished ones */
    struct backend_server backend;
    struct store_server stores[STORES];
    struct metronome *metronome;
    int64_t extra_ns; /* that the trials done here took beyond their plan */
    int done;         /* so many */
    int64_t busy_ns;  /* lost to other users of the machine */
    bool busy;        /* they spoiled the last attempt */
    bool again;       /* the attempt under way is a trial's last, whatever
                         comes of it */
    const volatile sig_atomic_t *stop;
};

/* Does `count` trials that belong together (plan_together), the first of which
 * is given, and repeats them all where one can come out differently. Returns 0
 * or a negative errno: -EINTR stopped, others not stored. */
int attempt_do(struct run *run, const struct planned_trial *planned, int count);

/* Once more, after all others, for trials that were left invalid: what they
 * came to stays beside the new attempt as another one that failed. */
int attempt_again(struct run *run, const struct planned_trial *planned,
                  int count);

/* What any trial of a load point's model is made from, that of a capacity or of
 * a warm-up included: the one place where a run's servers, stores and the
 * model's settings find their way into a trial. */
struct trial_spec attempt_spec(struct run *run,
                               const struct experiment *experiment,
                               const struct load_point *point, int model);

/* What an attempt at a planned trial is made from; `entrant` must outlive the
 * plan. */
void attempt_planned_spec(struct run *run, const struct planned_trial *planned,
                          int attempt, struct model_info *entrant,
                          struct trial_spec *spec);

/* Stores one attempt; the last (or only) one is the trial itself. `load`, if
 * not NULL, has the histogram. Returns 0 or a negative errno. */
int attempt_store(struct run *run, const struct planned_trial *planned,
                  const json_t *json, const struct load_result *load,
                  bool last);
