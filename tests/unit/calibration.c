/* SPDX-License-Identifier: MIT
 *
 * When a server has settled: CPU per request, page faults and tasks each
 * decide, and what chance does to few requests decides nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/run/calibration.h"

static struct warmup_steps steady(double requests)
{
    struct warmup_steps steps;

    for (int i = 0; i < WARMUP_STEPS; i++) {
        steps.requests[i] = requests;
        steps.cpu_ns[i] = 30e3 * requests * (i % 2 ? 1.05 : 0.95);
        steps.faults[i] = 1000 * (i % 2 ? 1.05 : 0.95);
        steps.tasks[i] = 5000 + 20 * (i % 2);
    }
    return steps;
}

static void test_steady(void **state)
{
    struct warmup_steps steps = steady(2000);

    (void)state;
    assert_int_equal(0, calibration_settled(&steps));
}

static void test_each_decides(void **state)
{
    struct warmup_steps steps = steady(2000);

    (void)state;
    steps.cpu_ns[0] *= 1.5;
    assert_int_equal(1, calibration_settled(&steps));
    steps = steady(2000);
    steps.faults[1] *= 3;
    assert_int_equal(2, calibration_settled(&steps));
    steps = steady(2000);
    steps.tasks[2] /= 2;
    assert_int_equal(3, calibration_settled(&steps));
    steps.tasks[5] /= 2;
    assert_int_equal(WARMUP_STEPS, calibration_settled(&steps));
}

/* Twenty requests a step may cost half as much more by chance; a handful of
 * faults, or a task that comes and goes, are no trend. */
static void test_chance(void **state)
{
    struct warmup_steps steps = steady(20);

    (void)state;
    steps.cpu_ns[1] *= 1.4;
    assert_int_equal(0, calibration_settled(&steps));
    for (int i = 0; i < WARMUP_STEPS; i++) {
        steps.faults[i] = i % 2 ? 0 : 60;
        steps.tasks[i] = 2 + i % 2;
    }
    assert_int_equal(0, calibration_settled(&steps));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_each_decides),
        cmocka_unit_test(test_chance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
