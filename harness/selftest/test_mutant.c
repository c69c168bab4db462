/* SPDX-License-Identifier: MIT
 *
 * Each test runs another test on a generator with a mistake, and passes if the
 * named check of that test fails. The other test itself shows that the check
 * passes for the right generator.
 */
#include "tests.h"

#include "fixture.h"

static const int64_t MS = 1000000;

static void finish(struct outcome *outcome, const struct outcome *mutant,
                   const char *check)
{
    outcome->stalls_p99_ns = mutant->stalls_p99_ns;
    outcome->stalls_max_ns = mutant->stalls_max_ns;
    outcome_caught(outcome, mutant, check);
}

static void test_mutant_from_sent(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_latency_stall_with(&mutant, MUTATION_FROM_SENT);
    finish(outcome, &mutant, "p90");
    outcome_caught(outcome, &mutant, "mean");
}

static void test_mutant_skip(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_latency_stall_with(&mutant, MUTATION_SKIP);
    finish(outcome, &mutant, "scheduled");
}

static void test_mutant_drop(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_fault_with(&mutant, REFERENCE_HANG, 30, MUTATION_DROP);
    finish(outcome, &mutant, "gate identity");
}

static void test_mutant_p95(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_latency_exponential_with(&mutant, MUTATION_P95);
    finish(outcome, &mutant, "p99");
}

static void test_mutant_mean(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_latency_exponential_with(&mutant, MUTATION_MEAN);
    finish(outcome, &mutant, "p99");
    outcome_caught(outcome, &mutant, "p50");
}

static void test_mutant_errors_ok(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_fault_with(&mutant, REFERENCE_STATUS, 33, MUTATION_ERRORS_OK);
    finish(outcome, &mutant, "error statuses");
    outcome_caught(outcome, &mutant, "right answers");
}

static void test_mutant_unchecked(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_fault_with(&mutant, REFERENCE_WRONG, 33, MUTATION_UNCHECKED);
    finish(outcome, &mutant, "wrong bodies");
}

/* Checks Little's law with ten connections; a generator that leaves slow
 * answers out of its times violates it. */
static void law(struct outcome *outcome, enum load_mutation mutation)
{
    struct fixture fixture = {
        .script = {.delay = {DELAY_BIMODAL, MS, 100 * MS, 0}},
        .spec = {.mode = LOAD_CLOSED,
                 .connections = 10,
                 .processes = 1,
                 .warmup_ns = 200 * MS,
                 .window_ns = 1500 * MS,
                 .timeout_ns = 5000 * MS,
                 .mutation = mutation},
    };

    if (fixture_run(&fixture, outcome) == 0)
        fixture_gate(&fixture, outcome, "little", mutation != MUTATION_NONE);
    fixture_free(&fixture);
}

static void test_mutant_outliers(struct outcome *outcome)
{
    law(outcome, MUTATION_NONE);
    law(outcome, MUTATION_OUTLIERS);
}

const struct selftest_test selftest_mutant_tests[] = {
    {"mutant-p95", "mutant", "a generator that gives p95 for p99",
     "p99 of exponential delays", test_mutant_p95, .noisy = true},
    {"mutant-mean", "mutant",
     "a generator that gives the mean for every percentile",
     "p50 and p99 of exponential delays", test_mutant_mean, .noisy = true},
    {"mutant-from-sent", "mutant",
     "a generator that times from the actual send",
     "mean and p90 of a stalled server", test_mutant_from_sent, .noisy = true},
    {"mutant-skip", "mutant",
     "a generator that skips requests that find no free connection",
     "the count of scheduled requests", test_mutant_skip, .noisy = false},
    {"mutant-drop", "mutant",
     "a generator that loses requests in flight at the end", "gate identity",
     test_mutant_drop, .noisy = false},
    {"mutant-errors", "mutant", "a generator that counts errors as successes",
     "the count of error statuses", test_mutant_errors_ok, .noisy = false},
    {"mutant-unchecked", "mutant", "a generator that does not compare bodies",
     "the count of wrong bodies", test_mutant_unchecked, .noisy = false},
    {"mutant-outliers", "mutant",
     "a generator that leaves answers over 50 ms out of its times",
     "gate little", test_mutant_outliers, .noisy = true},
    {0},
};
