/* SPDX-License-Identifier: MIT
 *
 * A step of a search against a server that already runs. Its model and its
 * start are unknown, so the gates judge the load alone.
 */
#pragma once

#include "harness/experiment/experiment.h"
#include "harness/load/load.h"
#include "search.h"

struct search_load {
    /* The cell: slo, connections, arrivals, warm-up, window and timeout.
     * search_load_run fills in its workload. */
    struct load_point point;
    struct load_spec plan; /* address, requests, CPUs, stop */
    uint64_t seed;
};

/* Carries out a step at that rate (0: the closed loop); `number` is that of
 * search_trial_run. Returns 0, or a negative errno with a sentence in `why` if
 * the load could not be made. */
int search_load_run(struct search_load *target, double rate_per_s, int number,
                    struct search_step *step, char *why, size_t why_size);
