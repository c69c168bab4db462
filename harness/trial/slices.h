/* SPDX-License-Identifier: MIT
 *
 * A block in slice mode: the servers of all models are up side by side on the
 * same CPUs, and one closed load moves from one to the next. What two models
 * differ by is then told from slices that lie seconds apart, under the same
 * machine. Every model still gets a trial of its own.
 */
#pragma once

#include "slice_figures.h"
#include "trial.h"

/* The order of turns: `rounds` times each of n models, every round in an order
 * of its own; in a cycle of rounds (order.h) each model stands at each place,
 * and right behind each other, equally often. Fills n * rounds entries. */
void slices_order(int n, int rounds, uint64_t seed, int *models);

/* Runs `count` trials of one load point as one block, trial i by spec i. Never
 * fails in another way than each trial's `end` says; whatever was started is
 * gone when it returns. A model whose server cannot start is left out, and the
 * others go on. */
void slices_run(const struct trial_spec *specs, struct trial *const *trials,
                int count);
