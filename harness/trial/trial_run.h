/* SPDX-License-Identifier: MIT
 *
 * A trial of one server: a fresh process, a few checked requests, a warm-up, a
 * window, the end. In slice mode several servers run side by side (slices.h).
 */
#pragma once

#include "trial.h"

/* Runs the trial. trial->end is the only result, and whatever was started is
 * gone when this returns. */
void trial_run(const struct trial_spec *spec, struct trial *trial);
