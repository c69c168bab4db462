/* SPDX-License-Identifier: MIT
 *
 * The schedule of an open loop: rate, shape, reproducibility, and the same
 * union for any number of processes.
 */
#include "harness/load/schedule.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct load_spec plan_of(enum load_arrivals arrivals, double rate_per_s,
                                uint64_t seed)
{
    return (struct load_spec){
        .mode = LOAD_OPEN,
        .arrivals = arrivals,
        .rate_per_s = rate_per_s,
        .seed = seed,
        .warmup_ns = INT64_C(1000000000),
        .window_ns = INT64_C(9000000000),
    };
}

/* Mean and coefficient of variation of the gaps. */
static void measure(const struct load_schedule *schedule, double *mean_ns,
                    double *variation)
{
    double sum = 0, squares = 0;
    size_t n = schedule->count - 1;
    for (size_t i = 0; i < n; i++) {
        double gap = (double)(schedule->due_ns[i + 1] - schedule->due_ns[i]);
        sum += gap;
        squares += gap * gap;
    }
    *mean_ns = sum / (double)n;
    *variation = sqrt(squares / (double)n - *mean_ns * *mean_ns) / *mean_ns;
}

static void poisson_has_exponential_gaps(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct load_spec plan = plan_of(ARRIVALS_POISSON, 10000, seed);
        struct load_schedule schedule;
        assert_int_equal(load_schedule_make(&plan, 0, 1, &schedule), 0);
        double mean_ns, variation;
        measure(&schedule, &mean_ns, &variation);
        /* 100,000 gaps: 5 standard errors are 1.6 %. */
        assert_true(fabs(mean_ns / 100000 - 1) < 0.016);
        assert_true(fabs(variation - 1) < 0.03);
        /* Exponential: a share of exp(-1) exceeds the mean. */
        size_t above = 0;
        for (size_t i = 1; i < schedule.count; i++)
            above += schedule.due_ns[i] - schedule.due_ns[i - 1] > 100000;
        double share = (double)above / (double)(schedule.count - 1);
        assert_true(fabs(share - exp(-1)) < 0.01);
        load_schedule_free(&schedule);
    }
}

static void uniform_does_not_drift(void **state)
{
    (void)state;
    struct load_spec plan = plan_of(ARRIVALS_UNIFORM, 3000, 1);
    struct load_schedule schedule;
    assert_int_equal(load_schedule_make(&plan, 0, 1, &schedule), 0);
    assert_int_equal(schedule.count, 30000);
    for (size_t i = 0; i < schedule.count; i++)
        assert_true(llabs(schedule.due_ns[i] - (int64_t)(i * 1000000 / 3)) <=
                    1);
    load_schedule_free(&schedule);
}

/* From 100/s to 700/s over 9 s, after a second of 100/s: by each moment as many
 * requests are due as the integral of the rate says. */
static void a_rate_rises(void **state)
{
    (void)state;
    for (int burst = 1; burst <= 8; burst += 7) {
        struct load_spec plan = plan_of(ARRIVALS_POISSON, 100, 5);
        struct load_schedule uniform, random;
        plan.rate_end_per_s = 700;
        plan.burst = burst;
        assert_int_equal(load_schedule_make(&plan, 0, 1, &random), 0);
        plan.arrivals = ARRIVALS_UNIFORM;
        assert_int_equal(load_schedule_make(&plan, 0, 1, &uniform), 0);
        assert_int_equal(uniform.count, 3700);
        assert_true(fabs((double)random.count - 3700) <
                    5 * sqrt(3700.0 * burst));
        size_t a = 0, b = 0;
        for (double s = 0.5; s < 10; s += 0.5) {
            double into = fmax(0, s - 1);
            double due = 100 * s + (700 - 100) / 9.0 * into * into / 2;
            while (a < uniform.count && (double)uniform.due_ns[a] < s * 1e9)
                a++;
            while (b < random.count && (double)random.due_ns[b] < s * 1e9)
                b++;
            assert_true(fabs((double)a - due) <= 1.001);
            assert_true(fabs((double)b - due) < 5 * sqrt(due * burst) + 1);
        }
        assert_true(fabs(load_schedule_rate(&plan, 0.5e9) - 100) < 1e-9);
        assert_true(fabs(load_schedule_rate(&plan, 5.5e9) - 400) < 1e-9);
        assert_true(fabs(load_schedule_rate(&plan, 10e9) - 700) < 1e-9);
        load_schedule_free(&uniform);
        load_schedule_free(&random);
    }
}

