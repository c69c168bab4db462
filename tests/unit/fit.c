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
    [CONSTANT_REQUEST] = 8000,
    [CONSTANT_CALL_FIRST] = 14000,
    [CONSTANT_CALL] = 6000,
    [CONSTANT_BYTE] = 0.25,
    [CONSTANT_CONNECTION] = 30000,
    [CONSTANT_GROWTH] = 0.04,
    [CONSTANT_WAKE] = 20000,
    [CONSTANT_WORK_FACTOR] = 1.07,
    [CONSTANT_PATH] = 28000,
    [CONSTANT_LAG] = 22000,
    [CONSTANT_CALL_PATH] = 60000,
    [CONSTANT_MEMORY] = 3e6,
    [CONSTANT_MEMORY_CONNECTION] = 4000,
    [CONSTANT_MEMORY_FLIGHT] = 9000,
    [CONSTANT_MEMORY_QUEUED] = 2000,
    [CONSTANT_MEMORY_WORKER] = 50000,
};

static const double BARE_NS = 3e5, BUSY = 0.4;

/* Of the cells that measure times. */
static const double RATE_PER_S = 4000, AWAY_NS = 2e6, AWAY_CALLS = 2;

static uint64_t drawn;

/* About normal, of deviation 1. */
static double scatter(double deviation)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (double)(mix(++drawn) >> 11) * 0x1p-53;
    return 1 + deviation * sum;
}

/* What a trial is made of; what is not said is 0. */
struct made_up {
    const char *place;
    double cpu_ns;
    int connections, workers, size;
    double idle_bytes, open_bytes, socket_bytes, memory_bytes;
    int open_threads, threads;
    double path_ns; /* service time beyond the CPU */
    double wait_ns, calls;
};

/* Some of both times are medians. */
static json_t *percentiles(double ns)
{
    return json_pack("{s:[{s:i, s:f}, {s:i, s:f}]}", "percentiles", "p", 50,
                     "ns", ns, "p", 90, "ns", 9 * ns);
}

static void add(json_t *trials, int block, double deviation,
                const struct made_up *t)
{
    double window_ns = 1e9;
    double open = t->open_bytes - t->idle_bytes;
    double used = t->memory_bytes - t->open_bytes - t->socket_bytes;
    double open_bytes = t->idle_bytes + open * scatter(deviation);
    double socket_bytes = t->socket_bytes * scatter(deviation);
    double cpu_ns = t->cpu_ns * scatter(deviation);
    double service_ns =
        t->wait_ns + t->cpu_ns + t->path_ns * scatter(deviation);
    double lag_ns = planted[CONSTANT_LAG] * scatter(deviation);

    json_array_append_new(
        trials,
        json_pack(
            "{s:f, s:{s:o, s:o}, s:b, s:i, s:s, s:s, s:f, s:{s:s, s:{s:i, s:f, "
            "s:f}, s:i, "
            "s:{s:i}}, "
            "s:{s:f, s:f, s:f}, s:{s:f, s:f, s:f, s:{s:f, s:i}}, s:{s:i}, "
            "s:{s:i, s:f}, s:[], s:{s:i}}",
            "throughput_per_s", RATE_PER_S, "latency", "service",
            percentiles(service_ns), "response",
            percentiles(service_ns + lag_ns), "valid", 1, "block", block,
            "load_point", t->place, "experiment", "calibrate", "window_ns",
            window_ns, "cell", "model", "m", "parameters", "size_bytes",
            t->size, "delay_ns", t->wait_ns, "calls", t->calls, "workers",
            t->workers, "load", "connections", t->connections, "cpu",
            "per_request_ns", cpu_ns, "user_ns", BUSY * window_ns, "system_ns",
            0.0, "memory", "total_bytes",
            open_bytes + socket_bytes + used * scatter(deviation),
            "idle_total_bytes", t->idle_bytes, "socket_bytes", socket_bytes,
            "open", "total_bytes", open_bytes, "threads", t->open_threads,
            "tasks", "threads", t->threads, "bare", "processes", 1, "per_s",
            1e9 / BARE_NS, "withheld", "requests", "completed_in_window",
            100000));
}

static void add_costs(json_t *trials, int block, double deviation)
{
    const double *c = planted;
    const double request = c[CONSTANT_REQUEST];
    const struct made_up costs[] = {
        {"hello", request, 16, .size = 13},
        {"many", request * (1 + 5 * c[CONSTANT_GROWTH]), 512, .size = 13},
        {"bytes", request + 32755 * c[CONSTANT_BYTE], 16, .size = 32768},
        {"churn", request + c[CONSTANT_CONNECTION], .connections = 16},
        {"call-calls1", request + c[CONSTANT_CALL_FIRST], .connections = 16},
        {"call-calls4", request + c[CONSTANT_CALL_FIRST] + 3 * c[CONSTANT_CALL],
         .connections = 16},
        {"spin", request + BARE_NS * c[CONSTANT_WORK_FACTOR], .connections = 4},
        {"part", request + (1 - BUSY) * c[CONSTANT_WAKE], .connections = 16,
         .path_ns = c[CONSTANT_PATH]},
        {"away", 3 * request, .connections = 32, .size = 49152,
         .path_ns = c[CONSTANT_PATH] + AWAY_CALLS * c[CONSTANT_CALL_PATH],
         .wait_ns = AWAY_NS, .calls = AWAY_CALLS},
    };

    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++)
        add(trials, block, deviation, &costs[i]);
}

