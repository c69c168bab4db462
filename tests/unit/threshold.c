/* SPDX-License-Identifier: MIT
 *
 * Which figures meet a limit: a bound and an estimate by the worst that they
 * allow, and no figure by nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/statistics/threshold.h"

static char said[512];

static void say(const char *line, void *context)
{
    (void)context;
    snprintf(said, sizeof said, "%s", line);
}

/* One cell whose summary has one row (JSON, without braces) of the metric. */
static bool met(const char *text, const char *metric, const char *row)
{
    struct threshold threshold;
    char *document = NULL, why[256];
    json_t *run;
    int failed;

    assert_int_equal(threshold_parse(text, &threshold, why, sizeof why), 0);
    assert_true(asprintf(&document,
                         "{\"models\": {\"m\": {\"yardstick\": false}}, "
                         "\"summary\": [{\"experiment\": \"e\", "
                         "\"load_point\": \"p\", \"model\": \"m\", "
                         "\"metric\": \"%s\", %s}], \"experiments\": "
                         "[{\"name\": \"e\", \"load_points\": [{\"id\": "
                         "\"p\", \"models\": [\"m\"]}]}]}",
                         metric, row) > 0);
    run = json_loads(document, 0, NULL);
    free(document);
    assert_non_null(run);
    failed = threshold_judge(&threshold, 1, run, NULL, NULL, say, NULL);
    json_decref(run);
    return failed == 0;
}

static void test_a_figure(void **state)
{
    (void)state;
    assert_true(met("p99<5ms", "latency_p99_ns", "\"value\": 4999999"));
    assert_false(met("p99<5ms", "latency_p99_ns", "\"value\": 5000000"));
    assert_true(met("rps>100", "throughput_per_s", "\"value\": 101"));
    assert_false(met("rps>100", "throughput_per_s", "\"value\": 100"));
    assert_string_equal(said, "  e p m: 100/s");
    assert_false(met("rps>100", "throughput_per_s",
                     "\"value\": 99, \"lo\": 90, \"hi\": 110"));
    assert_non_null(strstr(said, "its interval covers the limit"));
}

static void test_no_figure(void **state)
{
    (void)state;
    assert_false(met("p99<5ms", "latency_p99_ns",
                     "\"value\": null, \"why\": \"too few\""));
    assert_string_equal(said, "  e p m: no figure: too few");
    assert_false(met("p99<5ms", "latency_p50_ns", "\"value\": 1"));
    assert_string_equal(said, "  e p m: no figure");
}

static void test_memory_that_is_estimated(void **state)
{
    (void)state;
#define SHARE "\"error_share\": 0.15, \"lower_bound\": "
    assert_true(met("mem<100MiB", "memory_total_bytes",
                    "\"value\": 90000000, " SHARE "false"));
    assert_false(met("mem<100MiB", "memory_total_bytes",
                     "\"value\": 100000000, " SHARE "false"));
    assert_non_null(strstr(said, "an estimate, whose error reaches the limit"));
    assert_false(met("mem<100MiB", "memory_total_bytes",
                     "\"value\": 1000, " SHARE "true"));
    assert_non_null(strstr(said, "e p m: >= "));
    assert_non_null(strstr(said, "a lower bound: a part of the memory"));
    assert_false(met("mem<100MiB", "memory_total_bytes",
                     "\"value\": 200000000, " SHARE "true"));
    assert_null(strstr(said, "a lower bound: a part"));
}

static void test_a_server_that_was_not_the_limit(void **state)
{
    (void)state;
    assert_true(met("rps>100", "throughput_per_s",
                    "\"value\": 101, \"generator_bound\": true"));
    assert_false(met("rps>100", "throughput_per_s",
                     "\"value\": 99, \"generator_bound\": true"));
    assert_non_null(strstr(said, "the server was not the limit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_figure),
        cmocka_unit_test(test_no_figure),
        cmocka_unit_test(test_memory_that_is_estimated),
        cmocka_unit_test(test_a_server_that_was_not_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