static void same_seed_same_schedule(void **state)
{
    (void)state;
    struct load_schedule a, b, c;
    struct load_spec plan = plan_of(ARRIVALS_POISSON, 1000, 42);
    assert_int_equal(load_schedule_make(&plan, 0, 1, &a), 0);
    assert_int_equal(load_schedule_make(&plan, 0, 1, &b), 0);
    plan.seed = 43;
    assert_int_equal(load_schedule_make(&plan, 0, 1, &c), 0);
    assert_int_equal(a.count, b.count);
    assert_memory_equal(a.due_ns, b.due_ns, a.count * sizeof *a.due_ns);
    assert_int_not_equal(a.due_ns[0], c.due_ns[0]);
    load_schedule_free(&a);
    load_schedule_free(&b);
    load_schedule_free(&c);
}

static void processes_share_one_schedule(void **state)
{
    (void)state;
    struct load_spec plan = plan_of(ARRIVALS_POISSON, 1000, 7);
    struct load_schedule whole;
    assert_int_equal(load_schedule_make(&plan, 0, 1, &whole), 0);
    for (int processes = 2; processes <= 5; processes++) {
        size_t total = 0;
        for (int p = 0; p < processes; p++) {
            struct load_schedule part;
            assert_int_equal(load_schedule_make(&plan, p, processes, &part), 0);
            for (size_t k = 0; k < part.count; k++) {
                size_t number = (size_t)p + k * (size_t)processes;
                assert_true(part.due_ns[k] == whole.due_ns[number]);
            }
            total += part.count;
            load_schedule_free(&part);
        }
        assert_int_equal(total, whole.count);
    }
    load_schedule_free(&whole);
}

static void slow_rates_may_have_no_arrival(void **state)
{
    (void)state;
    struct load_spec plan = plan_of(ARRIVALS_UNIFORM, 0.001, 7);
    struct load_schedule schedule;
    assert_int_equal(load_schedule_make(&plan, 1, 2, &schedule), 0);
    assert_int_equal(schedule.count, 0);
    load_schedule_free(&schedule);
}

/* K at each instant, exponential gaps of K times the length between them; and
 * no burst is torn by the number of processes or the schedule's end. */
static void bursts_come_whole(void **state)
{
    (void)state;
    enum { K = 8 };
    struct load_spec plan = plan_of(ARRIVALS_POISSON, 80000, 3);
    struct load_schedule schedule, single;
    assert_int_equal(load_schedule_make(&plan, 0, 1, &single), 0);
    plan.burst = 1;
    assert_int_equal(load_schedule_make(&plan, 0, 1, &schedule), 0);
    assert_int_equal(schedule.count, single.count);
    assert_memory_equal(schedule.due_ns, single.due_ns,
                        single.count * sizeof *single.due_ns);
    load_schedule_free(&schedule);
    load_schedule_free(&single);
    plan.burst = K;
    assert_int_equal(load_schedule_make(&plan, 0, 1, &schedule), 0);
    assert_int_equal(schedule.count % K, 0);
    size_t instants = schedule.count / K;
    for (size_t i = 0; i < instants; i++) {
        for (size_t k = 1; k < K; k++)
            assert_true(schedule.due_ns[i * K + k] == schedule.due_ns[i * K]);
        single.due_ns = schedule.due_ns; /* the instants alone, in place */
        single.due_ns[i] = schedule.due_ns[i * K];
    }
    single.count = instants;
    double mean_ns, variation;
    measure(&single, &mean_ns, &variation);
    /* 100,000 gaps: 5 standard errors are 1.6 %. */
    assert_true(fabs(mean_ns / 100000 - 1) < 0.016);
    assert_true(fabs(variation - 1) < 0.03);
    load_schedule_free(&schedule);
    plan.rate_per_s = 1000;
    struct load_schedule part;
    assert_int_equal(load_schedule_make(&plan, 0, 1, &schedule), 0);
    assert_int_equal(load_schedule_make(&plan, 1, 3, &part), 0);
    for (size_t k = 0; k < part.count; k++)
        assert_true(part.due_ns[k] == schedule.due_ns[1 + 3 * k]);
    load_schedule_free(&part);
    load_schedule_free(&schedule);
}

static void names_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const good[] = {"poisson", "uniform", "burst:2",
                                       "burst:10000"};
    static const char *const bad[] = {"",        "Poisson",     "burst",
                                      "burst:",  "burst:1",     "burst:-2",
                                      "burst:x", "burst:10001", "burst:2.5"};
    enum load_arrivals arrivals;
    int burst;
    char text[LOAD_ARRIVALS_TEXT];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(load_schedule_parse(good[i], &arrivals, &burst), 0);
        assert_string_equal(
            load_schedule_name(arrivals, burst, text, sizeof text), good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(load_schedule_parse(bad[i], &arrivals, &burst),
                         -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poisson_has_exponential_gaps),
        cmocka_unit_test(uniform_does_not_drift),
        cmocka_unit_test(a_rate_rises),
        cmocka_unit_test(same_seed_same_schedule),
        cmocka_unit_test(processes_share_one_schedule),
        cmocka_unit_test(slow_rates_may_have_no_arrival),
        cmocka_unit_test(bursts_come_whole),
        cmocka_unit_test(names_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
