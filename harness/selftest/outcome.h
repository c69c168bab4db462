/* SPDX-License-Identifier: MIT
 *
 * A list of checks, each with what the test expected and what it saw, in words.
 * An outcome holds no pointers, so that a test, which runs in a process of its
 * own, can leave it in memory shared with the runner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { OUTCOME_CHECKS_MAX = 64, OUTCOME_WORDS = 160 };

struct outcome_check {
    char what[48];
    char expected[OUTCOME_WORDS], seen[OUTCOME_WORDS];
    bool numeric;
    double value, lo, hi; /* valid if numeric */
    bool pass;
};

struct outcome {
    int count;
    struct outcome_check checks[OUTCOME_CHECKS_MAX];
    char skipped[OUTCOME_WORDS]; /* why the test was impossible here, or "" */
    bool finished;               /* the test ran to its end */
    int64_t stalls_p99_ns, stalls_max_ns;
    int stalled;            /* failed checks that stalls explain, */
    int64_t stalled_max_ns; /* and the most that they explain */
};

/* Whether the test finished with at least one check and none failed. */
bool outcome_pass(const struct outcome *outcome);

/* How many checks failed. */
int outcome_failed(const struct outcome *outcome);

/* Checks that a time is within lo..hi. */
void outcome_time(struct outcome *outcome, const char *what, double seen_ns,
                  double lo_ns, double hi_ns);

/* Checks that a number is within lo..hi. */
void outcome_number(struct outcome *outcome, const char *what, double seen,
                    double lo, double hi);

/* Checks that a count is exact. */
void outcome_count(struct outcome *outcome, const char *what, uint64_t seen,
                   uint64_t expected);

/* Adds a check whose result is known. */
void outcome_words(struct outcome *outcome, const char *what,
                   const char *expected, const char *seen, bool pass);

/* Adds a failed check: `what` could not be carried out because of `error`, a
 * negative errno. */
void outcome_broken(struct outcome *outcome, const char *what, int error);

/* Checks that the check named `what` failed in the outcome of a mutant, so that
 * its mistake was noticed. */
void outcome_caught(struct outcome *outcome, const struct outcome *mutant,
                    const char *what);
