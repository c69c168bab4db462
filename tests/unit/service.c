/* SPDX-License-Identifier: MIT
 *
 * The workload `service`: the law of its factors, that the short cut to its
 * answer is the answer, that the generator has enough different requests, and
 * that the bare work is that of the mean request.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/load/answers.h"
#include "harness/machine/bare.h"
#include "models/runtime/http/http.h"
#include "workloads/factor.h"
#include "workloads/spin_jump.h"

enum { SEEDS = 100000 };

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double mean_of(const double *values, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += values[i] / n;
    return sum;
}

static double deviation_of(const double *values, int n)
{
    double mean = mean_of(values, n), squares = 0;
    for (int i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean) / n;
    return sqrt(squares);
}

static double correlation(const double *a, const double *b, int n)
{
    double product = 0, mean_a = mean_of(a, n), mean_b = mean_of(b, n);
    for (int i = 0; i < n; i++)
        product += (a[i] - mean_a) * (b[i] - mean_b) / n;
    return product / deviation_of(a, n) / deviation_of(b, n);
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.5g, expected %.5g (%+.2f %%, allowed %.2f %%)",
                 what, got, expected, 100 * (got / expected - 1), 100 * limit);
}

static double *factors(enum factor which, uint64_t first, int64_t cv_percent)
{
    double *values = malloc(SEEDS * sizeof *values);
    assert_non_null(values);
    for (int i = 0; i < SEEDS; i++)
        values[i] = (double)factor_of(which, first + (uint64_t)i, cv_percent) /
                    FACTOR_ONE;
    return values;
}

/* Of consecutive seeds, wherever they begin. */
static void check_law(enum factor which, uint64_t first, int64_t cv_percent)
{
    double *values = factors(which, first, cv_percent);
    double cv = (double)cv_percent / 100;
    near("mean", mean_of(values, SEEDS), 1, 0.02);
    near("CV", deviation_of(values, SEEDS), cv, 0.05);
    if (fabs(correlation(values, values + 1, SEEDS - 1)) > 0.015)
        fail_msg("a factor tells the next one from seed %llu on",
                 (unsigned long long)first);
    qsort(values, SEEDS, sizeof *values, ascending);
    near("p1", values[SEEDS / 100], factor_at(cv, -2.32635), 0.05);
    near("p50", values[SEEDS / 2], factor_at(cv, 0), 0.02);
    near("p99", values[SEEDS / 100 * 99], factor_at(cv, 2.32635), 0.05);
    free(values);
}

static void factors_of_consecutive_seeds_are_lognormal(void **state)
{
    static const uint64_t firsts[] = {0, 123456789, UINT64_MAX - SEEDS / 2};
    (void)state;
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
        for (int which = FACTOR_WAIT; which <= FACTOR_WORK; which++) {
            check_law((enum factor)which, firsts[i], 100);
            check_law((enum factor)which, firsts[i], 20);
        }
    /* By definition: mean 1, and s^2 = ln(1 + CV^2). */
    near("median at CV 3", factor_at(3, 0), 1 / sqrt(10), 1e-12);
    for (uint64_t seed = 0; seed < 1000; seed++)
        assert_int_equal(factor_of(FACTOR_WAIT, seed, 0), FACTOR_ONE);
}

static void wait_and_work_are_independent(void **state)
{
    double *waits = factors(FACTOR_WAIT, 100000000, 100);
    double *works = factors(FACTOR_WORK, 100000000, 100);
    (void)state;
    assert_true(fabs(correlation(waits, works, SEEDS)) < 0.015);
    free(waits);
    free(works);
}

static void amounts_are_rounded_down(void **state)
{
    (void)state;
    assert_int_equal(factor_times(1000, 1536, INT64_MAX), 1500);
    assert_int_equal(factor_times(1023, 1025, INT64_MAX), 1023);
    assert_int_equal(factor_times(3600000000000, 1 << 18, INT64_MAX),
                     3600000000000 * 256);
    assert_int_equal(factor_times(1000, 1536, 1200), 1200);
}

static void a_jump_is_all_steps(void **state)
{
    static const int64_t steps[] = {0, 1, 2, 63, 64, 65, 1000, 54321, 1234567};
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            struct spin spin = {mix(seed), steps[i]};
            assert_int_equal(spin_jump(&spin), spin_run(&spin));
        }
}

static struct arguments parsed(const struct workload_entry *service,
                               const char *query)
{
    struct arguments arguments;
    char why[256];
    assert_non_null(service);
    assert_int_equal(parameters_parse_query(service->workload->parameters,
                                            query, strlen(query), &arguments,
                                            why, sizeof why),
                     0);
    return arguments;
}

