/* SPDX-License-Identifier: MIT
 *
 * Which trials give which figure.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/figures/metric.h"

static double figure(const char *metric, const json_t *trial)
{
    char why[512];

    return metric_of(metric_find(metric), trial, why, sizeof why);
}

/* A window in which only short waits ended has no times of requests. What the
 * server sent by itself is complete all the same. */
static void too_few_rounds(void **state)
{
    json_t *trial = json_loads(
        "{\"requests\": {\"completed_in_window\": 500},"
        " \"connections\": {\"open\": 400},"
        " \"latency\": {\"kind\": \"service\", \"turned_over\": false,"
        "  \"service\": {\"count\": 500, \"mean_ns\": 7, \"percentiles\": "
        "[{\"p\": 99, \"ns\": 9}]},"
        "  \"connect\": {\"count\": 500, \"mean_ns\": 3},"
        "  \"push\": {\"count\": 5000, \"percentiles\": [{\"p\": 99, \"ns\": "
        "12}]}}}",
        0, NULL);
    json_t *latency = json_object_get(trial, "latency");

    (void)state;
    assert_non_null(trial);
    assert_true(isnan(figure("latency_p99_ns", trial)));
    assert_true(isnan(figure("latency_mean_ns", trial)));
    assert_true(isnan(figure("latency_connect_mean_ns", trial)));
    assert_true(figure("push_lateness_p99_ns", trial) == 12);
    json_object_set_new(latency, "turned_over", json_true());
    assert_true(figure("latency_p99_ns", trial) == 9);
    assert_true(figure("latency_mean_ns", trial) == 7);
    assert_true(figure("latency_connect_mean_ns", trial) == 3);
    assert_true(figure("push_lateness_p99_ns", trial) == 12);
    json_decref(trial);
}

/* What a server costs that nobody asks, and what a quota took from it. */
static void per_second(void **state)
{
    json_t *trial = json_loads(
        "{\"window_ns\": 2000000000, \"cell\": {\"load\": {\"mode\": "
        "\"idle\"}},"
        " \"cpu\": {\"user_ns\": 300, \"system_ns\": 100, \"throttled_ns\": "
        "500000000},"
        " \"switches\": {\"voluntary\": 7, \"involuntary\": 900}}",
        0, NULL);
    json_t *cell = json_object_get(trial, "cell");

    (void)state;
    assert_non_null(trial);
    assert_true(figure("standing_cpu_ns", trial) == 200);
    assert_true(figure("standing_wakeups_per_s", trial) == 3.5);
    assert_true(metric_applies(metric_find("standing_cpu_ns"), trial));
    assert_false(metric_applies(metric_find("throttled_share"), trial));
    json_object_set_new(cell, "cpu_quota", json_real(0.5));
    assert_true(metric_applies(metric_find("throttled_share"), trial));
    assert_true(figure("throttled_share", trial) == 0.25);
    json_object_set_new(json_object_get(trial, "cpu"), "user_ns", json_null());
    assert_true(isnan(figure("standing_cpu_ns", trial)));
    json_object_set_new(json_object_get(cell, "load"), "mode",
                        json_string("closed"));
    assert_false(metric_applies(metric_find("standing_cpu_ns"), trial));
    json_decref(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(too_few_rounds),
                                       cmocka_unit_test(per_second)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
