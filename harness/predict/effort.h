/* SPDX-License-Identifier: MIT
 *
 * How many requests a forecast simulates before it looks and while it looks,
 * and when that is too much. The slow ones of those in flight must have ended,
 * and a queue must have settled; of a service that waits for a minute that is
 * many more than of one that waits for a millisecond.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "harness/simulate/simulation.h"
#include "service.h"

/* What loads the service. */
struct effort_load {
    double capacity_per_s;  /* of what queues */
    double wait_ns, cpu_ns; /* of a request */
};

struct effort {
    double events; /* that it takes, about */
    double beyond; /* how many times too much that is; at most 1: it is not, as
                      far as can be told before */
};

/* Sets warm-up, window and limits of a simulation that has its steps, for a
 * precision of `requests`, which may take the events of `budget` requests. */
struct effort effort_apply(struct simulation *simulation,
                           const struct service *service,
                           const struct effort_load *load, int64_t requests,
                           int64_t budget);

/* How many times too much a simulation is that ended so many requests when it
 * came to its limits. */
double effort_seen(const struct simulation *simulation, int64_t ended);

/* Why there is no latency, by how much it is too much, and what to do. Returns
 * text. */
const char *effort_text(const struct service *service, double beyond,
                        int64_t requests, char *text, size_t size);
