/* SPDX-License-Identifier: MIT
 *
 * What a test expected and what it saw: a list of checks, each with both in
 * words. Plain memory, so that a test in a process of its own can leave it in
 * memory shared with the runner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { OUTCOME_CHECKS_MAX = 64, OUTCOME_WORDS = 160 };

struct outcome_check {
    char what[48];
    char expected[OUTCOME_WORDS], seen[OUTCOME_WORDS];
    bool numeric;
    double value, lo, hi; /* when numeric */
    bool pass;
};

struct outcome {
    int count;
    struct outcome_check checks[OUTCOME_CHECKS_MAX];
    char skipped[OUTCOME_WORDS]; /* why it could not be made here; or "" */
    bool finished;               /* the test came to its end */
    int64_t stalls_p99_ns, stalls_max_ns;
    int stalled;            /* checks that failed by what stalls explain, */
    int64_t stalled_max_ns; /* which is at most this */
};

/* At least one check, and none failed. */
bool outcome_pass(const struct outcome *outcome);

/* How many checks failed. */
int outcome_failed(const struct outcome *outcome);

/* A time within lo..hi. */
void outcome_time(struct outcome *outcome, const char *what, double seen_ns,
                  double lo_ns, double hi_ns);

/* Any number within lo..hi. */
void outcome_number(struct outcome *outcome, const char *what, double seen,
                    double lo, double hi);

/* A count that must be exact. */
void outcome_count(struct outcome *outcome, const char *what, uint64_t seen,
                   uint64_t expected);

void outcome_words(struct outcome *outcome, const char *what,
                   const char *expected, const char *seen, bool pass);

/* Something could not even be tried: a failed check. */
void outcome_broken(struct outcome *outcome, const char *what, int error);

/* The mistake in `mutant` was noticed: the check named `what` failed there. */
void outcome_caught(struct outcome *outcome, const struct outcome *mutant,
                    const char *what);
