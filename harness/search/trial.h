/* SPDX-License-Identifier: MIT
 *
 * One step of a search as one trial: a fresh server, an open loop at the
 * step's rate (or the closed loop that gives the ceiling), all gates. So an
 * overloaded step leaves nothing behind, and a step is trusted as much as any
 * figure. The gates say whether the step is valid; the limit decides whether
 * it passed.
 */
#pragma once

#include "harness/gate/gate.h"
#include "harness/trial/trial.h"
#include "search.h"

struct search_trial {
    struct load_point point; /* the step's own: rate and window */
    struct trial_spec plan;
    struct trial trial;
    struct gate gates[GATES_MAX];
    int gate_count;
};

/* The load point of a step: closed at rate 0, else open. Its window is the
 * cell's, or longer where the limit's percentile needs more requests. */
void search_trial_point(const struct load_point *cell, double rate_per_s,
                        struct load_point *point);

/* The trial itself, like *cell in all but rate, window and seed; `number` of
 * the step gives the seed, the same for every model. Always 0, or -EINTR when
 * it was stopped. search_trial_free releases what it holds. */
int search_trial_run(const struct trial_spec *cell, double rate_per_s,
                     int number, struct search_trial *step);
void search_trial_free(struct search_trial *step);

/* From facts to a verdict: pure. */
void search_trial_judge(const struct trial_spec *plan,
                        const struct trial *trial, const struct gate *gates,
                        int gate_count, struct search_step *step);

/* Whether the load of this point is limited by its connections and waits and
 * not by the server, if it reached that many answers per second. */
bool search_trial_bound(const struct load_point *cell, double ceiling_per_s);
