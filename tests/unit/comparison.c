/* SPDX-License-Identifier: MIT
 *
 * What is said about two models: the verdict is withheld where too many trials
 * were invalid, however clear the rest looks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "harness/comparison.h"

/* Ten per cent faster in six blocks, with hardly any spread. */
static const double a[] = {1101, 1099, 1102, 1098, 1100, 1100};
static const double b[] = {1000, 1001, 999, 1002, 998, 1000};

static json_t *row_with(double invalid_share, int blocks)
{
    struct estimate ratio;
    struct comparison comparison = {
        .experiment = "e",
        .load_point = "p",
        .metric = metric_find("throughput_per_s"),
        .a = "one",
        .b = "two",
        .margin = 0.05,
        .ratio = &ratio,
        .invalid_share = invalid_share,
    };

    statistics_ratio(a, b, blocks, &ratio);
    comparison.signed_rank_p = statistics_signed_rank_p(a, b, blocks);
    return comparison_json(&comparison);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear_difference_is_said),
        cmocka_unit_test(a_fifth_invalid_is_still_allowed),
        cmocka_unit_test(more_invalid_trials_block_the_verdict),
        cmocka_unit_test(one_block_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
