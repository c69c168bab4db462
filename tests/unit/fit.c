/* SPDX-License-Identifier: MIT
 *
 * Constants that were planted come out again: exactly from trials without
 * scatter, and within their intervals about as often as the intervals say from
 * trials with scatter.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/calibrate/fit.h"
#include "models/runtime/base/mix.h"

static const double planted[CONSTANTS] = {
    [CONSTANT_REQUEST] = 8000,        [CONSTANT_CALL_FIRST] = 14000,
    [CONSTANT_CALL] = 6000,           [CONSTANT_BYTE] = 0.25,
    [CONSTANT_CONNECTION] = 30000,    [CONSTANT_GROWTH] = 0.04,
    [CONSTANT_WAKE] = 20000,          [CONSTANT_WORK_FACTOR] = 1.07,
    [CONSTANT_MEMORY] = 3e6,          [CONSTANT_MEMORY_FLIGHT] = 9000,
    [CONSTANT_MEMORY_WORKER] = 50000,
};

static const double BARE_NS = 3e5, BUSY = 0.4;

static uint64_t drawn;

/* About normal, of deviation 1. */
static double scatter(double deviation)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (double)(mix(++drawn) >> 11) * 0x1p-53;
    return 1 + deviation * sum;
}

static void add(json_t *trials, int block, const char *place, double cpu_ns,
                double memory_bytes, int connections, int workers, int size,
                double deviation)
{
    double window_ns = 1e9;
    json_array_append_new(
        trials,
        json_pack(
            "{s:b, s:i, s:s, s:s, s:f, s:{s:s, s:{s:i}, s:i, s:{s:i}}, "
            "s:{s:f, s:f, s:f}, s:{s:f, s:f}, s:{s:i, s:f}, s:[], s:{s:i}}",
            "valid", 1, "block", block, "load_point", place, "experiment",
            "calibrate", "window_ns", window_ns, "cell", "model", "m",
            "parameters", "size_bytes", size, "workers", workers, "load",
            "connections", connections, "cpu", "per_request_ns",
            cpu_ns * scatter(deviation), "user_ns", BUSY * window_ns,
            "system_ns", 0.0, "memory", "total_bytes",
            memory_bytes * scatter(deviation), "idle_total_bytes", memory_bytes,
            "bare", "processes", 1, "per_s", 1e9 / BARE_NS, "withheld",
            "requests", "completed_in_window", 100000));
}

static json_t *made_up(int blocks, double deviation)
{
    const double *c = planted;
    double request = c[CONSTANT_REQUEST];
    json_t *trials = json_array();

    for (int b = 1; b <= blocks; b++) {
        double d = deviation;
        add(trials, b, "hello", request, 0, 16, 0, 13, d);
        add(trials, b, "many", request * (1 + 5 * c[CONSTANT_GROWTH]), 0, 512,
            0, 13, d);
        add(trials, b, "bytes", request + 32755 * c[CONSTANT_BYTE], 0, 16, 0,
            32768, d);
        add(trials, b, "churn", request + c[CONSTANT_CONNECTION], 0, 16, 0, 13,
            d);
        add(trials, b, "call-calls1", request + c[CONSTANT_CALL_FIRST], 0, 16,
            0, 13, d);
        add(trials, b, "call-calls4",
            request + c[CONSTANT_CALL_FIRST] + 3 * c[CONSTANT_CALL], 0, 16, 0,
            13, d);
        add(trials, b, "spin", request + BARE_NS * c[CONSTANT_WORK_FACTOR], 0,
            4, 0, 13, d);
        add(trials, b, "part", request + (1 - BUSY) * c[CONSTANT_WAKE], 0, 16,
            0, 13, d);
        add(trials, b, "wait-c8", request, 8 * c[CONSTANT_MEMORY_FLIGHT], 8, 0,
            13, d);
        add(trials, b, "wait-c256", request, 256 * c[CONSTANT_MEMORY_FLIGHT],
            256, 0, 13, d);
        add(trials, b, "workers-w8", request,
            c[CONSTANT_MEMORY] + 8 * c[CONSTANT_MEMORY_WORKER], 8, 8, 13, d);
        add(trials, b, "workers-w64", request,
            c[CONSTANT_MEMORY] + 64 * c[CONSTANT_MEMORY_WORKER], 8, 64, 13, d);
    }
    return trials;
}

static struct machine fitted(json_t *trials)
{
    struct machine machine = {.model_count = 1, .models = {{.name = "m"}}};
    char why[256] = "";

    if (fit_constants(trials, &machine, why, sizeof why) != 0)
        fail_msg("%s", why);
    json_decref(trials);
    return machine;
}

static void test_planted(void **state)
{
    struct machine machine = fitted(made_up(4, 0));

    (void)state;
    for (int i = 0; i < CONSTANTS; i++) {
        const struct constant *c = &machine.models[0].of[i];
        if (!(fabs(c->value / planted[i] - 1) < 1e-6) || c->n != 4)
            fail_msg("%s: %g, planted %g, n %d", constant_name(i), c->value,
                     planted[i], c->n);
    }
}

static void test_intervals_hold(void **state)
{
    enum { RUNS = 1000 };
    int held[CONSTANTS] = {0};

    (void)state;
    for (int run = 0; run < RUNS; run++) {
        struct machine machine = fitted(made_up(4, 0.02));
        for (int i = 0; i < CONSTANTS; i++) {
            const struct constant *c = &machine.models[0].of[i];
            held[i] += c->lo <= planted[i] && planted[i] <= c->hi;
        }
    }
    for (int i = 0; i < CONSTANTS; i++)
        if (held[i] < 0.93 * RUNS || held[i] > 0.97 * RUNS)
            fail_msg("%s: %d of %d intervals hold it", constant_name(i),
                     held[i], RUNS);
}

/* What was not measured is not known, and one block gives no interval. */
static void test_missing(void **state)
{
    struct machine machine = {.model_count = 1, .models = {{.name = "m"}}};
    json_t *trials = json_array();
    char why[256] = "";

    (void)state;
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "m has no valid trial"));
    machine = (struct machine){.model_count = 1, .models = {{.name = "m"}}};
    add(trials, 1, "hello", 8000, 0, 16, 0, 13, 0);
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
    assert_int_equal(machine.models[0].of[CONSTANT_REQUEST].n, 1);
    assert_int_equal(machine.models[0].of[CONSTANT_CALL].n, 0);
    assert_true(isnan(machine.models[0].of[CONSTANT_CALL].value));
    json_decref(trials);
}

/* As JSON and back. */
static void test_stored(void **state)
{
    struct machine machine = fitted(made_up(3, 0.01)), again;
    char why[256] = "";

    (void)state;
    machine.cores = 2;
    strcpy(machine.run_id, "r");
    strcpy(machine.at, "2026-01-01T00:00:00Z");
    json_t *json = machine_json(&machine);
    assert_int_equal(machine_read(json, &again, why, sizeof why), 0);
    assert_int_equal(again.model_count, 1);
    for (int i = 0; i < CONSTANTS; i++)
        assert_memory_equal(&again.models[0].of[i], &machine.models[0].of[i],
                            sizeof again.models[0].of[i]);
    json_object_set_new(json, "cores", json_integer(0));
    assert_int_equal(machine_read(json, &again, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "cores"));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_intervals_hold),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
