/* SPDX-License-Identifier: MIT
 *
 * Gaps whose parts are known: explained, partly, more than explained, turned
 * round, none, and those of which too little is known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/statistics/gap.h"

static void near(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-6))
        fail_msg("got %.12g, expected %.12g", got, expected);
}

static void says(const struct gap *gap, const char *words)
{
    if (!strstr(gap->words, words))
        fail_msg("\"%s\" does not say \"%s\"", gap->words, words);
}

/* 3.1 us over four blocks; one switch more, 2.9 us each. */
static const double cpu_ns[] = {3000, 3200, 3050, 3150};
static const double one[] = {1, 1, 1, 1}, zero[] = {0, 0, 0, 0};

static struct gap_facts facts_of(double switch_ns)
{
    struct gap_facts facts = {.a = "thread-per-connection",
                              .b = "event-loop",
                              .cpu_ns = cpu_ns,
                              .n = 4,
                              .more = {one, zero, zero, zero},
                              .counted = 4};

    for (int i = 0; i < GAP_PARTS; i++)
        facts.price[i] = (struct gap_price){NAN, NAN, NAN};
    facts.price[GAP_SWITCHES] =
        (struct gap_price){switch_ns, switch_ns - 50, switch_ns + 50};
    return facts;
}

static void test_mean(void **state)
{
    const double values[] = {1, 2, 3};
    struct gap_mean mean;

    (void)state;
    gap_mean_of(values, 3, &mean);
    near(mean.value, 2);
    near(mean.hi, 2 + 4.302652729749464 / sqrt(3));
    near(mean.lo, 2 - 4.302652729749464 / sqrt(3));
    gap_mean_of(values, 1, &mean);
    near(mean.value, 1);
    assert_true(isnan(mean.lo));
    gap_mean_of(values, 0, &mean);
    assert_true(isnan(mean.value));
}

static void test_explained(void **state)
{
    struct gap_facts facts = facts_of(3000);
    struct gap gap;
    const double scattered[] = {3, -3, 3, -3};
    double half = 3.182446305284263 * sqrt(25000.0 / 3 / 4);
    double calls = 3.182446305284263 * sqrt(36.0 / 3 / 4) * 100;

    (void)state;
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_EXPLAINED);
    near(gap.gap_ns.value, 3100);
    near(gap.part_ns[GAP_SWITCHES], 3000);
    near(gap.part_ns[GAP_THREADS], 0);
    near(gap.rest_ns.value, 100);
    near(gap.rest_ns.hi, 100 + half + 50);
    says(&gap, "thread-per-connection costs 3.1 us");
    says(&gap, "1.0 context switch more (3.0 us each on this machine)");
    says(&gap, "is within the uncertainty");
    /* Calls that cancel in the mean are uncertain all the same. */
    facts.more[GAP_SYSTEM_CALLS] = scattered;
    facts.price[GAP_SYSTEM_CALLS] = (struct gap_price){100, 100, 100};
    gap_explain(&facts, &gap);
    near(gap.rest_ns.value, 100);
    near(gap.rest_ns.hi, 150 + sqrt(half * half + calls * calls));
}

static void test_partly(void **state)
{
    struct gap_facts facts = facts_of(2170);
    struct gap gap;

    (void)state;
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_PARTLY);
    near(gap.rest_ns.value, 930);
    says(&gap, "or 30 % of the gap, is unexplained");
    facts = facts_of(4000);
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_OVER);
    says(&gap, "these come to 0.90 us");
}

static void test_unsure(void **state)
{
    const double wide[] = {1500, 4500, 2500, 3900};
    struct gap_facts facts = facts_of(2000);
    struct gap gap;

    (void)state;
    facts.cpu_ns = wide;
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_UNSURE);
    says(&gap, "too uncertain to say");
}

static void test_turned(void **state)
{
    const double less[] = {-3000, -3200, -3050, -3150};
    const double fewer[] = {-1, -1, -1, -1};
    struct gap_facts facts = facts_of(3000);
    struct gap gap;

    (void)state;
    facts.cpu_ns = less;
    facts.more[GAP_SWITCHES] = fewer;
    gap_explain(&facts, &gap);
    assert_true(gap.turned);
    near(gap.gap_ns.value, 3100);
    near(gap.more[GAP_SWITCHES].value, 1);
    assert_true(gap.gap_ns.lo < gap.gap_ns.hi);
    says(&gap, "event-loop costs 3.1 us");
    says(&gap, "more CPU per request than thread-per-connection");
}

static void test_nothing_invented(void **state)
{
    const double both[] = {-100, 100, -50, 60};
    struct gap_facts facts = facts_of(3000);
    struct gap gap;

    (void)state;
    facts.cpu_ns = both;
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_NONE);
    says(&gap, "no gap");

    facts = facts_of(NAN);
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_UNKNOWN);
    says(&gap, "1.0 context switch more; what they cost here is not known");

    facts = facts_of(3000);
    facts.more[GAP_SYSTEM_CALLS] = NULL;
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_UNKNOWN);
    says(&gap, "was not counted");

    facts = facts_of(3000);
    facts.n = facts.counted = 1;
    gap_explain(&facts, &gap);
    assert_int_equal(gap.verdict, GAP_UNKNOWN);
    says(&gap, "one block");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean),   cmocka_unit_test(test_explained),
        cmocka_unit_test(test_partly), cmocka_unit_test(test_unsure),
        cmocka_unit_test(test_turned), cmocka_unit_test(test_nothing_invented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
