/* SPDX-License-Identifier: MIT
 *
 * Runs tests, each in a process of its own with a time limit, so that a test
 * that crashes or hangs fails alone.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests.h"

struct selftest_result {
    const struct selftest_test *test;
    struct outcome *outcome; /* of the last attempt */
    int attempts;
    int64_t duration_ns;
    double foreign_share; /* share of the CPUs that other processes and the
                             hypervisor used during the last attempt; -1:
                             unknown, or the test ran beside others */
    bool pass;
};

/* Runs the chosen tests: first those that mostly wait, beside each other, then
 * the others one by one. A noisy test that failed is tried again, alone, at
 * most twice. If it fails again while the machine was visibly disturbed, it
 * counts as skipped, with the reason. `told` is called with each result.
 * Returns 0 or a negative errno. */
int selftest_run(const bool *chosen, struct selftest_result *results,
                 void (*told)(const struct selftest_result *result));

/* The results as JSON (docs/selftest.md). `results` has the order of
 * selftest_tests(); tests that were not run are left out. */
json_t *selftest_json(const struct selftest_result *results, int64_t started_at,
                      int64_t ended_at);

/* Writes in one line what the failed checks, or else the first ones, expected
 * (or, with `seen`, what they saw). Returns text. */
char *selftest_words(const struct outcome *outcome, bool seen, char *text,
                     size_t size);
