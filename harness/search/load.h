/* SPDX-License-Identifier: MIT
 *
 * A step of a search against a server that already runs: whose it is and how
 * it was started is not known, so the gates judge the load alone.
 */
#pragma once

#include "harness/experiment/experiment.h"
#include "harness/load/load.h"
#include "search.h"

struct search_load {
    /* The cell: slo, connections, arrivals, warm-up, window and timeout. Its
     * workload is filled in. */
    struct load_point point;
    struct load_spec plan; /* address, requests, CPUs, stop */
    uint64_t seed;
};

/* Carries out a step at that rate (0: the closed loop) with the step's number
 * as in search_trial_run. Returns 0, or a negative errno with a sentence in
 * `why` when no load could be made. */
int search_load_run(struct search_load *target, double rate_per_s, int number,
                    struct search_step *step, char *why, size_t why_size);
