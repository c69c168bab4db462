/* SPDX-License-Identifier: MIT
 *
 * One trial with one server: a fresh process, a few checked requests, warm-up,
 * window, end. Several servers side by side: slices.h.
 */
#pragma once

#include "trial.h"

/* Runs it. Never fails in another way than trial.end says; whatever was
 * started is gone when it returns. */
void trial_run(const struct trial_spec *spec, struct trial *trial);
