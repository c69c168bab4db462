/* SPDX-License-Identifier: MIT
 *
 * What is said about two models: the verdict is withheld where too many trials
 * were invalid, however clear the rest looks.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "harness/statistics/comparison.h"

/* Ten per cent faster in six blocks, with hardly any spread. */
static const double a[] = {1101, 1099, 1102, 1098, 1100, 1100};
static const double b[] = {1000, 1001, 999, 1002, 998, 1000};

static json_t *row_bound(double invalid_share, int blocks, const char *bound_a,
                         const char *bound_b)
{
    struct comparison comparison = {
        .experiment = "e",
        .load_point = "p",
        .metric = metric_find("throughput_per_s"),
        .a = "one",
        .b = "two",
        .margin = 0.05,
        .primary = true,
        .p_holm = 0.001,
        .family = 12,
        .bound_a = bound_a,
        .bound_b = bound_b,
        .invalid_share = invalid_share,
    };

    statistics_ratio(a, b, blocks, &comparison.ratio);
    signed_rank_ratio(a, b, blocks, &comparison.rank);
    comparison.signed_rank_p = signed_rank_p(a, b, blocks);
    return comparison_json(&comparison);
}

static json_t *row_of(double invalid_share, int blocks, bool bound)
{
    const char *by = bound ? "generator" : NULL;

    return row_bound(invalid_share, blocks, by, by);
}

static json_t *row_with(double invalid_share, int blocks)
{
    return row_of(invalid_share, blocks, false);
}

