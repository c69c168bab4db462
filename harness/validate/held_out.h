/* SPDX-License-Identifier: MIT
 *
 * Services that no constant was fitted to, drawn from a seed. The draw is a
 * Latin hypercube (M. D. McKay, R. J. Beckman, W. J. Conover, Technometrics 21,
 * 1979): of n services each has another n-th of the range of every input;
 * times, counts and sizes on a logarithmic scale.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "harness/predict/constants.h"
#include "harness/predict/service.h"

enum { HELD_OUT_MAX = 256 };

/* A service as the workload `service` can be asked for it. */
struct held_out {
    int64_t delay_ns, steps, size_bytes;
    int calls; /* 0: it waits for nothing, and delay_ns is 0 */
    int cv_wait_percent, cv_cpu_percent;
    int connections; /* of the closed loop */
    double share;    /* of its capacity, in the open loop */
};

/* Draws `count` services for a machine of whose CPU a step takes step_ns.
 * Returns 0, or -EINVAL for a count that is not from 1 to HELD_OUT_MAX. */
int held_out_draw(uint64_t seed, int count, double step_ns,
                  struct held_out *services);

/* The service as a forecast of this machine takes it, with no load yet: neither
 * rate_per_s nor connections is set. */
void held_out_service(const struct held_out *drawn,
                      const struct machine *machine, struct service *service);
