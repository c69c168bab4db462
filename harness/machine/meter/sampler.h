/* SPDX-License-Identifier: MIT
 *
 * The meter as a trial uses it: counts what the readings in the window cost,
 * and waits until a server is idle.
 */
#pragma once

#include <signal.h>
#include <stdint.h>

#include "meter.h"

/* Cost of the readings in the window. Zero-initialise. */
struct sampler {
    int count;
    int64_t total_ns, max_ns; /* wall time */
    int64_t cpu_ns;           /* CPU time of the thread that read */
};

/* Take a sample and a walk, and count their cost. */
void sampler_take(struct sampler *sampler, struct meter *meter,
                  struct meter_sample *sample);
void sampler_walk(struct sampler *sampler, struct meter *meter,
                  struct meter_sample *sample);

/* Waits until the tree is idle, such as after it has accepted connections and
 * started threads: for a second at most, or until *stop is set. */
void sampler_settle(struct meter *meter, const volatile sig_atomic_t *stop);
