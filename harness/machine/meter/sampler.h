/* SPDX-License-Identifier: MIT
 *
 * The meter as a trial uses it: what each look inside the window cost, and
 * the wait until a server has done with what it was given.
 */
#pragma once

#include <signal.h>
#include <stdint.h>

#include "meter.h"

/* The looks at a tree in the window. Zero-initialise. */
struct sampler {
    int count;
    int64_t total_ns, max_ns; /* by the clock */
    int64_t cpu_ns;           /* of the thread that looked */
};

/* A cheap sample, and one with a walk; both counted. */
void sampler_take(struct sampler *sampler, struct meter *meter,
                  struct meter_sample *sample);
void sampler_walk(struct sampler *sampler, struct meter *meter,
                  struct meter_sample *sample);

/* Waits until the tree uses next to no CPU (accepting connections, starting
 * threads), a second at most or until *stop. */
void sampler_settle(struct meter *meter, const volatile sig_atomic_t *stop);
