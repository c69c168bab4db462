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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(too_few_rounds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