/* `tasks` of 256 requests have had theirs started; 0: none gets one. */
static void add_memory(json_t *trials, int block, double deviation, int tasks)
{
    const double *c = planted;
    double base = c[CONSTANT_MEMORY];
    double open = base + 256 * c[CONSTANT_MEMORY_CONNECTION];
    double queued = 256 * c[CONSTANT_MEMORY_QUEUED];
    int carried = tasks > 0 ? tasks : 256;

    add(trials, block, deviation,
        &(struct made_up){"held", c[CONSTANT_REQUEST], 256, .idle_bytes = base,
                          .open_bytes = open,
                          .memory_bytes =
                              open + carried * c[CONSTANT_MEMORY_FLIGHT],
                          .open_threads = 1, .threads = 1 + tasks});
    add(trials, block, deviation,
        &(struct made_up){"ready", c[CONSTANT_REQUEST], 256, .idle_bytes = base,
                          .open_bytes = open, .socket_bytes = queued,
                          .memory_bytes = open + queued});
}

static const double IDLE_WORKER_BYTES = 30000;

/* A pool: of 256 requests each worker serves one, and the others queue. */
static void add_pool(json_t *trials, int block, double deviation, int workers)
{
    const double *c = planted;
    double idle = c[CONSTANT_MEMORY] + workers * IDLE_WORKER_BYTES;
    double open = idle + 256 * c[CONSTANT_MEMORY_CONNECTION];
    double queued = (256 - workers) * c[CONSTANT_MEMORY_QUEUED];
    double busy = c[CONSTANT_MEMORY_WORKER] - IDLE_WORKER_BYTES;

    add(trials, block, deviation,
        &(struct made_up){workers == 8 ? "pools-w8" : "pools-w64",
                          c[CONSTANT_REQUEST], 256, workers, .idle_bytes = idle,
                          .open_bytes = open, .socket_bytes = queued,
                          .memory_bytes = open + queued + workers * busy});
}

enum kind { LOOP, TASKS, POOL };

static json_t *made_up(enum kind kind, int blocks, double deviation)
{
    json_t *trials = json_array();

    for (int b = 1; b <= blocks; b++) {
        add_costs(trials, b, deviation);
        if (kind == POOL) {
            add_pool(trials, b, deviation, 8);
            add_pool(trials, b, deviation, 64);
        } else {
            add_memory(trials, b, deviation, kind == TASKS ? 90 + b : 0);
        }
    }
    return trials;
}

/* A pool's workers hold what requests do, and others have no workers. */
static bool has(enum kind kind, enum constant_id id)
{
    return id !=
           (kind == POOL ? CONSTANT_MEMORY_FLIGHT : CONSTANT_MEMORY_WORKER);
}

static struct machine fitted(json_t *trials)
{
    struct machine machine = {
        .cores = 1, .model_count = 1, .models = {{.name = "m"}}};
    char why[256] = "";

    if (fit_constants(trials, &machine, why, sizeof why) != 0)
        fail_msg("%s", why);
    json_decref(trials);
    return machine;
}

static void test_planted(void **state)
{
    (void)state;
    for (enum kind kind = LOOP; kind <= POOL; kind++) {
        struct machine machine = fitted(made_up(kind, 4, 0));
        assert_int_equal(machine.models[0].dispatches, kind == TASKS);
        for (int i = 0; i < CONSTANTS; i++) {
            const struct constant *c = &machine.models[0].of[i];
            if (has(kind, i)
                    ? !(fabs(c->value / planted[i] - 1) < 1e-6) || c->n != 4
                    : c->n != 0)
                fail_msg("%s of kind %d: %g, planted %g, n %d",
                         constant_name(i), kind, c->value, planted[i], c->n);
        }
    }
}

static void count_held(enum kind kind, int runs, int *held)
{
    for (int run = 0; run < runs; run++) {
        struct machine machine = fitted(made_up(kind, 4, 0.02));
        for (int i = 0; i < CONSTANTS; i++) {
            const struct constant *c = &machine.models[0].of[i];
            held[i] += c->lo <= planted[i] && planted[i] <= c->hi;
        }
    }
}

