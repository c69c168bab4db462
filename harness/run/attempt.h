/* SPDX-License-Identifier: MIT
 *
 * Attempts at a planned trial, until one is valid or none is left. Each is
 * run, judged, stored and reported; all of them are kept.
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
    struct run_options options;
    const struct model_info *models;
    struct experiment **experiments;
    int experiment_count;
    struct results results;
    struct plan plan;
    json_t *json;   /* run.json */
    json_t *trials; /* the finished ones */
    struct backend_server backend;
    struct store_server stores[STORES];
    struct metronome *metronome;
    int done;          /* trials that this program has carried out */
    int64_t extra_ns;  /* what these took beyond the plan's estimate */
    int64_t busy_ns;   /* time lost to other users of the machine */
    bool busy;         /* other users spoiled the last attempt */
    bool again;        /* the attempt under way is the trial's last in any
                          case */
    struct live *live; /* on a terminal; NULL: lines on stderr */
    const volatile sig_atomic_t *stop;
    char why[4096]; /* the run was refused: the reason */
};

/* Carries out `count` trials that belong together (plan_together), the first of
 * which is given. If an attempt at one of them may come out differently, all
 * are repeated. Returns 0 or a negative errno: -EINTR stopped, -EBUSY given up
 * because the machine stayed busy, others: not stored. */
int attempt_do(struct run *run, const struct planned_trial *planned, int count);

/* One more attempt, after all other trials, at trials that were left invalid.
 * Their files are kept as earlier attempts. */
int attempt_again(struct run *run, const struct planned_trial *planned,
                  int count);

/* The finished trial that was planned as this one, or NULL; borrowed. */
const json_t *attempt_finished(const struct run *run,
                               const struct planned_trial *planned);

/* Whether other processes disturbed an attempt, by its stored JSON. */
bool attempt_was_busy(const json_t *trial);

/* The spec of any trial of a load point's model, also of one that calibrates:
 * the one place where the run's servers and stores and the model's settings
 * enter a spec. */
struct trial_spec attempt_spec(struct run *run,
                               const struct experiment *experiment,
                               const struct load_point *point, int model);

/* The spec of an attempt at a planned trial; `entrant` must live as long as the
 * spec. */
void attempt_planned_spec(struct run *run, const struct planned_trial *planned,
                          int attempt, struct model_info *entrant,
                          struct trial_spec *spec);

/* Stores one attempt. The last (or only) attempt becomes the trial itself.
 * `load` has the histogram; NULL: none is stored. Returns 0 or a negative
 * errno. */
int attempt_store(struct run *run, const struct planned_trial *planned,
                  const json_t *json, const struct load_result *load,
                  bool last);
