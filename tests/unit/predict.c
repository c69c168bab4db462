/* SPDX-License-Identifier: MIT
 *
 * The cause of a residual: each from the counter that shows it, none within
 * the limit, and "unexplained" where nothing does.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/trial/prediction.h"

/* 100 connections, 50 ms: 2000/s are predicted, 1000/s were measured. */
static struct residual_facts half(void)
{
    return (struct residual_facts){.predicted_per_s = 2000,
                                   .measured_per_s = 1000,
                                   .window_s = 1,
                                   .bare_s = 1e-5,
                                   .wave = 100,
                                   .server_busy = 0.3,
                                   .cpu_s = 3e-4,
                                   .switches = 2};
}

static void told(const struct residual_facts *facts, const char *cause,
                 const char *evidence)
{
    char words[256];
    const char *found = residual_cause(facts, words, sizeof words);

    if (!cause) {
        assert_null(found);
        assert_string_equal(words, "");
        return;
    }
    assert_string_equal(found, cause);
    assert_non_null(strstr(words, evidence));
}

static void test_within(void **state)
{
    struct residual_facts facts = half();

    (void)state;
    facts.exhausted = "no descriptors left";
    facts.measured_per_s = 1601;
    told(&facts, NULL, "");
    facts.measured_per_s = 2399;
    told(&facts, NULL, "");
    assert_true(fabs(residual_of(&facts) - 0.1995) < 1e-9);
    facts.measured_per_s = 1599;
    told(&facts, "limit", "no descriptors left");
}

static void test_outside(void **state)
{
    struct residual_facts facts = half();

    (void)state;
    told(&facts, "unexplained", "");
    facts.backend_busy = 0.95;
    told(&facts, "backend", "95 %");
    facts.generator_bound = true;
    told(&facts, "generator", "ceiling");
    facts.failed_per_s = 499;
    told(&facts, "generator", "ceiling");
    facts.failed_per_s = 501;
    told(&facts, "failures", "501 requests");
    facts.exhausted = "no descriptors left";
    told(&facts, "limit", "no descriptors left");
}

static void test_waves(void **state)
{
    struct residual_facts facts = half();

    (void)state;
    facts.wave = 1001;
    told(&facts, "waves", "only 2.0 rounds of 1001 requests fit");
    facts.wave = 1000;
    told(&facts, "unexplained", "");
    /* More than the law allows: a wave too many, or nothing that is known. */
    facts.measured_per_s = 2500;
    told(&facts, "waves", "rounds of 1000 requests");
    facts.wave = 100;
    facts.server_busy = 1;
    facts.generator_bound = true;
    told(&facts, "unexplained", "");
}

static void test_inside(void **state)
{
    struct residual_facts facts = half();

    (void)state;
    facts.throttled = 0.3;
    told(&facts, "cpu quota", "30 % of the window");
    facts.throttled = 0;
    facts.run_wait_s = 0.024;
    told(&facts, "unexplained", "");
    facts.run_wait_s = 0.026;
    told(&facts, "run queue", "26.0 ms");
    facts.server_busy = 0.97;
    told(&facts, "cpu", "97 % busy");
    facts.switches = 120;
    told(&facts, "switches", "120.0 switches");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_waves),
        cmocka_unit_test(test_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
