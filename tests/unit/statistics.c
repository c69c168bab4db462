/* SPDX-License-Identifier: MIT
 *
 * The statistics against known truth: t quantiles from published tables (and
 * the closed forms for 1 and 2 degrees of freedom), a ratio worked out by
 * hand, signed-rank probabilities counted by hand, every row of the verdict
 * table.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/statistics.h"

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("got %.12g, expected %.12g", got, expected);
}

static void test_t_quantile(void **state)
{
    (void)state;
    near(statistics_t_quantile(0.975, 1), tan(0.475 * M_PI), 1e-9);
    near(statistics_t_quantile(0.95, 2), 0.9 * sqrt(2 / (1 - 0.81)), 1e-9);
    near(statistics_t_quantile(0.975, 5), 2.570581835636314, 1e-9);
    near(statistics_t_quantile(0.95, 5), 2.015048372669157, 1e-9);
    near(statistics_t_quantile(0.975, 11), 2.200985160082949, 1e-9);
    near(statistics_t_quantile(0.975, 23), 2.068657610419041, 1e-9);
    near(statistics_t_quantile(0.975, 100000), 1.959987, 1e-5);
    near(statistics_t_quantile(0.025, 5), -2.570581835636314, 1e-9);
    near(statistics_t_quantile(0.5, 7), 0, 1e-9);
    assert_true(isnan(statistics_t_quantile(0.975, 0)));
    assert_true(isnan(statistics_t_quantile(1, 5)));
}

static void test_level(void **state)
{
    const double values[] = {1, 10, 100};
    struct estimate e;
    double half = statistics_t_quantile(0.975, 2) * log(10) / sqrt(3);

    (void)state;
    statistics_level(values, 3, &e);
    assert_int_equal(e.n, 3);
    near(e.value, 10, 1e-9);
    near(e.log_sd, log(10), 1e-12);
    near(log(e.hi), log(10) + half, 1e-9);
    near(log(e.lo), log(10) - half, 1e-9);
    near(e.min, 1, 1e-12);
    near(e.max, 100, 1e-9);
    statistics_level(values + 2, 1, &e);
    assert_int_equal(e.n, 1);
    near(e.value, 100, 1e-9);
    near(e.lo, 100, 1e-9);
    near(e.hi, 100, 1e-9);
    statistics_level(values, 0, &e);
    assert_int_equal(e.n, 0);
}

static void test_ratio(void **state)
{
    /* Drift of the machine hits both: the pairing removes it whole. */
    const double a[] = {200, 100, 400, 50, 800, 20};
    const double b[] = {100, 50, 200, 25, 400, 10};
    const double c[] = {110, 45, 210, 24, 420, 9.5};
    struct estimate e;

    (void)state;
    statistics_ratio(a, b, 6, &e);
    near(e.value, 2, 1e-12);
    near(e.lo, 2, 1e-9);
    near(e.hi, 2, 1e-9);
    statistics_ratio(a, c, 6, &e);
    near(e.value, 2.001529016315819, 1e-9);
    near(log(e.hi / e.lo) / 2, 2.570581835636314 * e.log_sd / sqrt(6), 1e-9);
    assert_true(e.lo90 > e.lo && e.hi90 < e.hi);
    near(e.min, 200 / 110.0, 1e-12);
    near(e.max, 100 / 45.0, 1e-12);
}

