/* SPDX-License-Identifier: MIT
 *
 * A block in slice mode: the servers of all models are up side by side on the
 * same CPUs, and one closed load moves from one to the next. So two models are
 * compared by slices that lie seconds apart, while the machine is the same for
 * both. Every model still gets a trial of its own.
 */
#pragma once

#include "trial.h"

/* Runs `count` trials of one load point as one block, trial i by spec i. A
 * trial's `end` is the only result, and whatever was started is gone when this
 * returns. A model whose server cannot start is left out, and the others go
 * on. */
void slices_run(const struct trial_spec *specs, struct trial *const *trials,
                int count);
