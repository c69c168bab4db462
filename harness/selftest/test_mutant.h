/* SPDX-License-Identifier: MIT
 *
 * Generators with one known mistake each: the checks that a right generator
 * passes must catch every one.
 */
#pragma once

#include "outcome.h"

void test_mutant_from_sent(struct outcome *outcome);
void test_mutant_skip(struct outcome *outcome);
void test_mutant_drop(struct outcome *outcome);
void test_mutant_p95(struct outcome *outcome);
void test_mutant_errors_ok(struct outcome *outcome);
void test_mutant_unchecked(struct outcome *outcome);
