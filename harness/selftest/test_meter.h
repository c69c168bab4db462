/* SPDX-License-Identifier: MIT
 *
 * Memory and CPU of known size against the meter.
 */
#pragma once

#include "outcome.h"

void test_meter_memory(struct outcome *outcome);
void test_meter_cpu(struct outcome *outcome);
void test_meter_count(struct outcome *outcome);
