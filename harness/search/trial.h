/* SPDX-License-Identifier: MIT
 *
 * One step of a search as one trial: a fresh server, an open loop at the rate
 * of the step (or the closed loop that gives the ceiling), all gates. So an
 * overloaded step leaves nothing behind, and a step is as reliable as any
 * figure. The gates decide whether the step is valid; the limit decides whether
 * it passed.
 */
#pragma once

#include "harness/gate/gate.h"
#include "harness/trial/trial.h"
#include "search.h"

struct search_trial {
    struct load_point point; /* with the step's rate and window */
    struct trial_spec plan;
    struct trial trial;
    struct gate gates[GATES_MAX];
    int gate_count;
};

/* Makes the load point of a step: closed at rate 0, else open. Its window is
 * that of the cell, or longer if the percentile of the limit needs more
 * requests. */
void search_trial_point(const struct load_point *cell, double rate_per_s,
                        struct load_point *point);

/* Runs the trial, which differs from *cell in rate, window and seed. The seed
 * depends on the `number` of the step but not on the model. Returns 0, or
 * -EINTR when it was stopped. search_trial_free releases the result. */
int search_trial_run(const struct trial_spec *cell, double rate_per_s,
                     int number, struct search_trial *step);
void search_trial_free(struct search_trial *step);

/* Judges a step from its facts. A pure function. */
void search_trial_judge(const struct trial_spec *plan,
                        const struct trial *trial, const struct gate *gates,
                        int gate_count, struct search_step *step);

/* Whether connections and waits, and not the server, limit the load of this
 * point, given that it reached this rate. */
bool search_trial_bound(const struct load_point *cell, double ceiling_per_s);