static const char *text_of(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static void clear_difference_is_said(void **state)
{
    (void)state;
    json_t *row = row_with(0, 6);
    assert_string_equal(text_of(row, "verdict"), "better");
    assert_non_null(strstr(text_of(row, "words"), "one is 1.10 times two"));
    json_decref(row);
}

static void two_at_the_ceiling_are_not_told_apart(void **state)
{
    (void)state;
    json_t *row = row_of(0, 6, true);
    assert_string_equal(text_of(row, "verdict"), "inconclusive");
    assert_true(json_is_null(json_object_get(row, "blocks_needed")));
    assert_non_null(strstr(text_of(row, "phrase"), "generator-bound"));
    json_decref(row);
}

/* Who was held back may be better than what was seen, and not worse. */
static void one_that_is_bound_may_only_be_better(void **state)
{
    json_t *row = row_bound(0, 6, "Redis", NULL);

    (void)state;
    assert_string_equal(text_of(row, "verdict"), "better");
    assert_true(json_is_null(json_object_get(row, "bound_by")));
    json_decref(row);
    row = row_bound(0, 6, NULL, "Redis");
    assert_string_equal(text_of(row, "verdict"), "inconclusive");
    assert_string_equal(text_of(row, "bound_by"), "Redis");
    assert_string_equal(text_of(row, "phrase"),
                        "no verdict, the limit of two is Redis: it may be "
                        "better");
    json_decref(row);
    row = row_bound(0, 6, "Redis", "Redis");
    assert_string_equal(text_of(row, "phrase"),
                        "no verdict, the limit of both is Redis: neither is "
                        "the bottleneck");
    json_decref(row);
}

static void a_fifth_invalid_is_still_allowed(void **state)
{
    (void)state;
    json_t *row = row_with(0.2, 6);
    assert_string_equal(text_of(row, "verdict"), "better");
    json_decref(row);
}

static void more_invalid_trials_block_the_verdict(void **state)
{
    (void)state;
    json_t *row = row_with(2.0 / 6, 6);
    assert_string_equal(text_of(row, "verdict"), "inconclusive");
    assert_non_null(strstr(text_of(row, "words"), "no verdict, 33 %"));
    assert_true(json_is_null(json_object_get(row, "blocks_needed")));
    json_decref(row);
}

static void one_block_says_nothing(void **state)
{
    (void)state;
    json_t *row = row_with(0, 1);
    assert_string_equal(text_of(row, "verdict"), "inconclusive");
    assert_true(json_is_null(json_object_get(row, "lo")));
    assert_non_null(strstr(text_of(row, "words"), "nothing can be said"));
    json_decref(row);
}

static char *phrase(const char *metric, const double *x, const double *y,
                    bool primary, double p_holm, char *text)
{
    struct comparison comparison = {.metric = metric_find(metric),
                                    .a = "one",
                                    .b = "two",
                                    .margin = 0.05,
                                    .primary = primary,
                                    .p_holm = p_holm,
                                    .family = 12};

    statistics_ratio(x, y, 6, &comparison.ratio);
    signed_rank_ratio(x, y, 6, &comparison.rank);
    return comparison_phrase(&comparison, "blocks", text, 256);
}

/* The better one is named, with the ends of the interval in order. */
static void verdicts_have_their_words(void **state)
{
    static const double half[] = {500, 505, 495, 502, 498, 500};
    static const double near_b[] = {1010, 1011, 1009, 1012, 1008, 1010};
    static const double tenth[] = {9.9, 10, 10.1, 9.8, 10.2, 10};
    static const double wide[] = {1100, 920, 1080, 950, 1050, 930};
    static const double wild[] = {1300, 800, 1250, 900, 1100, 700};
    char t[256];

    (void)state;
    assert_string_equal(phrase("throughput_per_s", a, b, true, 0.001, t),
                        "one is 10.0 % better [9.7–10.3]");
    assert_string_equal(phrase("throughput_per_s", b, a, true, 0.001, t),
                        "two is 10.0 % better [9.7–10.3]");
    assert_string_equal(phrase("memory_total_bytes", half, b, true, 0.001, t),
                        "one is 2.00 times better [1.99–2.01]");
    assert_string_equal(phrase("memory_total_bytes", b, half, true, 0.001, t),
                        "two is 2.00 times better [1.99–2.01]");
    assert_string_equal(phrase("throughput_per_s", b, tenth, true, 0.001, t),
                        "one is 100 times better [98.4–102]");
    assert_string_equal(phrase("throughput_per_s", tenth, b, true, 0.001, t),
                        "two is 100 times better [98.4–102]");
    assert_string_equal(phrase("throughput_per_s", near_b, b, true, 0.001, t),
                        "no meaningful difference (±5 %)");
    assert_non_null(strstr(phrase("throughput_per_s", wide, b, true, 1, t),
                           "blocks would settle it"));
    assert_int_equal(strncmp(t, "inconclusive; about ", 20), 0);
    assert_string_equal(phrase("throughput_per_s", wild, b, true, 1, t),
                        "inconclusive: too noisy to settle by repeating; "
                        "quieten the machine");
    assert_non_null(strstr(phrase("latency_mean_ns", b, half, false, NAN, t),
                           ", exploratory"));
}

static void second_opinions_take_a_difference_away(void **state)
{
    /* Five blocks of six agree closely, and one says the opposite by less
     * than would move the mean's interval. */
    static const double odd[] = {1100, 1100, 1100, 1100, 1100, 999};
    char t[256];

    (void)state;
    assert_non_null(strstr(phrase("throughput_per_s", a, b, true, 0.2, t),
                           "not significant among 12 comparisons"));
    assert_int_equal(strncmp(t, "inconclusive", 12), 0);
    assert_non_null(
        strstr(phrase("throughput_per_s", odd, b, true, 0.01, t), "unstable"));
    assert_int_equal(strncmp(t, "inconclusive", 12), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear_difference_is_said),
        cmocka_unit_test(two_at_the_ceiling_are_not_told_apart),
        cmocka_unit_test(one_that_is_bound_may_only_be_better),
        cmocka_unit_test(a_fifth_invalid_is_still_allowed),
        cmocka_unit_test(more_invalid_trials_block_the_verdict),
        cmocka_unit_test(one_block_says_nothing),
        cmocka_unit_test(verdicts_have_their_words),
        cmocka_unit_test(second_opinions_take_a_difference_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
