/* SPDX-License-Identifier: MIT
 *
 * The machine's own ceiling for CPU work at this moment: bare processes, one
 * per CPU of the server, that run a workload's answer() in a loop. No server,
 * no model, no socket. Taken right before a trial, because a shared machine's
 * speed drifts from minute to minute.
 */
#pragma once

#include <sched.h>
#include <stdint.h>

#include "models/runtime/workload.h"

struct bare {
    int processes; /* 0: not taken */
    double per_s;  /* answers per second of all processes together */
};

/* Runs for about `duration_ns`, at least one answer per process. Returns 0,
 * or a negative errno (-ECHILD when a process died or gave no answer). */
int bare_measure(const struct workload *workload,
                 const struct arguments *arguments, const cpu_set_t *cpus,
                 int64_t duration_ns, struct bare *bare);
