/* SPDX-License-Identifier: MIT
 *
 * The words of a soak against known courses: a leak, a heap that finds its
 * size, noise without drift, noise that hides everything, a gap. The noise is
 * a fixed list, so that nothing here depends on chance.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/figures/drift.h"

static const double noise[DRIFT_PARTS] = {0.3,  -0.8, 0.9, -0.2, 0.1,
                                          -0.6, 0.7,  0.4, -0.9, 0.1};
static const double WINDOW_NS = 360e9; /* a tenth of an hour */
static const double MIB = 1024 * 1024;

/* `level` and so much more in each part, and so much noise. */
static struct drift judge(double level, double step, double scatter,
                          double margin)
{
    double values[DRIFT_PARTS];
    struct drift drift;

    for (int i = 0; i < DRIFT_PARTS; i++)
        values[i] = level + step * i + scatter * noise[i];
    drift_judge(values, WINDOW_NS, margin, "memory_bytes", &drift);
    return drift;
}

static void test_leak_grows(void **state)
{
    struct drift drift = judge(20 * MIB, MIB, MIB / 10, MIB / 2);

    (void)state;
    assert_int_equal(drift.verdict, DRIFT_GROWS);
    assert_true(drift.lo < 100 * MIB && drift.hi > 100 * MIB);
    assert_true(drift.lo > 90 * MIB && drift.hi < 110 * MIB);
    assert_non_null(strstr(drift.words, "grows by "));
    assert_non_null(strstr(drift.words, "MiB per hour ["));
    drift = judge(20 * MIB, -MIB, MIB / 10, MIB / 2);
    assert_int_equal(drift.verdict, DRIFT_FALLS);
    assert_non_null(strstr(drift.words, "falls by "));
}

static void test_steady_has_none(void **state)
{
    struct drift drift = judge(20 * MIB, 0, MIB / 20, MIB / 2);

    (void)state;
    assert_int_equal(drift.verdict, DRIFT_NONE);
    assert_non_null(strstr(drift.words, "no drift seen"));
    /* To the byte the same. */
    assert_int_equal(judge(20 * MIB, 0, 0, MIB / 2).verdict, DRIFT_NONE);
    /* Surely growing, by less than matters. */
    assert_int_equal(judge(20 * MIB, MIB / 100, 0, MIB / 2).verdict,
                     DRIFT_NONE);
}

static void test_noise_cannot_tell(void **state)
{
    struct drift drift = judge(20 * MIB, MIB / 10, 5 * MIB, MIB / 2);

    (void)state;
    assert_int_equal(drift.verdict, DRIFT_UNKNOWN);
    assert_non_null(strstr(drift.words, "cannot tell"));
}

/* It has grown, and does not any more: no leak, and not nothing. */
static void test_plateau_is_no_growth(void **state)
{
    double values[DRIFT_PARTS] = {10, 14, 17, 19, 20, 20, 20, 20, 20, 20};
    struct drift drift;

    (void)state;
    for (int i = 0; i < DRIFT_PARTS; i++)
        values[i] *= MIB;
    drift_judge(values, WINDOW_NS, MIB / 2, "memory_bytes", &drift);
    assert_true(drift.lo > 0);
    assert_int_equal(drift.verdict, DRIFT_UNKNOWN);
}

static void test_gap_cannot_tell(void **state)
{
    struct drift drift = judge(NAN, 0, 0, MIB);

    (void)state;
    assert_int_equal(drift.verdict, DRIFT_UNKNOWN);
    assert_true(isnan(drift.per_hour));
    assert_non_null(strstr(drift.words, "cannot tell"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leak_grows),
        cmocka_unit_test(test_steady_has_none),
        cmocka_unit_test(test_noise_cannot_tell),
        cmocka_unit_test(test_plateau_is_no_growth),
        cmocka_unit_test(test_gap_cannot_tell),
    };

    return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
