/* SPDX-License-Identifier: MIT
 *
 * What the server does for a request, counted in a part of the warm-up, and
 * how long its threads wait for a CPU in the window.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "harness/machine/meter/tally.h"

struct live_trial;
struct trial;

struct trial_activity {
    int first_step, steps;       /* of the load's series; 0 steps: nothing
                                    was counted, `why` */
    int64_t span_ns;             /* between the two looks */
    int64_t counts[TALLY_KINDS]; /* in that time; -1: unknown */
    char why[160];
};

/* Counts from now for whole steps of the load's series, if they fit before the
 * window that opens at start_ns. Returns 0, or -1 when abandoned. */
int trial_activity_take(struct live_trial *live, int64_t start_ns);

/* The time that the server's threads waited for a CPU in the window, together;
 * -1: unknown. */
int64_t trial_run_wait_ns(const struct trial *trial);

/* The context switches of the server's live threads in the window, of either
 * kind; -1: unknown. */
int64_t trial_switches(const struct trial *trial);

/* "activity" and "run_queue" of a trial. */
json_t *trial_activity_json(const struct trial *trial);
json_t *trial_run_queue_json(const struct trial *trial);
