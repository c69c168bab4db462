/* SPDX-License-Identifier: MIT
 *
 * Signed ranks against probabilities counted by hand, and the interval against
 * one found elsewhere by going through all 2^n signs.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/arithmetic/signed_rank.h"

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("got %.12g, expected %.12g", got, expected);
}

static void test_p(void **state)
{
    const double one[] = {1, 1, 1, 1, 1, 1};
    const double up[] = {1.1, 1.2, 1.3, 1.4, 1.5, 1.6};
    const double but_least[] = {1 / 1.1, 1.2, 1.3, 1.4, 1.5, 1.6};
    const double but_most[] = {1.1, 1.2, 1.3, 1.4, 1.5, 1 / 1.6};
    const double tied[] = {2, 2, 2, 0.5, 2, 2};
    const double zeros[] = {1, 1, 1.3, 1.4, 1.5, 1.6};
    double many_a[50], many_b[50];

    (void)state;
    near(signed_rank_p(up, one, 6), 2 / 64.0, 1e-15);
    near(signed_rank_p(one, up, 6), 2 / 64.0, 1e-15);
    near(signed_rank_p(but_least, one, 6), 4 / 64.0, 1e-15);
    /* W- = 6: sets of 1..6 that sum to at most 6: 14 */
    near(signed_rank_p(but_most, one, 6), 28 / 64.0, 1e-15);
    /* equal ranks: a binomial with at most one of six */
    near(signed_rank_p(tied, one, 6), 14 / 64.0, 1e-15);
    near(signed_rank_p(zeros, one, 6), 2 / 16.0, 1e-15);
    near(signed_rank_p(one, one, 6), 1, 0);
    for (int i = 0; i < 50; i++) {
        many_a[i] = 2 + i;
        many_b[i] = 1;
    }
    near(signed_rank_p(many_a, many_b, 50), ldexp(1, -49), 1e-25);
}

static void test_interval(void **state)
{
    static const double a[] = {1.21, 0.97, 1.33, 1.18, 1.05, 1.40,
                               1.11, 0.92, 1.08, 1.25, 1.01, 1.16};
    static const double b[] = {1.10, 1.02, 1.15, 1.09, 1.01, 1.22,
                               1.09, 0.99, 1.02, 1.11, 1.04, 1.03};
    struct signed_rank e;

    (void)state;
    signed_rank_ratio(a, b, 6, &e);
    near(e.value, 1.091249599346270, 1e-9);
    near(e.lo, 0.97 / 1.02, 1e-9);
    near(e.hi, 1.33 / 1.15, 1e-9);
    signed_rank_ratio(a, b, 12, &e);
    near(e.value, 1.058605347213954, 1e-9);
    near(e.lo, 1.003454241719529, 1e-9);
    near(e.hi, 1.114581569018657, 1e-9);
}

/* With five blocks even the most extreme order happens once in sixteen. */
static void test_too_few_and_many(void **state)
{
    double ones[SIGNED_RANK_EXACT_MAX + 1], twos[SIGNED_RANK_EXACT_MAX + 1];
    struct signed_rank e;

    (void)state;
    for (int i = 0; i <= SIGNED_RANK_EXACT_MAX; i++) {
        ones[i] = 1;
        twos[i] = 2;
    }
    signed_rank_ratio(twos, ones, 5, &e);
    near(e.value, 2, 1e-12);
    assert_true(isnan(e.lo) && isnan(e.hi));
    signed_rank_ratio(twos, ones, SIGNED_RANK_EXACT_MAX, &e);
    near(e.lo, 2, 1e-12);
    near(e.hi, 2, 1e-12);
    signed_rank_ratio(twos, ones, SIGNED_RANK_EXACT_MAX + 1, &e);
    near(e.lo, 2, 1e-12);
    near(e.hi, 2, 1e-12);
    signed_rank_ratio(twos, ones, 0, &e);
    assert_true(isnan(e.value));
}

/* 50 differences, all of another size or three of each; half of them positive
 * but none of the largest `turned`. */
static void make(int turned, bool ties, double *a, double *b)
{
    for (int i = 0; i < SIGNED_RANK_EXACT_MAX; i++) {
        double size = exp(0.01 * (ties ? i / 3 + 1 : i + 1));
        bool less = i % 2 == 0 || i >= SIGNED_RANK_EXACT_MAX - turned;

        a[i] = less ? 1 : size;
        b[i] = less ? size : 1;
    }
}

/* Where the exact count ends, what goes on in its place agrees with it. */
static void test_normal_beside_exact(void **state)
{
    double a[SIGNED_RANK_EXACT_MAX], b[SIGNED_RANK_EXACT_MAX], least = 1;

    (void)state;
    for (int ties = 0; ties < 2; ties++)
        for (int turned = 0; turned <= 36; turned++) {
            double exact, normal;

            make(turned, ties, a, b);
            exact = signed_rank_p(a, b, SIGNED_RANK_EXACT_MAX);
            normal = signed_rank_p_normal(a, b, SIGNED_RANK_EXACT_MAX);
            near(normal, exact, exact < 0.1 ? 1e-3 : 5e-3);
            least = fmin(least, exact);
        }
    assert_true(least < 1e-3);
    /* 434 is the table's critical value: so many sums, and 0 */
    assert_int_equal(signed_rank_cut_exact(SIGNED_RANK_EXACT_MAX), 435);
    near(signed_rank_cut_normal(SIGNED_RANK_EXACT_MAX), 435, 1);
}

/* There is an interval beyond the exact count, and it is about the middle. */
static void test_interval_of_many(void **state)
{
    double a[120], b[120];
    struct signed_rank e;

    (void)state;
    for (int i = 0; i < 120; i++) {
        b[i] = 1;
        a[i] = 1.05 + 0.0001 * i;
    }
    signed_rank_ratio(a, b, 120, &e);
    near(e.value, 1.05595, 1e-4);
    assert_true(e.lo > 1.0545 && e.lo < e.value);
    assert_true(e.hi < 1.0575 && e.hi > e.value);
    assert_true(signed_rank_p(a, b, 120) < 1e-15);
    assert_true(signed_rank_p(b, b, 120) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p),
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_too_few_and_many),
        cmocka_unit_test(test_normal_beside_exact),
        cmocka_unit_test(test_interval_of_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
