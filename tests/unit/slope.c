/* SPDX-License-Identifier: MIT
 *
 * The slope against known truth: exact lines, a fit worked out by hand, parts
 * that must add up, and how often the 95 % interval covers the slope that
 * made the data, under scatter that follows the weights and scatter that does
 * not.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "harness/arithmetic/slope.h"

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("got %.12g, expected %.12g", got, expected);
}

static void test_exact_line(void **state)
{
    const double x[] = {0, 10, 100, 1000};
    double y[4], weights[4];
    struct slope s;

    (void)state;
    for (int i = 0; i < 4; i++) {
        y[i] = 1500000 + 40960 * x[i];
        weights[i] = 1 / (y[i] * y[i]);
    }
    assert_int_equal(slope_fit(x, y, weights, 4, &s), 0);
    assert_int_equal(s.places, 4);
    near(s.value, 40960, 1e-6);
    near(s.at_zero, 1500000, 1e-3);
    near(s.lo, 40960, 1e-3);
    near(s.hi, 40960, 1e-3);
}

/* x = 0..3, y = 0 1 1 3: slope 0.9, intercept -0.1, residuals 0.1 0.2 -0.7
 * 0.4, leverages 0.7 0.3 0.3 0.7. */
static void test_by_hand(void **state)
{
    const double x[] = {0, 1, 2, 3}, y[] = {0, 1, 1, 3};
    double parts[] = {-1.5 * 0.1 / 0.3, -0.5 * 0.2 / 0.7, 0.5 * -0.7 / 0.7,
                      1.5 * 0.4 / 0.3};
    double variance = 0;
    struct slope s;

    (void)state;
    assert_int_equal(slope_fit(x, y, NULL, 4, &s), 0);
    near(s.value, 0.9, 1e-12);
    near(s.at_zero, -0.1, 1e-12);
    for (int i = 0; i < 4; i++)
        variance += parts[i] * parts[i] / 25;
    near(s.hi - s.value, 4.302652729911275 * sqrt(variance), 1e-9);
    near(s.value - s.lo, s.hi - s.value, 1e-12);
}

static void test_parts_add_up(void **state)
{
    const double x[] = {0, 0, 10, 10, 90, 90};
    const double a[] = {1, 2, 5, 4, 33, 30}, b[] = {7, 6, 7, 9, 5, 8};
    double sum[6], weights[6];
    struct slope of_a, of_b, of_sum;

    (void)state;
    for (int i = 0; i < 6; i++) {
        sum[i] = a[i] + b[i];
        weights[i] = 1 / (sum[i] * sum[i]);
    }
    slope_fit(x, a, weights, 6, &of_a);
    slope_fit(x, b, weights, 6, &of_b);
    slope_fit(x, sum, weights, 6, &of_sum);
    near(of_a.value + of_b.value, of_sum.value, 1e-12);
    near(of_a.at_zero + of_b.at_zero, of_sum.at_zero, 1e-12);
}

static void test_refused(void **state)
{
    const double x[] = {0, 5, 5}, y[] = {1, 2, 3};
    const double wide[] = {0, 1, 2}, unknown[] = {1, NAN, 3};
    struct slope s;

    (void)state;
    assert_int_equal(slope_fit(x, y, NULL, 3, &s), -EINVAL);
    assert_int_equal(slope_fit(x, y, NULL, 0, &s), -EINVAL);
    assert_int_equal(slope_fit(wide, unknown, NULL, 3, &s), -EINVAL);
}

static uint64_t random_state = 88172645463325252;

static double uniform(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

/* The share of 4,000 runs of a sweep, six blocks each, whose interval covers
 * the truth. Scatter: of the level, and of the meter (in bytes). */
static double coverage(double share, double meter_bytes)
{
    enum { RUNS = 4000, BLOCKS = 6 };
    const double at[] = {0, 10, 100, 1000, 10000};
    const int repeats[] = {4, 1, 1, 1, 1};
    double x[64], y[64], weights[64];
    int covered = 0;

    for (int run = 0; run < RUNS; run++) {
        struct slope s;
        int n = 0;

        for (int place = 0; place < 5; place++)
            for (int i = 0; i < repeats[place] * BLOCKS; i++, n++) {
                double level = 1.5e6 + 9000 * at[place];

                x[n] = at[place];
                y[n] = level * (1 + share * normal()) +
                       meter_bytes * (uniform() - 0.5);
                weights[n] = 1 / (y[n] * y[n]);
            }
        slope_fit(x, y, weights, n, &s);
        covered += s.lo <= 9000 && 9000 <= s.hi;
    }
    return (double)covered / RUNS;
}

static void test_coverage(void **state)
{
    (void)state;
    /* 95 %, and what weights taken from noisy levels cost. */
    const double cases[][2] = {{0.01, 0}, {0.03, 0}, {0.002, 262144}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double share = coverage(cases[i][0], cases[i][1]);

        if (share < 0.93 || share > 0.985)
            fail_msg("scatter %g, meter %g: covers %.4f", cases[i][0],
                     cases[i][1], share);
        print_message("scatter %g, meter %g: covers %.4f\n", cases[i][0],
                      cases[i][1], share);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_line),   cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_parts_add_up), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_coverage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
