/* SPDX-License-Identifier: MIT
 *
 * The statistics against known truth: t quantiles from published tables (and
 * the closed forms for 1 and 2 degrees of freedom), a ratio worked out by
 * hand, intervals computed elsewhere in 40 digits, coverage over many sittings
 * whose truth is known, every row of the verdict table.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/arithmetic/signed_rank.h"
#include "harness/arithmetic/statistics.h"

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

static const double golden_a[] = {1.21, 0.97, 1.33, 1.18, 1.05, 1.40};
static const double golden_b[] = {1.10, 1.02, 1.15, 1.09, 1.01, 1.22};

static void test_golden(void **state)
{
    struct estimate e, a, b;

    (void)state;
    statistics_ratio(golden_a, golden_b, 6, &e);
    near(e.value, 1.077213071287110, 1e-9);
    near(e.lo, 0.998257302993187, 1e-9);
    near(e.hi, 1.162413735890023, 1e-9);
    near(e.lo90, 1.014815207625395, 1e-9);
    near(e.hi90, 1.143447587533741, 1e-9);
    near(e.p, 0.053717594365560, 1e-9);
    near(e.log_sd, 0.072535590331591, 1e-9);
    assert_false(statistics_excludes_one(&e));
    /* Unpaired: the same values with what the pairs shared left in. */
    statistics_level(golden_a, 6, &a);
    statistics_level(golden_b, 6, &b);
    statistics_welch(&a, &b, &e);
    assert_int_equal(e.n, 6);
    near(e.value, 1.077213071287110, 1e-9);
    near(e.log_sd, hypot(a.log_sd, b.log_sd), 1e-12);
    near(statistics_t_quantile(0.975, 7.25), 2.348194849105372, 1e-9);
}

static void test_welch(void **state)
{
    static const double more[] = {1.21, 0.97, 1.33, 1.18, 1.05, 1.40,
                                  1.11, 0.92, 1.08, 1.25, 1.01, 1.16};
    struct estimate a, b, e;

    (void)state;
    statistics_level(more, 12, &a);
    statistics_level(golden_b, 6, &b);
    statistics_welch(&a, &b, &e);
    near(e.value, 1.031817609525047, 1e-9);
    near(e.lo, 0.934187877303445, 1e-9);
    near(e.hi, 1.139650390667776, 1e-9);
    near(e.p, 0.512947029057668, 1e-9);
    statistics_level(more, 1, &a);
    statistics_welch(&a, &b, &e);
    assert_int_equal(e.n, 1);
    assert_true(isnan(e.p));
    assert_false(statistics_excludes_one(&e));
}

static void test_holm(void **state)
{
    double p[] = {0.01, NAN, 0.04, 0.03, 0.005};
    double one[] = {0.7}, many[] = {0.6, 0.5};

    (void)state;
    assert_int_equal(statistics_holm(p, 5), 4);
    near(p[4], 0.02, 1e-15);
    near(p[0], 0.03, 1e-15);
    near(p[3], 0.06, 1e-15);
    near(p[2], 0.06, 1e-15); /* never below a smaller p's */
    assert_true(isnan(p[1]));
    assert_int_equal(statistics_holm(one, 1), 1);
    near(one[0], 0.7, 0);
    assert_int_equal(statistics_holm(many, 2), 2);
    near(many[0], 1, 0);
    assert_int_equal(statistics_holm(NULL, 0), 0);
}

/* xorshift64* and Box-Muller: sittings must be the same everywhere. */
static double normal(uint64_t *state)
{
    double u[2];

    for (int i = 0; i < 2; i++) {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        u[i] = ((double)((*state * 0x2545f4914f6cdd1d) >> 11) + 0.5) * 0x1p-53;
    }
    return sqrt(-2 * log(u[0])) * cos(2 * M_PI * u[1]);
}

/* Blocks drift far more (30 %) than trials differ (5 %); the truth is 1.1.
 * Of each thousand sittings 930 to 970 must find it. */
static void test_coverage(void **state)
{
    enum { SITTINGS = 10000 };
    uint64_t random = 20261121;

    (void)state;
    for (int n = 6; n <= 12; n += 6) {
        int covered = 0, ranked = 0, excluded = 0;

        for (int sitting = 0; sitting < SITTINGS; sitting++) {
            double a[12], b[12];
            struct estimate e;
            struct signed_rank rank;

            for (int i = 0; i < n; i++) {
                double drift = exp(0.3 * normal(&random));
                a[i] = 1100 * drift * exp(0.05 * normal(&random));
                b[i] = 1000 * drift * exp(0.05 * normal(&random));
            }
            statistics_ratio(a, b, n, &e);
            signed_rank_ratio(a, b, n, &rank);
            covered += e.lo <= 1.1 && 1.1 <= e.hi;
            ranked += rank.lo <= 1.1 && 1.1 <= rank.hi;
            excluded += e.p <= 0.05;
            assert_int_equal(e.p <= 0.05, statistics_excludes_one(&e));
        }
        assert_in_range(covered, 9300, 9700);
        /* Exact, but in steps: 1 - 2/64 for six, 1 - 2 x 87/4096 for twelve. */
        near(ranked, n == 6 ? 9687.5 : 9575, 100);
        assert_in_range(excluded, n == 6 ? 7000 : 9700, SITTINGS);
    }
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
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        e = ratio_of(rows[i].value, rows[i].half, rows[i].half90);
        if (statistics_verdict(&e, 0.05, rows[i].higher, true) !=
            rows[i].verdict)
            fail_msg("row %zu", i);
    }
    /* What is not confirmed is not called different, but may be the same. */
    e = ratio_of(1.2, 0.05, 0.04);
    assert_int_equal(statistics_verdict(&e, 0.05, true, false),
                     VERDICT_INCONCLUSIVE);
    e = ratio_of(1.04, 0.03, 0.02);
    assert_int_equal(statistics_verdict(&e, 0.05, true, false),
                     VERDICT_INCONCLUSIVE);
    e = ratio_of(1.03, 0.01, 0.008);
    assert_int_equal(statistics_verdict(&e, 0.05, true, false), VERDICT_SAME);
    e = ratio_of(2, 0, 0);
    e.n = 1;
    assert_int_equal(statistics_verdict(&e, 0.05, true, true),
                     VERDICT_INCONCLUSIVE);
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
        cmocka_unit_test(test_t_quantile),    cmocka_unit_test(test_level),
        cmocka_unit_test(test_ratio),         cmocka_unit_test(test_golden),
        cmocka_unit_test(test_welch),         cmocka_unit_test(test_holm),
        cmocka_unit_test(test_coverage),      cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_blocks_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
