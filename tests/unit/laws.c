/* SPDX-License-Identifier: MIT
 *
 * The laws: each by hand, which one binds, and which does not apply.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/predict/laws.h"

/* 12 connections that think for 90 ms; a request waits 20 ms in two calls, of
 * 15 ms each, and computes for 10 ms. */
static const struct laws_input ALL = {
    .connections = 12,
    .think_s = 0.09,
    .wait_s = 0.02,
    .cpu_s = 0.01,
    .cpus = 2,
    .holding_workers = 9,
    .backend_workers = 5,
    .backend_s = 0.03,
    .flight_bytes = 1000,
    .memory_left = 4000,
};

static void near(double got, double expected)
{
    if (!(fabs(got / expected - 1) < 1e-12))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static void test_each(void **state)
{
    struct laws_input in = ALL;
    struct laws laws = laws_of(&in);

    (void)state;
    assert_true(isinf(laws.per_s[LAW_OFFERED]));
    near(laws.per_s[LAW_CLIENTS], 12 / 0.12);
    near(laws.per_s[LAW_WORKERS], 9 / 0.03);
    near(laws.per_s[LAW_BACKEND], 5 / 0.03);
    near(laws.per_s[LAW_CPU], 2 / 0.01);
    assert_true(isinf(laws.per_s[LAW_THREAD]));
    near(laws.per_s[LAW_MEMORY], 4 / 0.03);
    assert_int_equal(laws.binding, LAW_CLIENTS);
    assert_int_equal(laws.capacity, LAW_MEMORY);
    in.open = true;
    in.rate_per_s = 150;
    laws = laws_of(&in);
    assert_true(isinf(laws.per_s[LAW_CLIENTS]));
    near(laws.per_s[LAW_OFFERED], 150);
    assert_int_equal(laws.binding, LAW_MEMORY);
    in.memory_left = -1; /* the server alone is too large */
    laws = laws_of(&in);
    assert_true(laws.per_s[LAW_MEMORY] == 0);
}

static void test_none(void **state)
{
    struct laws_input in = {.connections = 8, .cpus = 1};
    struct laws laws = laws_of(&in);

    (void)state;
    for (int law = 0; law < LAWS; law++)
        assert_true(isinf(laws.per_s[law]));
    in = ALL;
    in.memory_left = NAN;
    assert_true(isinf(laws_of(&in).per_s[LAW_MEMORY]));
    in.memory_left = INFINITY;
    assert_true(isinf(laws_of(&in).per_s[LAW_MEMORY]));
}

/* One worker that only computes: it is as busy as its CPU. */
static void test_equal(void **state)
{
    struct laws_input in = {
        .connections = 1, .cpu_s = 0.01, .cpus = 1, .holding_workers = 1};
    struct laws laws = laws_of(&in);

    (void)state;
    assert_true(laws.per_s[LAW_CLIENTS] == laws.per_s[LAW_CPU] &&
                laws.per_s[LAW_WORKERS] == laws.per_s[LAW_CPU]);
    assert_int_equal(laws.binding, LAW_CLIENTS);
    assert_int_equal(laws.capacity, LAW_CPU);
}

/* A quota lowers the CPU's bound, never raises it. */
static void test_quota(void **state)
{
    struct laws_input in = {
        .connections = 8, .cpu_s = 0.01, .cpus = 2, .quota_cpus = 1.5};

    (void)state;
    near(laws_of(&in).per_s[LAW_CPU], 150);
    in.quota_cpus = 3;
    near(laws_of(&in).per_s[LAW_CPU], 200);
    in.quota_cpus = 0;
    near(laws_of(&in).per_s[LAW_CPU], 200);
}

/* As they stand in results. */
static void test_names(void **state)
{
    static const char *const names[LAWS] = {
        "offered rate", "closed loop", "workers", "backend",
        "cpu",          "one thread",  "memory"};

    (void)state;
    for (int law = 0; law < LAWS; law++)
        assert_string_equal(law_name(law), names[law]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),  cmocka_unit_test(test_none),
        cmocka_unit_test(test_equal), cmocka_unit_test(test_quota),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
