/* SPDX-License-Identifier: MIT
 *
 * A token bucket answers at once while tokens last and queues what is more
 * than that, so with requests at equal distances its capacity is the rate of
 * its tokens, exactly: below it nobody waits, above it the queue grows until
 * the limit is passed. How far above depends on the step: after 50 ms of
 * warm-up and 80 % of a window of 250 ms, 2.5 ms of queue (the limit and one
 * token) are there at 1 % more.
 */
#include "test_search.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/machine/placement.h"
#include "harness/search/group.h"
#include "harness/search/load.h"
#include "scene.h"

enum { SEARCHES = 2 };

static const double CAPACITY_PER_S = 2000;

/* One server, and searches in turn. */
struct hunt {
    struct truth_script script;
    int64_t limit_ns;
    int count;
    struct truth truth;
    struct stalls stalls;
    struct cpu_split cpus;
    struct search_load target;
    struct search *searches;
    char why[256];
};

static int take_step(void *context, int who, int turn, struct search_step *step)
{
    struct hunt *hunt = context;

    hunt->target.seed = (uint64_t)(1 + who);
    return search_load_run(&hunt->target, hunt->searches[who].rate_per_s, turn,
                           step, hunt->why, sizeof(hunt->why));
}

static void fill(struct hunt *hunt)
{
    hunt->target =
        (struct search_load){.point = {.id = "selftest",
                                       .mode = LOAD_OPEN,
                                       .search = true,
                                       .slo = {"p80", 80, hunt->limit_ns},
                                       .arrivals = ARRIVALS_UNIFORM,
                                       .burst = 1,
                                       .connections = 64,
                                       .warmup_ns = 50000000,
                                       .window_ns = 250000000,
                                       .timeout_ns = 5000000000},
                             .plan = {.address.v4 = hunt->truth.address,
                                      .requests = truth_requests(SCENE_SEEDS),
                                      .request_count = SCENE_SEEDS,
                                      .processes = 1,
                                      .cpus = &hunt->cpus.clients}};
}

static int run(struct hunt *hunt)
{
    struct search_group group = {
        .count = hunt->count, .step = take_step, .context = hunt};
    int result;

    placement_split(PLACEMENT_SPLIT, &hunt->cpus);
    hunt->searches = calloc((size_t)hunt->count, sizeof(*hunt->searches));
    result = truth_start(&hunt->script, &hunt->cpus.server, &hunt->truth);
    if (result < 0)
        return result;
    fill(hunt);
    if (hunt->searches == NULL || hunt->target.plan.requests == NULL)
        return -ENOMEM;
    group.searches = hunt->searches;
    result = stalls_start(&hunt->cpus, &hunt->stalls);
    if (result == 0)
        result = search_group_run(&group);
    stalls_stop(&hunt->stalls);
    return result;
}

/* What the machine did meanwhile, and whether a step was refused for it: then
 * there is no figure, and nothing was shown. */
static bool carried_out(struct hunt *hunt, struct outcome *outcome)
{
    int result = run(hunt);

    if (result < 0) {
        outcome_broken(outcome, hunt->why[0] ? hunt->why : "the load", result);
        return false;
    }
    for (int i = 0; i < STALLS_SIDES; i++) {
        const struct histogram *late = &hunt->stalls.late[i];
        int64_t p99_ns = histogram_percentile_ns(late, 99);

        if (outcome->stalls_p99_ns < p99_ns)
            outcome->stalls_p99_ns = p99_ns;
        if (outcome->stalls_max_ns < late->max_ns)
            outcome->stalls_max_ns = late->max_ns;
    }
    for (int i = 0; i < hunt->count; i++) {
        const struct search *search = &hunt->searches[i];

        if (!search->failed)
            continue;
        snprintf(outcome->skipped, sizeof(outcome->skipped),
                 "cannot tell: a step stayed invalid: %.100s",
                 search->steps[search->count - 1].why);
        return false;
    }
    return true;
}

static void end(struct hunt *hunt)
{
    truth_requests_free((struct load_request *)hunt->target.plan.requests,
                        SCENE_SEEDS);
    truth_free(&hunt->truth);
    stalls_free(&hunt->stalls);
    free(hunt->searches);
}

void test_search_repeat(struct outcome *outcome)
{
    int64_t token_ns = (int64_t)(1e9 / CAPACITY_PER_S);
    struct hunt hunt = {.script = {.queue = true,
                                   .bucket_ns = 2 * token_ns,
                                   .delay = {DRAW_FIXED, token_ns, 0, 0}},
                        .limit_ns = 2000000,
                        .count = SEARCHES};
    struct search_result results[SEARCHES];

    if (carried_out(&hunt, outcome)) {
        for (int i = 0; i < SEARCHES; i++) {
            search_judge(&hunt.searches[i], &results[i]);
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
    end(&hunt);
}

void test_search_cannot(struct outcome *outcome)
{
    struct hunt hunt = {.script = {.delay = {DRAW_FIXED, 20000000, 0, 0}},
                        .limit_ns = 5000000,
                        .count = 1};
    struct search_result result;

    if (carried_out(&hunt, outcome)) {
        search_judge(&hunt.searches[0], &result);
        outcome_words(outcome, "a limit below the delay", "cannot be met",
                      result.cannot_meet ? "cannot be met" : "is met",
                      result.cannot_meet);
        outcome_count(outcome, "steps", (uint64_t)hunt.searches[0].count, 2);
    }
    end(&hunt);
}
