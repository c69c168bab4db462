/* SPDX-License-Identifier: MIT
 *
 * Watches the machine while trials run: one process on each CPU, the server's
 * too, wakes every 50 ms, records how late it woke and how long a fixed piece
 * of arithmetic took, and sleeps again. Its records tell hiccups of the machine
 * (a stopped guest, a clock that jumps) from slowness of a server. The idea is
 * from Gil Tene's jHiccup.
 *
 * The work takes 0.1 ms, 0.2 % of a CPU, because a request that arrives
 * meanwhile has to wait. With 0.5 ms, one request in a hundred would wait,
 * which would show in a p99. With real-time priority, where permitted, the
 * lateness does not depend on what the server does.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/base/histogram.h"

struct metronome;

/* What the metronome recorded in a span of time, all CPUs together. */
struct metronome_report {
    int cpus;      /* CPUs that were watched; 0: nothing is known */
    bool realtime; /* had real-time priority: lateness is the machine's alone */
    int beats, missed;
    double speed_per_us; /* steps of the work per us of CPU time: the median on
                            the slowest CPU; 0: unknown */
    int64_t cost_ns;     /* CPU time that the metronome used, all CPUs */
    struct histogram lateness;
};

/* Starts a process on each of the CPUs. They die with the calling thread.
 * Returns 0 or a negative errno. */
int metronome_start(const cpu_set_t *cpus, struct metronome **metronome);

/* Reports the beats that were due from start to end (CLOCK_MONOTONIC). Beats
 * older than 13 minutes are overwritten. */
void metronome_read(const struct metronome *metronome, int64_t start_ns,
                    int64_t end_ns, struct metronome_report *report);

/* NULL is allowed. */
void metronome_stop(struct metronome *metronome);
