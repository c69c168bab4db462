/* SPDX-License-Identifier: MIT
 *
 * Measures the machine's own stalls: while a test runs, plain sleeps on the
 * CPUs of server and generator record how late they end. The test allows for
 * that lateness, and for no more.
 */
#pragma once

#include <sys/types.h>

#include "harness/machine/placement.h"
#include "models/runtime/base/histogram.h"
#include "outcome.h"

enum { STALLS_SIDES = 2 };

struct stalls {
    pid_t pids[STALLS_SIDES];
    /* Shared memory: on the server's CPUs, on the clients'. */
    struct histogram *late;
};

/* Returns 0 or a negative errno. */
int stalls_start(const struct cpu_split *cpus, struct stalls *stalls);

/* Ends the sleepers; `late` stays readable until stalls_free. */
void stalls_stop(struct stalls *stalls);
void stalls_free(struct stalls *stalls);

/* Records in the outcome how late the sleepers were. */
void stalls_note(const struct stalls *stalls, struct outcome *outcome);

/* What to allow at a percentile (-1: the mean) of `count` answers: the
 * sleepers' lateness at that percentile, or their mean if that is larger,
 * summed over both sides. In the tail a higher percentile of the sleepers is
 * used: an answer needs two wake-ups on each side, any of which may meet a
 * stall. Which answers meet one is chance, for which 3.1 standard deviations
 * (one case in 1,000) are allowed. */
double stalls_allow_ns(const struct stalls *stalls, double percentile,
                       uint64_t count);