/* The base is read at rest, where these trials do not scatter. */
static void test_intervals_hold(void **state)
{
    enum { RUNS = 1000 };

    (void)state;
    for (enum kind kind = LOOP; kind <= POOL; kind++) {
        int held[CONSTANTS] = {0};
        count_held(kind, RUNS, held);
        for (int i = 0; i < CONSTANTS; i++)
            if (has(kind, i) && i != CONSTANT_MEMORY &&
                (held[i] < 0.93 * RUNS || held[i] > 0.97 * RUNS))
                fail_msg("%s of kind %d: %d of %d intervals hold it",
                         constant_name(i), kind, held[i], RUNS);
    }
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
    add(trials, 1, 0, &(struct made_up){"hello", 8000, .connections = 16});
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
    assert_int_equal(machine.models[0].of[CONSTANT_REQUEST].n, 1);
    assert_int_equal(machine.models[0].of[CONSTANT_CALL].n, 0);
    assert_true(isnan(machine.models[0].of[CONSTANT_CALL].value));
    json_decref(trials);
}

/* A server that was busy all the time was not woken. */
static void test_overloaded_part(void **state)
{
    struct machine machine = {.model_count = 1, .models = {{.name = "m"}}};
    json_t *trials = made_up(LOOP, 3, 0), *trial;
    char why[256] = "";
    size_t i;

    (void)state;
    json_array_foreach (trials, i, trial)
        json_object_set_new(json_object_get(trial, "cpu"), "user_ns",
                            json_real(0.97e9));
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
    assert_int_equal(machine.models[0].of[CONSTANT_WAKE].n, 0);
    assert_int_equal(machine.models[0].of[CONSTANT_PATH].n, 0);
    assert_int_equal(machine.models[0].of[CONSTANT_REQUEST].n, 3);
    json_decref(trials);
}

/* Where the median request finds the only core busy, its wait is no path; with
 * two cores it finds one free. */
static void test_queue_is_no_path(void **state)
{
    const double part_ns =
        planted[CONSTANT_REQUEST] + (1 - BUSY) * planted[CONSTANT_WAKE];
    const double queue_ns = log(0.5 / (1 - 0.52)) / RATE_PER_S * 1e9;

    (void)state;
    for (int cores = 1; cores <= 2; cores++) {
        json_t *trials = made_up(LOOP, 3, 0), *trial;
        struct machine machine = {.cores = cores,
                                  .model_count = 1,
                                  .models = {{.name = "m", .parallel = true}}};
        char why[256] = "";
        size_t i;
        json_array_foreach (trials, i, trial)
            json_object_set_new(json_object_get(trial, "cpu"), "user_ns",
                                json_real(0.52 * 1e9));
        assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
        double expected = planted[CONSTANT_PATH] - (cores == 1 ? queue_ns : 0);
        assert_true(queue_ns > 5000 && queue_ns < part_ns);
        assert_true(fabs(machine.models[0].of[CONSTANT_PATH].value / expected -
                         1) < 1e-6);
        json_decref(trials);
    }
}

/* Models are replaced by name, and there is no room for ever. */
static void test_put(void **state)
{
    static struct machine machine;
    struct model_constants model = {.name = "a", .workers = 1};

    (void)state;
    assert_int_equal(machine_put(&machine, &model), 0);
    model.workers = 2;
    assert_int_equal(machine_put(&machine, &model), 0);
    assert_int_equal(machine.model_count, 1);
    assert_int_equal(machine.models[0].workers, 2);
    while (machine.model_count < CONSTANTS_MODELS_MAX) {
        snprintf(model.name, sizeof model.name, "b%d", machine.model_count);
        assert_int_equal(machine_put(&machine, &model), 0);
    }
    strcpy(model.name, "c");
    assert_int_equal(machine_put(&machine, &model), -ENOSPC);
    strcpy(model.name, "a");
    assert_int_equal(machine_put(&machine, &model), 0);
}

/* As JSON and back. */
static void test_stored(void **state)
{
    struct machine machine = fitted(made_up(TASKS, 3, 0.01)), again;
    char why[256] = "";

    (void)state;
    machine.cores = 2;
    machine.models[0].token = true;
    machine.models[0].workers = 3;
    strcpy(machine.run_id, "r");
    strcpy(machine.at, "2026-01-01T00:00:00Z");
    json_t *json = machine_json(&machine);
    assert_int_equal(machine_read(json, &again, why, sizeof why), 0);
    assert_int_equal(again.model_count, 1);
    for (int i = 0; i < CONSTANTS; i++)
        assert_memory_equal(&again.models[0].of[i], &machine.models[0].of[i],
                            sizeof again.models[0].of[i]);
    assert_true(again.models[0].dispatches && again.models[0].token);
    assert_int_equal(again.models[0].workers, 3);
    json_t *constants = json_object_get(
        json_array_get(json_object_get(json, "models"), 0), "constants");
    json_object_del(constants, "call_ns");
    assert_int_equal(machine_read(json, &again, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "call_ns"));
    json_object_set_new(constants, "call_ns",
                        json_pack("{s:n, s:i}", "value", "n", 0));
    assert_int_equal(machine_read(json, &again, why, sizeof why), 0);
    assert_true(isnan(again.models[0].of[CONSTANT_CALL].value));
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
        cmocka_unit_test(test_overloaded_part),
        cmocka_unit_test(test_queue_is_no_path),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
