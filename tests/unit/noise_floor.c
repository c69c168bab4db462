/* SPDX-License-Identifier: MIT
 *
 * A model against its own copy, with known differences: the floor is the 95th
 * percentile of them, it widens the margin of its own metric alone, the copy
 * is no contender anywhere, and too many "different" copies are called out.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/statistics/margin.h"
#include "harness/statistics/summary.h"
#include "harness/statistics/summary_rows.h"

enum { POINTS = 20, BLOCKS = 6 };

static void near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("got %.12g, expected %.12g", got, expected);
}

static json_t *trial_of(const char *point, const char *model, int block,
                        double throughput, double bytes)
{
    return json_pack(
        "{s:s, s:s, s:s, s:i, s:b, s:{s:s}, s:f, s:{s:i}, s:{s:f}}", "trial_id",
        model, "experiment", "e", "load_point", point, "block", block, "valid",
        1, "cell", "model", model, "throughput_per_s", throughput, "requests",
        "completed_in_window", 1000, "memory", "total_bytes", bytes);
}

static json_t *run_of(bool with_copy)
{
    json_t *points = json_array();
    char id[16];

    for (int i = 0; i < POINTS; i++) {
        snprintf(id, sizeof id, "p%d", i);
        json_array_append_new(points, json_pack("{s:s, s:[s, s]}", "id", id,
                                                "models", "one", "two"));
    }
    return json_pack("{s:[{s:s, s:s, s:b, s:f, s:f, s:o}], s:{s:{s:b}, "
                     "s:{s:b}}, s:[]}",
                     "experiments", "name", "e", "baseline", "one",
                     "noise_floor", with_copy, "margin", 0.05, "latency_margin",
                     0.1, "load_points", points, "models", "one", "yardstick",
                     0, "two", "yardstick", 0, "plan");
}

/* At load point i the copy is (i + 1) % slower, times `more`; its memory is
 * the same. A little spread, the same for every pair, that the blocks share
 * or not. */
static json_t *trials_of(double more, double spread)
{
    static const double wobble[BLOCKS] = {1, -1, 0.5, -0.5, 0.2, -0.2};
    json_t *trials = json_array();
    char id[16];

    for (int i = 0; i < POINTS; i++)
        for (int block = 0; block < BLOCKS; block++) {
            double own = 1000 * exp(0.2 * wobble[block]);
            double copy = own / (1 + more * (i + 1)) *
                          exp(spread * wobble[(block + 3) % BLOCKS]);

            snprintf(id, sizeof id, "p%d", i);
            json_array_append_new(trials,
                                  trial_of(id, "one", block + 1, own, 1000));
            json_array_append_new(trials,
                                  trial_of(id, "one~", block + 1, copy, 1000));
            json_array_append_new(
                trials, trial_of(id, "two", block + 1, own * 1.1, 1000));
        }
    return trials;
}

static json_int_t whole(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void the_floor_widens_the_margin_of_its_metric(void **state)
{
    json_t *run = run_of(true), *trials = trials_of(0.01, 0.001), *row;
    size_t i;

    (void)state;
    assert_int_equal(summary_make(run, trials), 0);
    /* The 19th of 20: 19 %. */
    near(margin_floor(run, "e", "throughput_per_s"), 0.19, 1e-9);
    near(margin_floor(run, "e", "memory_total_bytes"), 0, 1e-12);
    near(margin_floor(run, "other", "throughput_per_s"), 0, 0);
    assert_int_equal(json_array_size(json_object_get(run, "comparisons")),
                     2 * POINTS);
    json_array_foreach (json_object_get(run, "comparisons"), i, row) {
        const char *metric = json_string_value(json_object_get(row, "metric"));
        bool rate = !strcmp(metric, "throughput_per_s");

        near(json_number_value(json_object_get(row, "margin")),
             rate ? 0.19 : 0.05, 1e-9);
        assert_string_equal(json_string_value(json_object_get(row, "b")),
                            "two");
        /* 10 % are inside 19 %, however sure. */
        assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                            "same");
        assert_true(json_is_true(json_object_get(row, "primary")));
    }
    json_array_foreach (json_object_get(run, "summary"), i, row) {
        const char *model = json_string_value(json_object_get(row, "model"));
        assert_null(strchr(model, '~'));
    }
    json_decref(run);
    json_decref(trials);
}

/* Copies beyond the declared 5 % are "different" at 15 of 20 load points. */
static void too_many_differences_are_called_out(void **state)
{
    json_t *run = run_of(true), *trials = trials_of(0.01, 0.0001), *noise;

    (void)state;
    assert_int_equal(summary_make(run, trials), 0);
    noise = json_object_get(run, "noise_floor");
    assert_int_equal(whole(noise, "cells"), 2 * POINTS);
    assert_int_equal(whole(noise, "different"), 15);
    assert_true(json_is_false(json_object_get(noise, "ok")));
    json_decref(run);
    json_decref(trials);
    run = run_of(true);
    trials = trials_of(0.0001, 0.001);
    assert_int_equal(summary_make(run, trials), 0);
    noise = json_object_get(run, "noise_floor");
    assert_int_equal(whole(noise, "different"), 0);
    assert_true(json_is_true(json_object_get(noise, "ok")));
    json_decref(run);
    json_decref(trials);
}

static void without_a_copy_there_is_none(void **state)
{
    json_t *run = run_of(false), *trials = trials_of(0.01, 0.001), *row;

    (void)state;
    assert_int_equal(summary_make(run, trials), 0);
    assert_true(json_is_null(json_object_get(run, "noise_floor")));
    row = summary_comparison(run, "e", "p0", "throughput_per_s", "one", "two");
    near(json_number_value(json_object_get(row, "margin")), 0.05, 1e-12);
    assert_string_equal(json_string_value(json_object_get(row, "verdict")),
                        "worse");
    assert_string_equal(json_string_value(json_object_get(row, "phrase")),
                        "two is 10.0 % better [10.0–10.0]");
    /* One of forty primary comparisons, and none the smaller for it. */
    assert_true(json_number_value(json_object_get(row, "p_holm")) < 1e-9);
    json_decref(run);
    json_decref(trials);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_floor_widens_the_margin_of_its_metric),
        cmocka_unit_test(too_many_differences_are_called_out),
        cmocka_unit_test(without_a_copy_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
