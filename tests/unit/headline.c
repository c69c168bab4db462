/* SPDX-License-Identifier: MIT
 *
 * What a load point is about, by its kind of load, by what was asked for and by
 * what contenders have figures for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness/statistics/summary.h"

/* One load point of the given shape (JSON, without braces) and of two models,
 * one a yardstick; the experiment asks for `asked` (JSON). */
static void expect(const char *metric, const char *asked, const char *point,
                   const char *rows)
{
    char *text = NULL;
    json_t *run, *stored;

    assert_true(asprintf(&text,
                         "{\"models\": {\"a\": {\"yardstick\": false}, "
                         "\"null\": {\"yardstick\": true}}, \"summary\": [%s], "
                         "\"experiments\": [{\"name\": \"e\", \"headline\": "
                         "%s, \"load_points\": [{\"id\": \"p\", \"models\": "
                         "[\"a\", \"null\"], %s}]}]}",
                         rows, asked, point) > 0);
    run = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(run);
    summary_headlines(run);
    stored = json_object_get(
        json_array_get(
            json_object_get(
                json_array_get(json_object_get(run, "experiments"), 0),
                "load_points"),
            0),
        "headline");
    assert_string_equal(json_string_value(stored), metric);
    json_decref(run);
}

#define LOAD(mode) "\"load\": {\"mode\": \"" mode "\"}"
#define ROW(model, metric, value)                                              \
    "{\"experiment\": \"e\", \"load_point\": \"p\", \"model\": \"" model       \
    "\", \"metric\": \"" metric "\", \"value\": " value "}"

static void by_kind_of_load(void **state)
{
    (void)state;
    expect("throughput_per_s", "null", LOAD("closed"), "");
    expect("throughput_per_s", "null", LOAD("slice"), "");
    expect("throughput_per_s", "null", LOAD("churn"), "");
    expect("capacity_per_s", "null", LOAD("search"), "");
    expect("memory_per_idle_connection_bytes", "null", LOAD("idle"), "");
    expect("beside_p99_ns", "null", LOAD("closed") ", \"beside\": {}", "");
}

static void deepest_percentile_of_a_contender(void **state)
{
    (void)state;
    expect("latency_p99_ns", "null", LOAD("open"), "");
    expect("latency_p99_ns", "null", LOAD("open"),
           ROW("a", "latency_p99_ns", "5") "," ROW("a", "latency_p50_ns", "5"));
    /* What the yardstick has does not count. */
    expect("latency_p50_ns", "null", LOAD("soak"),
           ROW("null", "latency_p99_ns",
               "5") "," ROW("a", "latency_p99_ns",
                            "null") "," ROW("a", "latency_p50_ns", "5"));
    expect("latency_mean_ns", "null", LOAD("open"),
           ROW("a", "latency_mean_ns", "5"));
}

static void the_light_ones_among_the_heavy(void **state)
{
    (void)state;
    expect("latency_light_p99_ns", "null", LOAD("open") ", \"classes\": true",
           ROW("a", "latency_light_p99_ns", "5"));
    expect("throughput_per_s", "null", LOAD("closed") ", \"classes\": true",
           "");
}

static void asked_for_where_it_has_a_meaning(void **state)
{
    (void)state;
    expect("cpu_per_request_ns", "\"cpu_per_request_ns\"", LOAD("open"), "");
    expect("cpu_per_request_ns", "\"cpu_per_request_ns\"",
           LOAD("closed") ", \"beside\": {}", "");
    expect("capacity_per_s", "\"cpu_per_request_ns\"", LOAD("search"), "");
    expect("goodput_per_s", "\"goodput_per_s\"",
           LOAD("open") ", \"slo\": \"p99<60ms\"", "");
    expect("throughput_per_s", "\"goodput_per_s\"", LOAD("closed"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_kind_of_load),
        cmocka_unit_test(deepest_percentile_of_a_contender),
        cmocka_unit_test(the_light_ones_among_the_heavy),
        cmocka_unit_test(asked_for_where_it_has_a_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
