/* SPDX-License-Identifier: MIT
 *
 * Whole trials of a real model: one with nothing wrong, and faults around it.
 */
#pragma once

#include "outcome.h"

void test_trial_good(struct outcome *outcome);
void test_trial_late_backend(struct outcome *outcome);
void test_trial_killed(struct outcome *outcome);
