/* SPDX-License-Identifier: MIT
 *
 * The bare ceiling: how fast this machine does a workload's CPU work at the
 * moment, without server, model or socket. One process per CPU of the server
 * runs the workload's answer() in a loop. A trial measures its bare ceiling
 * right before its server starts, because the speed of a shared machine drifts
 * from minute to minute.
 */
#pragma once

#include <sched.h>
#include <stdint.h>

#include "models/runtime/workload.h"

struct bare {
    int processes; /* 0: not measured */
    double per_s;  /* answers per second of all processes together; of mean
                      work, if requests vary */
};

/* Runs for about `duration_ns`, at least one answer per process. Returns 0, or
 * a negative errno (-ECHILD: a process died or an answer failed). */
int bare_measure(const struct workload *workload,
                 const struct arguments *arguments, const cpu_set_t *cpus,
                 int64_t duration_ns, struct bare *bare);