static void test_signed_rank(void **state)
{
    const double one[] = {1, 1, 1, 1, 1, 1};
    const double up[] = {1.1, 1.2, 1.3, 1.4, 1.5, 1.6};
    const double but_least[] = {1 / 1.1, 1.2, 1.3, 1.4, 1.5, 1.6};
    const double but_most[] = {1.1, 1.2, 1.3, 1.4, 1.5, 1 / 1.6};
    const double tied[] = {2, 2, 2, 0.5, 2, 2};
    const double zeros[] = {1, 1, 1.3, 1.4, 1.5, 1.6};
    double many_a[50], many_b[50];

    (void)state;
    near(statistics_signed_rank_p(up, one, 6), 2 / 64.0, 1e-15);
    near(statistics_signed_rank_p(one, up, 6), 2 / 64.0, 1e-15);
    near(statistics_signed_rank_p(but_least, one, 6), 4 / 64.0, 1e-15);
    /* W- = 6: sets of 1..6 that sum to at most 6: 14 */
    near(statistics_signed_rank_p(but_most, one, 6), 28 / 64.0, 1e-15);
    /* equal ranks: a binomial with at most one of six */
    near(statistics_signed_rank_p(tied, one, 6), 14 / 64.0, 1e-15);
    near(statistics_signed_rank_p(zeros, one, 6), 2 / 16.0, 1e-15);
    near(statistics_signed_rank_p(one, one, 6), 1, 0);
    for (int i = 0; i < 50; i++) {
        many_a[i] = 2 + i;
        many_b[i] = 1;
    }
    near(statistics_signed_rank_p(many_a, many_b, 50), ldexp(1, -49), 1e-25);
    assert_true(isnan(statistics_signed_rank_p(many_a, many_b, 51)));
}

static struct estimate ratio_of(double value, double half, double half90)
{
    return (struct estimate){.n = 6,
                             .value = value,
                             .lo = value / (1 + half),
                             .hi = value * (1 + half),
                             .lo90 = value / (1 + half90),
                             .hi90 = value * (1 + half90),
                             .log_sd = 0.05};
}

static void test_verdict(void **state)
{
    static const struct {
        double value, half, half90;
        bool higher;
        enum verdict verdict;
    } rows[] = {
        {1.20, 0.05, 0.04, true, VERDICT_BETTER},
        {1.20, 0.05, 0.04, false, VERDICT_WORSE},
        {0.80, 0.05, 0.04, true, VERDICT_WORSE},
        {0.80, 0.05, 0.04, false, VERDICT_BETTER},
        {1.20, 0.30, 0.25, true, VERDICT_INCONCLUSIVE},
        {1.00, 0.03, 0.02, true, VERDICT_SAME},
        {1.03, 0.01, 0.008, true, VERDICT_SAME}, /* first row that matches */
        {1.04, 0.03, 0.02, true, VERDICT_NEGLIGIBLE},
        {0.96, 0.03, 0.02, true, VERDICT_NEGLIGIBLE},
        {1.00, 0.20, 0.15, true, VERDICT_INCONCLUSIVE},
        {1.06, 0.07, 0.05, true, VERDICT_INCONCLUSIVE},
    };
    struct estimate e;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e = ratio_of(rows[i].value, rows[i].half, rows[i].half90);
        if (statistics_verdict(&e, 0.05, rows[i].higher) != rows[i].verdict)
            fail_msg("row %zu", i);
    }
    e = ratio_of(2, 0, 0);
    e.n = 1;
    assert_int_equal(statistics_verdict(&e, 0.05, true), VERDICT_INCONCLUSIVE);
    assert_string_equal(verdict_words(VERDICT_SAME),
                        "no meaningful difference");
}

static void test_blocks_needed(void **state)
{
    struct estimate e = ratio_of(1.02, 0.1, 0.08);

    (void)state;
    /* (2 x 2.5706 x 0.05 / ln 1.05)^2 = 27.76 */
    assert_int_equal(statistics_blocks_needed(&e, 0.05), 28);
    e.log_sd = 0;
    assert_int_equal(statistics_blocks_needed(&e, 0.05), 7);
    e.n = 1;
    assert_int_equal(statistics_blocks_needed(&e, 0.05), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t_quantile), cmocka_unit_test(test_level),
        cmocka_unit_test(test_ratio),      cmocka_unit_test(test_signed_rank),
        cmocka_unit_test(test_verdict),    cmocka_unit_test(test_blocks_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
