/* SPDX-License-Identifier: MIT
 *
 * Two values that an experiment may leave open and the run then measures before
 * its first block. Each is measured once, written to run.json, and read from
 * there again if the run is resumed.
 *
 * Rates as multiples of a capacity (`rate = 1.2x`). The capacity is the highest
 * rate that any of the cell's models reaches in a closed loop over all its
 * connections. All models get the same rate and hence the same arrivals; above
 * 1x no model can keep up.
 *
 * Warm-ups (`calibrate_warmup = yes`). Each model's server is started and
 * watched under load in steps, until CPU time per request, page faults and
 * tasks stay alike for four steps. The slowest model decides for all models;
 * the warm-up in the file is the minimum.
 */
#pragma once

#include "attempt.h"

/* Sets rate_per_s of the load points whose rate is a multiple, and then
 * warmup_ns of those that ask for a calibrated warm-up. Returns 0, or -EINTR if
 * the run was stopped. */
int calibration_do(struct run *run);

/* One server under load, in steps of equal length. */
enum { WARMUP_STEPS = 8, WARMUP_SAME = 4 };

struct warmup_steps {
    double requests[WARMUP_STEPS], cpu_ns[WARMUP_STEPS], faults[WARMUP_STEPS],
        tasks[WARMUP_STEPS];
};

/* The first of WARMUP_SAME steps that are alike: within 10 % of their mean, or
 * within what chance and the counters' grain explain. WARMUP_STEPS: none. */
int calibration_settled(const struct warmup_steps *steps);
