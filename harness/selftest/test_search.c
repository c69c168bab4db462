/* SPDX-License-Identifier: MIT
 *
 * A token bucket answers at once while it has tokens and queues further
 * requests. With requests at equal distances, its capacity is exactly the rate
 * of its tokens: below it no request waits, above it the queue grows until the
 * limit is exceeded. The length of a step decides how much above: with 1 %
 * more, the queue is 2.5 ms long (the limit and one token) after 50 ms of
 * warm-up and 80 % of a window of 250 ms.
 */
#include "tests.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "harness/load/answers.h"
#include "harness/machine/placement.h"
#include "harness/search/load.h"
#include "harness/search/search.h"

enum { SEARCHES = 2 };

static const double CAPACITY_PER_S = 2000;

/* One server, and searches that take turns. */
struct setup {
    struct reference_script script;
    int64_t limit_ns;
    int count;
    struct reference reference;
    struct stalls stalls;
    struct cpu_split cpus;
    struct search_load target;
    struct search *searches;
    char why[256];
};

static int take_step(void *context, int who, int turn, struct search_step *step)
{
    struct setup *setup = context;

    setup->target.seed = (uint64_t)(1 + who);
    return search_load_run(&setup->target, setup->searches[who].rate_per_s,
                           turn, step, setup->why, sizeof setup->why);
}

static void fill(struct setup *setup)
{
    setup->target = (struct search_load){
        .point = {.id = "selftest",
                  .mode = LOAD_OPEN,
                  .search = true,
                  .slo = {"p80", 80, setup->limit_ns},
                  .arrivals = ARRIVALS_UNIFORM,
                  .burst = 1,
                  .connections = 64,
                  .warmup_ns = 50000000,
                  .window_ns = 250000000,
                  .timeout_ns = 5000000000},
        .plan = {.address.v4 = setup->reference.address,
                 .requests = reference_requests(FIXTURE_SEEDS),
                 .request_count = FIXTURE_SEEDS,
                 .processes = 1,
                 .cpus = &setup->cpus.clients}};
}

static int run(struct setup *setup)
{
    struct search_group group = {
        .count = setup->count, .step = take_step, .context = setup};
    int result;

    placement_split(PLACEMENT_SPLIT, &setup->cpus);
    setup->searches = calloc((size_t)setup->count, sizeof *setup->searches);
    result =
        reference_start(&setup->script, &setup->cpus.server, &setup->reference);
    if (result < 0)
        return result;
    fill(setup);
    if (!setup->searches || !setup->target.plan.requests)
        return -ENOMEM;
    group.searches = setup->searches;
    result = stalls_start(&setup->cpus, &setup->stalls);
    if (result == 0)
        result = search_group_run(&group);
    stalls_stop(&setup->stalls);
    return result;
}

/* Runs the searches. Returns false with a failed check if they could not be
 * carried out. Also returns false if a step stayed invalid: then there is no
 * figure, and the test is skipped. */
static bool carried_out(struct setup *setup, struct outcome *outcome)
{
    int result = run(setup);

    if (result < 0) {
        outcome_broken(outcome, setup->why[0] ? setup->why : "the load",
                       result);
        return false;
    }
    stalls_note(&setup->stalls, outcome);
    for (int i = 0; i < setup->count; i++) {
        const struct search *search = &setup->searches[i];

        if (!search->failed)
            continue;
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "cannot tell: a step stayed invalid: %.100s",
                 search->steps[search->count - 1].why);
        return false;
    }
    return true;
}

static void end(struct setup *setup)
{
    answers_free((struct load_request *)setup->target.plan.requests,
                 FIXTURE_SEEDS);
    reference_free(&setup->reference);
    stalls_free(&setup->stalls);
    free(setup->searches);
}

static void test_search_repeat(struct outcome *outcome)
{
    int64_t token_ns = (int64_t)(1e9 / CAPACITY_PER_S);
    struct setup setup = {.script = {.queue = true,
                                     .bucket_ns = 2 * token_ns,
                                     .delay = {DELAY_FIXED, token_ns, 0, 0}},
                          .limit_ns = 2000000,
                          .count = SEARCHES};
    struct search_result results[SEARCHES];

    if (carried_out(&setup, outcome)) {
        for (int i = 0; i < SEARCHES; i++) {
            search_judge(&setup.searches[i], &results[i]);
            outcome_number(outcome, i == 0 ? "capacity/s" : "again, capacity/s",
                           results[i].estimate_per_s, 0.97 * CAPACITY_PER_S,
                           1.03 * CAPACITY_PER_S);
            outcome_number(outcome, "conservative/s",
                           results[i].conservative_per_s, 0.94 * CAPACITY_PER_S,
                           1.03 * CAPACITY_PER_S);
        }
        outcome_number(outcome, "second / first",
                       results[1].estimate_per_s / results[0].estimate_per_s,
                       0.95, 1.05);
    }
    end(&setup);
}

static void test_search_cannot(struct outcome *outcome)
{
    struct setup setup = {.script = {.delay = {DELAY_FIXED, 20000000, 0, 0}},
                          .limit_ns = 5000000,
                          .count = 1};
    struct search_result result;

    if (carried_out(&setup, outcome)) {
        search_judge(&setup.searches[0], &result);
        outcome_words(outcome, "a limit below the delay", "cannot be met",
                      result.cannot_meet ? "cannot be met" : "is met",
                      result.cannot_meet);
        outcome_count(outcome, "steps", (uint64_t)setup.searches[0].count, 2);
    }
    end(&setup);
}

const struct selftest_test selftest_search_tests[] = {
    {"search-repeat", "search",
     "a token bucket of 2,000 requests/s, searched for twice",
     "both capacities within 3 % of it and 5 % of each other",
     test_search_repeat, .noisy = true},
    {"search-cannot", "search", "answers after 20 ms under a limit of 5 ms",
     "\"cannot meet\", after two steps", test_search_cannot, .noisy = true},
    {0},
};
