/* SPDX-License-Identifier: MIT
 *
 * Delays and stalls of known size. With a mutation the same checks run on a
 * generator that makes that mistake.
 */
#pragma once

#include "harness/load/load.h"
#include "outcome.h"

void test_latency_fixed(struct outcome *outcome);
void test_latency_bimodal(struct outcome *outcome);
void test_latency_exponential(struct outcome *outcome);
void test_latency_stall_open(struct outcome *outcome);
void test_latency_stall_closed(struct outcome *outcome);

void test_latency_exponential_with(struct outcome *outcome,
                                   enum load_mutation mutation);
/* A short stall. */
void test_latency_stall_with(struct outcome *outcome,
                             enum load_mutation mutation);
