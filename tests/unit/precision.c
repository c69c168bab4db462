/* SPDX-License-Identifier: MIT
 *
 * Blocks that are added until intervals are narrow: how often intervals that
 * end so hold the truth, in made-up runs whose truth is known, and which
 * interval of a summary is the widest.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/arithmetic/statistics.h"
#include "harness/statistics/precision.h"

enum { RUNS = 10000, MOST = 1000 };

static const double ASKED = 0.03;

static uint64_t state = 7;

/* A number of [0, 1) that depends on nothing but the count (splitmix64). */
static double uniform(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double normal(void)
{
    double radius = sqrt(-2 * log(1 - uniform()));
    return radius * cos(2 * M_PI * uniform());
}

struct outcome {
    double covered, reached, blocks; /* shares of all runs, and a mean */
};

/* The t quantile of each number of blocks; each costs a bisection. */
static double quantiles[MOST + 1];

/* One run: blocks of two models whose rates have the log standard deviation
 * `sd` each and a ratio of 1, until the rule ends it or there are `most`. With
 * `looks` = 1 the first narrow look ends it. Returns whether the interval holds
 * the truth. */
static bool run_once(double sd, int most, int looks_needed, bool *reached,
                     int *blocks)
{
    double a[MOST], b[MOST], mean = 0, squares = 0, half = INFINITY;
    int looks = 0, n = 0;

    while (looks < looks_needed && n < most) {
        a[n] = exp(sd * normal());
        b[n] = exp(sd * normal());
        double value = log(a[n] / b[n]), from = value - mean;
        mean += from / ++n;
        squares += from * (value - mean);
        half = n > 1 ? quantiles[n] * sqrt(squares / (n - 1) / n) : INFINITY;
        looks = precision_look(looks, n, expm1(half), ASKED);
    }
    static int compared;
    if (compared++ < 20) { /* the sums above are those of the harness */
        struct estimate ratio;
        statistics_ratio(a, b, n, &ratio);
        assert_true(fabs(log(ratio.hi) - (mean + half)) < 1e-9);
    }
    *reached = looks >= looks_needed;
    *blocks = n;
    return fabs(mean) <= half;
}

static struct outcome outcome_of(double cv, int most, int looks)
{
    double sd = sqrt(log1p(cv * cv));
    int covered = 0, reached = 0, blocks = 0;

    for (int i = 0; i < RUNS; i++) {
        bool narrow;
        int n;
        covered += run_once(sd, most, looks, &narrow, &n);
        reached += narrow;
        blocks += n;
    }
    return (struct outcome){(double)covered / RUNS, (double)reached / RUNS,
                            (double)blocks / RUNS};
}

/* Intervals of 95 % hold the truth in 93 % of all runs at least, whatever the
 * spread, with the cap of a usual run and without one. */
static void test_coverage(void **ignored)
{
    static const int caps[] = {24, MOST};

    (void)ignored;
    for (int n = 2; n <= MOST; n++)
        quantiles[n] = statistics_t_quantile(0.975, n - 1);
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
        for (double cv = 0.01; cv < 0.11; cv += cv < 0.0199 ? 0.01 : 0.02) {
            struct outcome o = outcome_of(cv, caps[i], PRECISION_LOOKS);
            print_message("cv %.0f %%, at most %4d blocks: covered %.1f %%, "
                          "reached %.0f %%, %.1f blocks\n",
                          100 * cv, caps[i], 100 * o.covered, 100 * o.reached,
                          o.blocks);
            assert_true(o.covered >= 0.93 && o.covered <= 0.97);
            assert_true(caps[i] < MOST || o.reached == 1);
        }
}

/* The looks in a row are needed: an end at the first narrow look covers less.
 */
static void test_first_look(void **ignored)
{
    double least = 1;

    (void)ignored;
    for (double cv = 0.02; cv < 0.05; cv += 0.005)
        least = fmin(least, outcome_of(cv, MOST, 1).covered);
    print_message("the first narrow look: %.1f %%\n", 100 * least);
    assert_true(least < 0.93);
}

static void test_look(void **ignored)
{
    (void)ignored;
    assert_int_equal(precision_look(0, 5, 0.01, 0.03), 0);
    assert_int_equal(precision_look(0, 6, 0.03, 0.03), 1);
    assert_int_equal(precision_look(1, 7, 0.02, 0.03), 2);
    assert_int_equal(precision_look(2, 8, 0.031, 0.03), 0);
    assert_int_equal(precision_look(2, 8, NAN, 0.03), 0);
    assert_int_equal(precision_look(2, 8, 0, 0.03), 3);
}

/* A run with two load points: a pair, whose rows of another metric and of
 * another load point do not count, and a model alone. */
static const char summary[] =
    "{\"models\": {\"null\": {\"yardstick\": true}}, \"experiments\": "
    "[{\"name\": \"e\", \"load_points\": ["
    "{\"id\": \"p\", \"headline\": \"throughput_per_s\", \"models\": "
    "[\"m\", \"o\", \"null\"]},"
    "{\"id\": \"q\", \"headline\": \"latency_p99_ns\", \"models\": "
    "[\"m\", \"null\"]}]}],"
    "\"comparisons\": ["
    "{\"experiment\": \"e\", \"load_point\": \"p\", \"metric\": "
    "\"throughput_per_s\", \"a\": \"m\", \"b\": \"o\", \"n\": 7, \"lo\": %s, "
    "\"hi\": 2.0},"
    "{\"experiment\": \"e\", \"load_point\": \"p\", \"metric\": "
    "\"cpu_per_request_ns\", \"a\": \"m\", \"b\": \"o\", \"n\": 7, \"lo\": 1, "
    "\"hi\": 9},"
    "{\"experiment\": \"f\", \"load_point\": \"p\", \"metric\": "
    "\"throughput_per_s\", \"a\": \"m\", \"b\": \"o\", \"n\": 7, \"lo\": 1, "
    "\"hi\": 9}],"
    "\"summary\": ["
    "{\"experiment\": \"e\", \"load_point\": \"q\", \"model\": \"m\", "
    "\"metric\": \"latency_p99_ns\", \"n\": %d, \"lo\": 10.0, \"hi\": 14.4}]}";

static json_t *read_summary(const char *lo, int n, struct precision *precision)
{
    char text[2048];
    json_t *run;

    snprintf(text, sizeof text, summary, lo, n);
    run = json_loads(text, 0, NULL);
    assert_non_null(run);
    precision_of(run, json_array_get(json_object_get(run, "experiments"), 0),
                 precision);
    return run;
}

static void test_widest(void **ignored)
{
    struct precision precision;
    json_t *run = read_summary("1.0", 6, &precision);

    (void)ignored;
    assert_int_equal(precision.intervals, 2);
    assert_int_equal(precision.n, 6);
    assert_true(fabs(precision.half_width - (sqrt(2) - 1)) < 1e-9);
    assert_string_equal(precision.load_point, "p");
    assert_string_equal(precision.b, "o");
    json_decref(run);
    run = read_summary("1.9", 7, &precision);
    assert_string_equal(precision.load_point, "q");
    assert_string_equal(precision.a, "m");
    assert_null(precision.b);
    assert_true(fabs(precision.half_width - 0.2) < 1e-9);
    /* (ln 1.2 / ln 1.03)^2 x 7 blocks, and two looks more. */
    assert_int_equal(precision_blocks_needed(&precision, 0.03), 267 + 2);
    assert_int_equal(precision_blocks_needed(&precision, 0.9), 6 + 2);
    json_decref(run);
    run = read_summary("null", 0, &precision);
    assert_int_equal(precision.intervals, 1);
    assert_true(isnan(precision.half_width));
    json_decref(run);
}

static void test_withheld(void **unused)
{
    struct precision precision = {.intervals = 1,
                                  .half_width = 0.02,
                                  .n = 6,
                                  .load_point = "own",
                                  .a = "yours",
                                  .b = "serial"};
    char words[768];
    (void)unused;
    precision_words(&precision, 0.03, 8, false, words, sizeof words);
    assert_non_null(strstr(words, "in 8 blocks (2 of them lack a figure, which "
                                  "was withheld, and count for no look), "));
    precision_words(&precision, 0.03, 6, true, words, sizeof words);
    assert_non_null(strstr(words, "reached in 6 blocks, widest"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage), cmocka_unit_test(test_first_look),
        cmocka_unit_test(test_look),     cmocka_unit_test(test_widest),
        cmocka_unit_test(test_withheld),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
