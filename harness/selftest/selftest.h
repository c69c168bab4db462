/* SPDX-License-Identifier: MIT
 *
 * How tests are run: each in a process of its own with a time limit, so that
 * one that crashes or hangs fails alone.
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
    double foreign_share; /* of the CPUs, used by others during the last
                             attempt; -1: unknown, or it ran beside others */
    bool pass;
};

/* Runs the chosen ones: those that mostly wait beside each other, then the
 * others one by one; a noisy one that failed is tried again, alone, twice
 * at most. If it fails again while the machine was visibly not its own, it is
 * counted as skipped, with the reason: it could not tell. `told`
 * is called with each as it is done. Returns 0 or a negative errno. */
int selftest_run(const bool *chosen, struct selftest_result *results,
                 void (*told)(const struct selftest_result *result));

/* The whole as docs/selftest.md describes it. `results` runs along
 * selftest_tests; those without attempts are left out. */
json_t *selftest_json(const struct selftest_result *results, int64_t started_at,
                      int64_t ended_at);

/* What was expected, or seen, in one line: the failed checks, or else the
 * first ones. Returns text. */
char *selftest_words(const struct outcome *outcome, bool seen, char *text,
                     size_t size);
