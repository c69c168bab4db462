/* SPDX-License-Identifier: MIT
 *
 * What the machine itself does to whoever sleeps on it: plain sleeps on the
 * CPUs of server and generator while a test runs, and how late they ended.
 * A test allows for what was seen there at the same moment, and no more.
 */
#pragma once

#include <sys/types.h>

#include "harness/machine/placement.h"
#include "models/runtime/base/histogram.h"
#include "outcome.h"

enum { STALLS_SIDES = 2 };

struct stalls {
    pid_t pids[STALLS_SIDES];
    struct histogram *late; /* shared: of the server's CPUs, the clients' */
};

/* Returns 0 or a negative errno. */
int stalls_start(const struct cpu_split *cpus, struct stalls *stalls);

/* Ends the sleepers; `late` stays readable until stalls_free. */
void stalls_stop(struct stalls *stalls);
void stalls_free(struct stalls *stalls);

/* Leaves in the outcome how late the sleepers were. */
void stalls_note(const struct stalls *stalls, struct outcome *outcome);

/* What to allow at a percentile (of the mean: -1) of `count` answers: a wake-up
 * on either side, each as late as the sleepers' were at that percentile, or in
 * the mean. Of a tail they are late beyond it: an answer waits for two wake-ups
 * on each side, any of which may meet a stall, and which answers do is chance,
 * of which 3.1 standard deviations (one in 1,000) are allowed. */
double stalls_allow_ns(const struct stalls *stalls, double percentile,
                       uint64_t count);
