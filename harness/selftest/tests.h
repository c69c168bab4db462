/* SPDX-License-Identifier: MIT
 *
 * The tests of the self-test: what is planted, and what must catch it.
 */
#pragma once

#include <stdbool.h>

#include "outcome.h"
#include "reference.h"

struct selftest_test {
    const char *name, *group;
    const char *planted;   /* the fault or the known figure */
    const char *caught_by; /* the gate or figure that must show it */
    void (*run)(struct outcome *outcome);
    bool alone; /* must not run beside another test: it uses a whole CPU, or
                   judges lateness */
    bool noisy; /* a stall of the machine can make it fail: it may be tried
                   again */
};

/* Every test, in the order in which they start, ended by a NULL name. */
const struct selftest_test *selftest_tests(void);

/* The tests of each file, ended by a NULL name. */
extern const struct selftest_test selftest_search_tests[];
extern const struct selftest_test selftest_latency_tests[];
extern const struct selftest_test selftest_mutant_tests[];
extern const struct selftest_test selftest_fault_tests[];
extern const struct selftest_test selftest_generator_tests[];
extern const struct selftest_test selftest_trial_tests[];
extern const struct selftest_test selftest_meter_tests[];
extern const struct selftest_test selftest_statistics_tests[];

/* Checks that mutants share. Each runs on a generator that makes the mistake
 * `mutation`: exponential delays, a short stall, and a fault in each `every`-th
 * request. */
void test_latency_exponential_with(struct outcome *outcome,
                                   enum load_mutation mutation);
void test_latency_stall_with(struct outcome *outcome,
                             enum load_mutation mutation);
void test_fault_with(struct outcome *outcome, enum reference_fault fault,
                     int every, enum load_mutation mutation);
