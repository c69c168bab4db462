/* SPDX-License-Identifier: MIT
 *
 * The platform's own pulse: one process per CPU that wakes every 50 ms, notes
 * how late it was woken and how long a fixed piece of arithmetic took, and
 * sleeps again. It runs beside the trials, on the server's CPUs too. What it
 * sees tells hiccups of the machine (a stopped guest, a clock that jumps)
 * from slowness of a server. Idea: Gil Tene's jHiccup.
 *
 * Its work is 0.1 ms, 0.2 % of a CPU, and no more: a request that meets it
 * waits for it, and with 0.5 ms one request in a hundred would, which is a
 * p99. Under real-time priority, where that is permitted, its lateness does
 * not depend on what the server does.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/base/histogram.h"

struct metronome;

/* What was seen in one span of time, all CPUs together. */
struct metronome_report {
    int cpus;      /* that were watched; 0: nothing is known */
    bool realtime; /* lateness is the platform's alone */
    int beats, missed;
    double speed_per_us; /* steps of the work per us of CPU time: median of
                            the slowest CPU; 0: unknown */
    int64_t cost_ns;     /* CPU time that watching took, all CPUs */
    struct histogram lateness;
};

/* Starts it on each of the CPUs. Its processes die with the calling thread.
 * Returns 0 or a negative errno. */
int metronome_start(const cpu_set_t *cpus, struct metronome **metronome);

/* The beats that were due from start to end (CLOCK_MONOTONIC). Beats older
 * than the last 13 minutes are forgotten. */
void metronome_read(const struct metronome *metronome, int64_t start_ns,
                    int64_t end_ns, struct metronome_report *report);

/* NULL is allowed. */
void metronome_stop(struct metronome *metronome);
