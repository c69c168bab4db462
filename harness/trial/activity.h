/* SPDX-License-Identifier: MIT
 *
 * What the server does for its requests (context switches, system calls,
 * started threads and processes), counted in a part of the warm-up.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "harness/machine/meter/tally.h"

struct live_trial;
struct trial;

struct trial_activity {
    int first_step, steps;       /* of the load's series; 0 steps: nothing was
                                    counted, `why` says the reason */
    int64_t span_ns;             /* between the two readings */
    int64_t counts[TALLY_KINDS]; /* in that span; -1: unknown */
    char why[160];
};

/* Counts from now on for whole steps of the load's series, as many as fit
 * before the window opens at start_ns. Returns 0, or -1 if the trial is to be
 * abandoned. */
int trial_activity_take(struct live_trial *live, int64_t start_ns);

/* The object "activity" of a trial. */
json_t *trial_activity_json(const struct trial *trial);
