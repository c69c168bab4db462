/* SPDX-License-Identifier: MIT
 *
 * Each runs a test of the others on a generator with the mistake, and passes
 * when the named check of that test fails. A check that fails for everybody
 * would catch all: the right generator's own test shows that it does not.
 */
#include "tests.h"

#include "fixture.h"

static void finish(struct outcome *outcome, const struct outcome *mutant,
                   const char *check)
{
    outcome->stalls_p99_ns = mutant->stalls_p99_ns;
    outcome->stalls_max_ns = mutant->stalls_max_ns;
    outcome_caught(outcome, mutant, check);
}

void test_mutant_from_sent(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_latency_stall_with(&mutant, MUTATION_FROM_SENT);
    finish(outcome, &mutant, "p90");
    outcome_caught(outcome, &mutant, "mean");
}

void test_mutant_skip(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_latency_stall_with(&mutant, MUTATION_SKIP);
    finish(outcome, &mutant, "scheduled");
}

void test_mutant_drop(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_fault_with(&mutant, REFERENCE_HANG, 30, MUTATION_DROP);
    finish(outcome, &mutant, "gate identity");
}

void test_mutant_p95(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_latency_exponential_with(&mutant, MUTATION_P95);
    finish(outcome, &mutant, "p99");
}

void test_mutant_errors_ok(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_fault_with(&mutant, REFERENCE_STATUS, 33, MUTATION_ERRORS_OK);
    finish(outcome, &mutant, "error statuses");
    outcome_caught(outcome, &mutant, "right answers");
}

void test_mutant_unchecked(struct outcome *outcome)
{
    struct outcome mutant = {0};

    test_fault_with(&mutant, REFERENCE_WRONG, 33, MUTATION_UNCHECKED);
    finish(outcome, &mutant, "wrong bodies");
}
