/* SPDX-License-Identifier: MIT
 *
 * Whole trials of a real model: one with nothing wrong, and faults around it.
 */
#pragma once

#include "outcome.h"

void test_trial_good(struct outcome *outcome);
void test_trial_late_backend(struct outcome *outcome);
void test_trial_killed(struct outcome *outcome);
void test_trial_stopped(struct outcome *outcome);
void test_trial_moved(struct outcome *outcome);
void test_trial_left_group(struct outcome *outcome);
void test_trial_foreign(struct outcome *outcome);
void test_trial_descriptors(struct outcome *outcome);
void test_trial_facts(struct outcome *outcome);
