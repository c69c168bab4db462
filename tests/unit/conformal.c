/* SPDX-License-Identifier: MIT
 *
 * Split conformal bounds: the rank that is taken, and how often the next error
 * keeps a bound.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/arithmetic/conformal.h"
#include "harness/simulate/draw.h"

static void ranks(void **state)
{
    double errors[39];

    (void)state;
    for (int i = 0; i < 39; i++)
        errors[i] = (i * 7 + 3) % 39 + 1; /* 1 to 39 */
    assert_true(conformal_bound(errors, 39, 0.9) == 36);
    for (int i = 0; i < 19; i++)
        errors[i] = 19 - i;
    assert_true(conformal_bound(errors, 19, 0.9) == 18);
    assert_true(isnan(conformal_bound(errors, 18, 0.9)));
    /* No error that was seen is rare enough. */
    assert_true(isnan(conformal_bound(errors, 19, 0.99)));
}

/* Skewed errors, as those of latencies are. */
static void coverage(void **state)
{
    enum { SETS = 10000, ERRORS = 40 };
    int kept = 0;

    (void)state;
    for (uint64_t set = 0; set < SETS; set++) {
        double errors[ERRORS + 1];
        for (unsigned i = 0; i <= ERRORS; i++) {
            double x = draw_exponential(11, set, i);
            errors[i] = x * x;
        }
        double next = errors[ERRORS];
        kept += next <= conformal_bound(errors, ERRORS, 0.9);
    }
    /* 37 of 41 places: 90.2 %. */
    assert_in_range(kept, 88 * SETS / 100, 92 * SETS / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks),
        cmocka_unit_test(coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
