/* SPDX-License-Identifier: MIT
 *
 * Ratios between load points from made-up trials whose truth is known: paired
 * by block, so that what a block's trials share cancels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/statistics/compare.h"

enum { BLOCKS = 4 };

static void add_trial(json_t *trials, const char *point, int block,
                      double per_s, int valid)
{
    char id[64];

    snprintf(id, sizeof id, "e-b%d-%s-m", block, point);
    json_array_append_new(
        trials,
        json_pack("{s:s, s:s, s:s, s:b, s:s, s:i, s:{s:s, s:{s:s}}, s:{s:i}, "
                  "s:f}",
                  "experiment", "e", "load_point", point, "trial_id", id,
                  "valid", valid, "reason", "none", "block", block, "cell",
                  "model", "m", "load", "mode", "closed", "requests",
                  "completed_in_window", 1000, "throughput_per_s", per_s));
}

/* Each block has a speed of its own; w2 does 1.9 times what w1 does. */
static json_t *make_trials(void)
{
    json_t *trials = json_array();

    for (int block = 1; block <= BLOCKS; block++) {
        add_trial(trials, "w1", block, 100.0 * block, 1);
        add_trial(trials, "w2", block, 190.0 * block, block > 1);
    }
    return trials;
}

static json_t *make_run(const char *base)
{
    json_t *run = json_pack(
        "{s:[{s:s, s:s?, s:[{s:s, s:[s], s:{s:s}}, {s:s, s:[s], s:{s:s}}]}]}",
        "experiments", "name", "e", "base", base, "load_points", "id", "w1",
        "models", "m", "load", "mode", "closed", "id", "w2", "models", "m",
        "load", "mode", "closed");

    assert_non_null(run);
    return run;
}

static json_t *row_of(const json_t *run, const char *metric)
{
    json_t *row;
    size_t i;

    json_array_foreach (json_object_get(run, "across"), i, row) {
        const char *name = json_string_value(json_object_get(row, "metric"));

        if (!strcmp(name, metric))
            return row;
    }
    return NULL;
}

static double number(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

static void a_ratio_is_paired_by_block(void **state)
{
    json_t *run = make_run("w1"), *trials = make_trials(), *row;

    (void)state;
    assert_int_equal(compare_across(run, trials), 0);
    row = row_of(run, "throughput_per_s");
    assert_non_null(row);
    assert_string_equal(json_string_value(json_object_get(row, "load_point")),
                        "w2");
    assert_string_equal(json_string_value(json_object_get(row, "base")), "w1");
    /* The invalid trial's block is in neither; the others' speeds cancel. */
    assert_int_equal(number(row, "n"), BLOCKS - 1);
    assert_float_equal(number(row, "ratio"), 1.9, 1e-9);
    assert_float_equal(number(row, "lo"), 1.9, 1e-9);
    assert_float_equal(number(row, "hi"), 1.9, 1e-9);
    assert_int_equal(json_array_size(json_object_get(row, "trials")),
                     2 * (BLOCKS - 1));
    json_decref(run);
    json_decref(trials);
}

static void without_a_base_there_is_none(void **state)
{
    json_t *run = make_run(NULL), *trials = make_trials();

    (void)state;
    assert_int_equal(compare_across(run, trials), 0);
    assert_int_equal(json_array_size(json_object_get(run, "across")), 0);
    json_decref(run);
    json_decref(trials);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ratio_is_paired_by_block),
        cmocka_unit_test(without_a_base_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
