/* SPDX-License-Identifier: MIT
 *
 * Intervals and verdicts on data whose truth is known, because it is drawn.
 */
#pragma once

#include "outcome.h"

void test_statistics_coverage(struct outcome *outcome);
void test_statistics_equal(struct outcome *outcome);
void test_statistics_different(struct outcome *outcome);
void test_statistics_verdicts(struct outcome *outcome);
