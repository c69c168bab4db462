/* SPDX-License-Identifier: MIT
 *
 * Single-server queues, whose response times are in every textbook.
 */
#pragma once

#include "outcome.h"

void test_queue_mm1_half(struct outcome *outcome);
void test_queue_mm1_high(struct outcome *outcome);
void test_queue_md1(struct outcome *outcome);
