/* SPDX-License-Identifier: MIT
 *
 * The very requests that the generator will send to an open loop of the
 * workload `service`: when each is due, and how much its wait and its work are
 * of the mean. They follow from the trial's seed and are known before the load
 * begins.
 *
 * Two seconds near full load hold a few busy moments, whose number decides the
 * p99. A forecast of other requests, as many as you like, would be compared
 * with that accident. A forecast of these requests is compared with the model
 * alone.
 */
#pragma once

#include <stdint.h>

#include "harness/predict/forecast.h"

struct replay_load {
    uint64_t seed; /* of the trial */
    double rate_per_s;
    int64_t warmup_ns, window_ns;
    int64_t size_bytes; /* of an answer */
    int cv_wait_percent, cv_cpu_percent;
};

/* Makes the log. Returns 0 or -ENOMEM. replay_free releases it after any
 * result. */
int replay_make(const struct replay_load *load, struct request_log *log);
void replay_free(struct request_log *log);
