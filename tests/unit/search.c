/* SPDX-License-Identifier: MIT
 *
 * The search against a made-up server whose capacity is known. Its noise, 5 %
 * from step to step, is drawn from a fixed seed: the same in every run, so
 * the limits need no room for bad luck, but the shares are those of 2,000
 * searches and lie far from them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness/arithmetic/order.h"
#include "harness/search/search.h"

enum { SEARCHES = 2000 };

static const double CAPACITY = 1000;

static double uniform(uint64_t *state)
{
    return ((double)(order_random(state) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *state)
{
    return sqrt(-2 * log(uniform(state))) *
           cos(6.283185307179586 * uniform(state));
}

/* A server that passes while the rate is below its capacity, which the noise
 * moves from step to step. */
struct server {
    double capacity, noise, generator_limit, invalid_share, ceiling;
    uint64_t state;
};

static void carry_out(struct search *search, struct server *server)
{
    search_begin(search);
    while (!search_over(search)) {
        double now =
            server->capacity * exp(server->noise * normal(&server->state));
        double rate = search->rate_per_s;
        struct search_step step = {.verdict =
                                       rate <= now ? SEARCH_PASS : SEARCH_FAIL};

        if (search->phase == SEARCH_CEILING)
            step.achieved_per_s = server->ceiling * now;
        else if (server->generator_limit > 0 && rate > server->generator_limit)
            step.verdict = SEARCH_LIMIT;
        if (uniform(&server->state) < server->invalid_share)
            step.verdict = SEARCH_INVALID;
        search_note(search, &step);
    }
}

static void test_exact(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    struct server server = {.capacity = CAPACITY, .ceiling = 1.3};
    struct search_result result;

    (void)state;
    carry_out(search, &server);
    search_judge(search, &result);
    assert_int_equal(search->count, SEARCH_STEPS);
    assert_float_equal(result.estimate_per_s, CAPACITY, 0.02 * CAPACITY);
    assert_true(result.conservative_per_s <= result.estimate_per_s * 1.005);
    assert_true(result.last_success <= CAPACITY);
    assert_true(result.first_failure > CAPACITY);
    assert_false(result.at_least || result.cannot_meet || search->failed);
    free(search);
}

static void test_noise(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    struct server server = {.capacity = CAPACITY,
                            .noise = 0.05,
                            .invalid_share = 0.02,
                            .ceiling = 1.1,
                            .state = 20261121};
    double sum = 0, squares = 0, cautious = 0, before = 0, six = 0;
    int near = 0, alike = 0, sixes = 0, n = 0;

    (void)state;
    for (int i = 0; i < SEARCHES; i++) {
        struct search_result result;
        double error;

        carry_out(search, &server);
        search_judge(search, &result);
        if (search->failed)
            continue; /* three invalid attempts in a row */
        error = log(result.estimate_per_s / CAPACITY);
        sum += error;
        squares += error * error;
        cautious += log(result.conservative_per_s / CAPACITY);
        near += fabs(error) < 0.03;
        alike += n % 2 == 1 && fabs(error - before) < 0.05;
        before = error;
        six += error;
        if (++n % 6 == 0) {
            sixes += fabs(six / 6) < 0.03;
            six = 0;
        }
    }
    assert_true(n > 0.99 * SEARCHES);
    /* Bias below 1 %, one search within some 2.2 % (one deviation). */
    assert_true(fabs(sum / n) < 0.01);
    assert_true(sqrt(squares / n) < 0.027);
    assert_true(near > 0.75 * n);
    /* Repeats within 5 %; the mean of six blocks within 3 %. */
    assert_true(alike > 0.85 * (n / 2.0));
    assert_true(sixes >= 0.99 * (n / 6));
    /* Three quarters of the steps pass 0.67 deviations lower. */
    assert_true(cautious / n < sum / n - 0.01);
    assert_true(cautious / n > -0.06);
    free(search);
}

static void test_cannot_meet(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    struct server server = {.capacity = CAPACITY, .ceiling = 20};
    struct search_result result;

    (void)state;
    carry_out(search, &server);
    search_judge(search, &result);
    assert_true(result.cannot_meet);
    assert_true(result.estimate_per_s <= 0);
    assert_int_equal(search->count, 2);
    free(search);
}

static void test_generator_limit(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    struct server server = {
        .capacity = CAPACITY, .ceiling = 0.8, .generator_limit = 700};
    struct search_result result;

    (void)state;
    carry_out(search, &server);
    search_judge(search, &result);
    assert_true(result.at_least);
    assert_true(result.estimate_per_s <= 700);
    assert_true(result.estimate_per_s > 650);
    free(search);
}

/* Bisections far above the capacity may be beyond the generator: the staircase
 * is not, and its result is the server's. */
static void test_limit_above(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    struct server server = {
        .capacity = 300, .ceiling = 3, .generator_limit = 310};
    struct search_result result;

    (void)state;
    carry_out(search, &server);
    search_judge(search, &result);
    assert_false(result.cannot_meet || result.at_least);
    assert_float_equal(result.estimate_per_s, 300, 6);
    free(search);
}

static void test_invalid(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    struct search_step step = {.verdict = SEARCH_INVALID};
    struct search_result result;
    double rate;

    (void)state;
    search_begin(search);
    step.verdict = SEARCH_PASS;
    step.achieved_per_s = 100;
    search_note(search, &step);
    rate = search->rate_per_s;
    step.verdict = SEARCH_INVALID;
    search_note(search, &step);
    search_note(search, &step);
    assert_false(search_over(search));
    assert_true(search->rate_per_s >= rate && search->rate_per_s <= rate);
    search_note(search, &step);
    assert_true(search_over(search) && search->failed);
    search_judge(search, &result);
    assert_true(result.estimate_per_s <= 0);

    /* What would be the same again is not tried again. */
    search_begin(search);
    step.lasting = true;
    search_note(search, &step);
    assert_true(search_over(search) && search->failed);
    free(search);
}

/* A ceiling of nothing is none. */
static void test_no_ceiling(void **state)
{
    struct search *search = calloc(1, sizeof *search);
    struct search_step step = {.verdict = SEARCH_PASS};

    (void)state;
    search_begin(search);
    for (int i = 0; i < SEARCH_ATTEMPTS; i++)
        search_note(search, &step);
    assert_true(search_over(search) && search->failed);
    free(search);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_cannot_meet),
        cmocka_unit_test(test_generator_limit),
        cmocka_unit_test(test_limit_above),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_no_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
