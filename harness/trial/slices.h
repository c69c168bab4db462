/* SPDX-License-Identifier: MIT
 *
 * A block in slice mode: the servers of all models are up side by side on the
 * same CPUs, and one closed load moves from one to the next. What two models
 * differ by is then told from slices that lie seconds apart, under the same
 * machine. Every model still gets a trial of its own.
 */
#pragma once

#include "trial.h"

/* One stay of the load with a server. Unknown: -1. */
struct slice {
    int64_t started_ns;  /* since the block's window opened */
    int64_t counted_ns;  /* length of the part that counts, its end */
    int64_t late_ns;     /* how far off its edges CPU was read, at worst */
    uint64_t completed;  /* right answers in the counted part */
    int64_t cpu_ns;      /* of the server's tree in it */
    int64_t idle_cpu_ns; /* of all the other servers together in it */
};

/* Whether CPU was read near enough to the edges of the counted part. How late a
 * reading was is the clock's word, and has nothing to do with what it says. */
bool slice_sampled(const struct slice *slice);

struct trial_slices {
    int count;
    int64_t slice_ns; /* of the plan, the discarded part included */
    struct slice rows[];
};

/* The order of turns: `rounds` times each of n models, every round in an order
 * of its own; in a cycle of rounds (order.h) each model stands at each place,
 * and right behind each other, equally often. Fills n * rounds entries. */
void slices_order(int n, int rounds, uint64_t seed, int *models);

/* Runs `count` trials of one load point as one block, trial i by plan i. Never
 * fails in another way than each trial's `end` says; whatever was started is
 * gone when it returns. A model whose server cannot start is left out, and the
 * others go on. */
void slices_run(const struct trial_plan *plans, struct trial *const *trials,
                int count);
