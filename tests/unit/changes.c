/* SPDX-License-Identifier: MIT
 *
 * Changes of level against known truth: unchanged series of several kinds of
 * noise, planted steps, and series in which nothing can be found. Seeds are
 * fixed, so a count that passes always passes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness/arithmetic/changes.h"
#include "harness/arithmetic/order.h"

enum { SERIES = 1000, LONGEST = 200 };

static double uniform(uint64_t *random)
{
    return ((double)(order_random(random) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *random)
{
    double u = uniform(random);

    return sqrt(-2 * log(u)) * cos(2 * M_PI * uniform(random));
}

/* Tails far heavier than normal. */
static double laplace(uint64_t *random)
{
    double u = uniform(random) - 0.5;

    return copysign(log(1 - 2 * fabs(u)), u) / sqrt(2);
}

/* A machine that now and then is slow. */
static double outliers(uint64_t *random)
{
    return normal(random) - (uniform(random) < 0.05 ? 5 : 0);
}

/* How many of a thousand unchanged series show a change. */
static int alarms(double (*noise)(uint64_t *random), int n, uint64_t seed)
{
    struct change changes[LONGEST / CHANGES_SIDE_MIN];
    double values[LONGEST];
    int found = 0;

    for (int k = 0; k < SERIES; k++) {
        for (int i = 0; i < n; i++)
            values[i] = 1000 * exp(0.03 * noise(&seed));
        found += changes_find(values, n, 1, changes) > 0;
    }
    return found;
}

static void test_no_change_is_found_where_none_is(void **state)
{
    static const int lengths[] = {8, 15, 30, 60};
    double (*const kinds[])(uint64_t *) = {normal, laplace, outliers};

    (void)state;
    for (size_t kind = 0; kind < 3; kind++)
        for (size_t i = 0; i < 4; i++) {
            int found = alarms(kinds[kind], lengths[i], 1 + i + 10 * kind);
            print_message("noise %zu, %d values: %d of %d\n", kind, lengths[i],
                          found, SERIES);
            assert_in_range(found, 0, SERIES / 100 - 1);
        }
}

/* How many of a thousand series of n values with a step of 10 % at `at` show
 * just one change, within `near` values of it. */
static int hits(int n, int at, double noise, int near)
{
    struct change changes[LONGEST / CHANGES_SIDE_MIN];
    double values[LONGEST];
    uint64_t seed = 77;
    int found = 0;

    for (int k = 0; k < SERIES; k++) {
        for (int i = 0; i < n; i++)
            values[i] = (i < at ? 1000 : 1100) * exp(noise * normal(&seed));
        found += changes_find(values, n, 1, changes) == 1 &&
                 abs(changes[0].at - at) <= near;
    }
    print_message("a step at %d of %d, noise %.0f %%: %d of %d within %d\n", at,
                  n, 100 * noise, found, SERIES, near);
    return found;
}

static void test_a_step_is_found_at_its_place(void **state)
{
    (void)state;
    assert_in_range(hits(30, 15, 0.03, 1), 950, SERIES);
    assert_in_range(hits(40, 25, 0.03, 1), 950, SERIES);
    /* The likeliest place itself is one off in a tenth of such series. */
    assert_in_range(hits(40, 25, 0.03, 0), 850, SERIES);
    assert_in_range(hits(20, 17, 0.01, 0), 950, SERIES); /* just now */
    assert_in_range(hits(8, 4, 0.01, 0), 950, SERIES);   /* few runs */
}

static void test_several_steps(void **state)
{
    struct change changes[60 / CHANGES_SIDE_MIN];
    double values[60];
    uint64_t seed = 5;

    (void)state;
    for (int i = 0; i < 60; i++)
        values[i] = (i < 20   ? 100
                     : i < 40 ? 120
                              : 90) *
                    exp(0.01 * normal(&seed));
    assert_int_equal(changes_find(values, 60, 1, changes), 2);
    assert_int_equal(changes[0].at, 20);
    assert_int_equal(changes[1].at, 40);
    assert_true(fabs(changes[0].ratio.value - 1.2) < 0.02);
    assert_true(changes[0].ratio.lo < 1.2 && changes[0].ratio.hi > 1.2);
    assert_true(fabs(changes[1].ratio.value - 0.75) < 0.02);
    assert_true(changes[0].p <= CHANGES_LEVEL);
}

static void test_a_change_of_scale_is_none(void **state)
{
    struct change at_one[20], at_many[20];
    double values[40], larger[40];
    uint64_t seed = 9;

    (void)state;
    for (int i = 0; i < 40; i++) {
        values[i] = (i < 25 ? 1 : 1.05) * exp(0.01 * normal(&seed));
        larger[i] = 3e9 * values[i];
    }
    assert_int_equal(changes_find(values, 40, 1, at_one), 1);
    assert_int_equal(changes_find(larger, 40, 1, at_many), 1);
    assert_int_equal(at_one[0].at, at_many[0].at);
    assert_true(fabs(at_one[0].ratio.value - at_many[0].ratio.value) < 1e-9);
}

static void test_too_few_and_equal_values(void **state)
{
    double values[CHANGES_SERIES_MAX + 1];
    struct change *changes = calloc(CHANGES_SERIES_MAX, sizeof *changes);

    (void)state;
    for (int i = 0; i <= CHANGES_SERIES_MAX; i++)
        values[i] = i < 4 ? 1 : 2;
    assert_int_equal(changes_find(values, 7, 1, changes), 0);
    assert_int_equal(changes_find(values, 8, 1, changes), 1);
    assert_int_equal(changes_find(values + 4, 50, 1, changes), 0);
    assert_int_equal(changes_find(values, CHANGES_SERIES_MAX + 1, 1, changes),
                     0);
    for (int i = 0; i < 50; i++) /* equal but for rounding */
        values[i] = (i < 20 ? 0.1 + 0.2 : 0.3) * 1e6;
    assert_int_equal(changes_find(values, 50, 1, changes), 0);
    for (int i = 4; i < 54; i++)
        values[i] = 2;
    values[20] = 4; /* one odd run is no level */
    assert_int_equal(changes_find(values + 4, 50, 1, changes), 0);
    free(changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_change_is_found_where_none_is),
        cmocka_unit_test(test_a_step_is_found_at_its_place),
        cmocka_unit_test(test_several_steps),
        cmocka_unit_test(test_a_change_of_scale_is_none),
        cmocka_unit_test(test_too_few_and_equal_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
