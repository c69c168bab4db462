/* SPDX-License-Identifier: MIT
 *
 * Servers that lie, break off, go silent: every fault is counted exactly,
 * under its own name, and the gate that must say so does.
 */
#pragma once

#include "harness/load/load.h"
#include "outcome.h"
#include "truth.h"

void test_fault_none(struct outcome *outcome);
void test_fault_wrong(struct outcome *outcome);
void test_fault_other(struct outcome *outcome);
void test_fault_cached(struct outcome *outcome);
void test_fault_status(struct outcome *outcome);
void test_fault_truncate(struct outcome *outcome);
void test_fault_reset(struct outcome *outcome);
void test_fault_hang(struct outcome *outcome);
void test_fault_mixture(struct outcome *outcome);
void test_fault_skip(struct outcome *outcome);
void test_fault_hung_one(struct outcome *outcome);

/* One kind, each n-th request, under a mistake of the generator. */
void test_fault_with(struct outcome *outcome, enum truth_fault fault, int every,
                     enum load_mutation mutation);
