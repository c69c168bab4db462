/* SPDX-License-Identifier: MIT
 *
 * How long the warm-up must be, where an experiment asks to find out
 * (`calibrate_warmup = yes`): once per workload, before the first block, each
 * model's server is started and watched under the load in steps, until CPU per
 * request, page faults and tasks stay the same for four of them. The slowest
 * model decides for all, the file's warmup is the least, and the outcome is
 * frozen for the run.
 */
#pragma once

#include "attempt.h"

/* Sets warmup_ns of all load points concerned, and says so in run.json, from
 * which a resumed run takes it again. Returns 0, or -EINTR when stopped. */
int warmup_calibrate(struct run *run);

/* One server under load, in steps of equal length. */
enum { WARMUP_STEPS = 8, WARMUP_SAME = 4 };

struct warmup_steps {
    double requests[WARMUP_STEPS], cpu_ns[WARMUP_STEPS], faults[WARMUP_STEPS],
        tasks[WARMUP_STEPS];
};

/* The first step from which WARMUP_SAME are alike: within 10 % of their mean,
 * or what chance and the counters' grain explain. WARMUP_STEPS: none. */
int warmup_settled(const struct warmup_steps *steps);