static void the_short_cut_gives_the_answer(void **state)
{
    static const char *const queries[] = {
        "",
        "calls=0&seed=18446744073709551615",
        "calls=16&steps=5&seed=1",
        "calls=3&steps=1000003&size=64B&cv_cpu=300&cv_wait=300&seed=77",
        "steps=0&size=1MiB&seed=18446744073709551614",
    };
    const struct workload_entry *service = workload_find("service");
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct arguments arguments = parsed(service, queries[i]);
        struct reply slow, quick;
        size_t size, quick_size;
        reply_init(&slow);
        reply_init(&quick);
        assert_int_equal(service->workload->answer(&arguments, &slow), 0);
        assert_int_equal(service->workload->expect(&arguments, &quick), 0);
        const char *body = reply_body(&slow, &size);
        const char *quick_body = reply_body(&quick, &quick_size);
        assert_int_equal(size, argument(&arguments, 3));
        assert_int_equal(size, quick_size);
        assert_memory_equal(body, quick_body, size);
        assert_int_equal(body[size - 1], '\n');
        reply_free(&slow);
        reply_free(&quick);
    }
}

static int requests_of(const char *query)
{
    const struct workload_entry *service = workload_find("service");
    struct arguments arguments = parsed(service, query);
    struct load_request *requests;
    int count;
    assert_int_equal(
        answers_make_some(service, &arguments, 42, &requests, &count), 0);
    answers_free(requests, count);
    return count;
}

/* A loop of 10 million steps takes 10 ms, and 500 ms are the budget. */
static void requests_are_many_however_dear_they_are(void **state)
{
    (void)state;
    assert_in_range(requests_of("steps=10M&cv_cpu=100"), 1000, 4096);
    assert_in_range(requests_of("size=1MiB"), 4, 65); /* 64 MiB in all */
}

/* A seed from which on the work of requests stays less than half of the mean:
 * of 10, of 150 and of any number between. */
static uint64_t light_seeds(const struct workload *service,
                            struct arguments arguments)
{
    enum { FEW = 10, MANY = 150 };
    for (uint64_t first = 0;; first++) {
        double sum = 0;
        int n = 0;
        while (n < MANY && (n < FEW || sum < n / 2.0)) {
            arguments.seed = first + (uint64_t)++n;
            sum += service->work_factor(&arguments);
        }
        if (n == MANY && sum < n / 2.0)
            return first;
    }
}

static double bare_of(const struct workload *service,
                      const struct arguments *arguments)
{
    cpu_set_t cpus, one;
    struct bare bare;
    assert_int_equal(sched_getaffinity(0, sizeof cpus, &cpus), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &cpus))
            CPU_SET(cpu, &one);
    assert_int_equal(bare_measure(service, arguments, &one, 20000000, &bare),
                     0);
    return bare.per_s;
}

/* Whatever the seeds: within 40 %, where counting answers would be off by over
 * 100 %; at least once, on a machine that others use. */
static void bare_work_is_that_of_the_mean_request(void **state)
{
    enum { ATTEMPTS = 10 };
    const struct workload_entry *service = workload_find("service");
    struct arguments even = parsed(service, "steps=1M"), varied;
    double ratio = 0;
    (void)state;
    varied = parsed(service, "steps=1M&cv_cpu=300");
    varied.seed = light_seeds(service->workload, varied);
    for (int i = 0; i < ATTEMPTS; i++) {
        double before = bare_of(service->workload, &even);
        ratio = bare_of(service->workload, &varied) / before;
        if (fabs(ratio - 1) < 0.4)
            return;
    }
    fail_msg("the bare rate of varied work is %.3g of that of even work",
             ratio);
}

static void the_work_factor_is_of_steps(void **state)
{
    const struct workload_entry *service = workload_find("service");
    struct arguments arguments = parsed(service, "steps=1M&cv_cpu=100");
    double sum = 0;
    (void)state;
    for (arguments.seed = 0; arguments.seed < 10000; arguments.seed++)
        sum += service->workload->work_factor(&arguments) / 10000;
    near("mean work", sum, 1, 0.05);
    arguments = parsed(service, "steps=0");
    assert_true(service->workload->work_factor(&arguments) == 1);
    arguments = parsed(service, "calls=0&delay=1h&cv_wait=100");
    assert_int_equal(service->workload->wait_ns(&arguments), 0);
    assert_true(service->workload->wait_cv(&arguments) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_of_consecutive_seeds_are_lognormal),
        cmocka_unit_test(wait_and_work_are_independent),
        cmocka_unit_test(amounts_are_rounded_down),
        cmocka_unit_test(a_jump_is_all_steps),
        cmocka_unit_test(the_short_cut_gives_the_answer),
        cmocka_unit_test(requests_are_many_however_dear_they_are),
        cmocka_unit_test(the_work_factor_is_of_steps),
        cmocka_unit_test(bare_work_is_that_of_the_mean_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
