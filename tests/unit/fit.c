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
    [CONSTANT_DOZE] = 50000,
    [CONSTANT_PEER] = 15000,
    [CONSTANT_WORK_FACTOR] = 1.07,
    [CONSTANT_PATH] = 28000,
    [CONSTANT_LAG] = 22000,
    [CONSTANT_CALL_PATH] = 60000,
    [CONSTANT_MEMORY] = 3e6,
    [CONSTANT_MEMORY_CONNECTION] = 4000,
    [CONSTANT_MEMORY_FLIGHT] = 9000,
    [CONSTANT_MEMORY_QUEUED] = 2000,
    [CONSTANT_MEMORY_WORKER] = 50000,
    [CONSTANT_MEMORY_SENT] = 4096,
    [CONSTANT_MEMORY_PAYLOAD] = 1.1,
    [CONSTANT_MEMORY_ENDED] = 250,
};

enum kind { LOOP, TASKS, POOL };

/* Of a connection, what it has once it was served; of a pool, what does not
 * grow with its workers but once they serve; of a worker, what it has before.
 */
static const double OPEN_USER_BYTES = 600000;
static const double KEPT_BYTES = 1500, IDLE_WORKER_BYTES = 30000;

static const double BARE_NS = 3e5, BARE_SHORT_NS = 1e5, BUSY = 0.4;

/* Of the cells that measure times. */
static const double RATE_PER_S = 4000, BRISK_PER_S = 16000;
static const double AWAY_NS = 2e6, AWAY_CALLS = 2;

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
    double user_bytes; /* of memory_bytes, since all connected */
    double path_ns;    /* service time beyond the CPU */
    double wait_ns, calls;
    double rate_per_s; /* 0: RATE_PER_S */
    double bare_ns;    /* 0: BARE_NS */
};

/* Some of both times are medians. */
static json_t *percentiles(double ns)
{
    return json_pack("{s:[{s:i, s:f}, {s:i, s:f}]}", "percentiles", "p", 50,
                     "ns", ns, "p", 90, "ns", 9 * ns);
}

static json_t *latency_of(const struct made_up *t, double deviation)
{
    double ns = t->wait_ns + t->cpu_ns + t->path_ns * scatter(deviation);
    double lag_ns = planted[CONSTANT_LAG] * scatter(deviation);

    return json_pack("{s:o, s:o}", "service", percentiles(ns), "response",
                     percentiles(ns + lag_ns));
}

static json_t *memory_of(const struct made_up *t, double deviation)
{
    double open = t->open_bytes - t->idle_bytes;
    double used = t->memory_bytes - t->open_bytes - t->socket_bytes;
    double open_bytes = t->idle_bytes + open * scatter(deviation);
    double socket_bytes = t->socket_bytes * scatter(deviation);

    return json_pack("{s:f, s:f, s:f, s:f, s:{s:f, s:f, s:i}}", "total_bytes",
                     open_bytes + socket_bytes + used * scatter(deviation),
                     "idle_total_bytes", t->idle_bytes, "socket_bytes",
                     socket_bytes, "user_bytes",
                     OPEN_USER_BYTES + t->user_bytes * scatter(deviation),
                     "open", "total_bytes", open_bytes, "user_bytes",
                     OPEN_USER_BYTES, "threads", t->open_threads);
}

static json_t *cell_of(const struct made_up *t)
{
    return json_pack("{s:s, s:{s:i, s:f, s:f}, s:i, s:{s:i}}", "model", "m",
                     "parameters", "size_bytes", t->size, "delay_ns",
                     t->wait_ns, "calls", t->calls, "workers", t->workers,
                     "load", "connections", t->connections);
}

static void add(json_t *trials, int block, double deviation,
                const struct made_up *t)
{
    double window_ns = 1e9;

    json_array_append_new(
        trials,
        json_pack("{s:b, s:i, s:s, s:s, s:f, s:f, s:o, s:o, s:o, "
                  "s:{s:f, s:f, s:f}, s:{s:i}, s:{s:i, s:f}, s:[], s:{s:i}}",
                  "valid", 1, "block", block, "load_point", t->place,
                  "experiment", "calibrate", "window_ns", window_ns,
                  "throughput_per_s",
                  t->rate_per_s > 0 ? t->rate_per_s : RATE_PER_S, "cell",
                  cell_of(t), "latency", latency_of(t, deviation), "memory",
                  memory_of(t, deviation), "cpu", "per_request_ns",
                  t->cpu_ns * scatter(deviation), "user_ns", BUSY * window_ns,
                  "system_ns", 0.0, "tasks", "threads", t->threads, "bare",
                  "processes", 1, "per_s",
                  1e9 / (t->bare_ns > 0 ? t->bare_ns : BARE_NS), "withheld",
                  "requests", "completed_in_window", 100000));
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
        {"short",
         request + c[CONSTANT_PEER] + BARE_SHORT_NS * c[CONSTANT_WORK_FACTOR],
         .connections = 4, .bare_ns = BARE_SHORT_NS},
        {"spin", request + c[CONSTANT_PEER] + BARE_NS * c[CONSTANT_WORK_FACTOR],
         .connections = 4},
    };

    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++)
        add(trials, block, deviation, &costs[i]);
}

/* Of the cells that are not about workers. */
enum { WORKERS = 32 };

/* What a pool has at rest, and has more once its workers serve. */
static double pool_idle_bytes(int workers)
{
    return planted[CONSTANT_MEMORY] + workers * IDLE_WORKER_BYTES;
}

static double pool_grown_bytes(int workers)
{
    return workers * (planted[CONSTANT_MEMORY_WORKER] - IDLE_WORKER_BYTES);
}

static double loops_idle_bytes(int workers)
{
    return planted[CONSTANT_MEMORY] + workers * planted[CONSTANT_MEMORY_WORKER];
}

/* CPU of a request at a rate: some find the server asleep. */
static double woken_ns(double rate_per_s)
{
    return planted[CONSTANT_REQUEST] +
           (1 - BUSY) * (planted[CONSTANT_WAKE] + planted[CONSTANT_PEER]) *
               exp(-rate_per_s * planted[CONSTANT_DOZE] / 1e9);
}

/* The cells at a part of the load. */
static void add_times(json_t *trials, int block, double deviation,
                      enum kind kind)
{
    const double *c = planted;
    const double request = c[CONSTANT_REQUEST];
    enum { CONNECTIONS = 32, SIZE = 49152 };
    struct made_up part = {"part",
                           woken_ns(RATE_PER_S),
                           16,
                           .workers = WORKERS,
                           .socket_bytes = 16 * c[CONSTANT_MEMORY_SENT],
                           .path_ns = c[CONSTANT_PATH]};
    struct made_up away = {"away",
                           3 * request,
                           CONNECTIONS,
                           .workers = WORKERS,
                           .size = SIZE,
                           .path_ns = c[CONSTANT_PATH] +
                                      AWAY_CALLS * c[CONSTANT_CALL_PATH],
                           .wait_ns = AWAY_NS,
                           .calls = AWAY_CALLS};
    double waiting = RATE_PER_S * AWAY_NS / 1e9;
    double answered =
        CONNECTIONS - waiting -
        RATE_PER_S / 1e9 * (away.cpu_ns + away.path_ns + c[CONSTANT_LAG]);
    double payload = answered * SIZE * c[CONSTANT_MEMORY_PAYLOAD];
    double in_sockets = kind == TASKS ? payload : 0.7 * payload;

    part.idle_bytes = away.idle_bytes = kind == POOL ? pool_idle_bytes(WORKERS)
                                        : kind == LOOP
                                            ? loops_idle_bytes(WORKERS)
                                            : c[CONSTANT_MEMORY];
    part.open_bytes = away.open_bytes = part.idle_bytes + 60000;
    part.memory_bytes =
        part.open_bytes + part.socket_bytes +
        (kind == TASKS ? RATE_PER_S * c[CONSTANT_MEMORY_ENDED] : 0);
    away.socket_bytes =
        (answered + waiting) * c[CONSTANT_MEMORY_SENT] + in_sockets;
    away.memory_bytes =
        away.open_bytes + away.socket_bytes + (payload - in_sockets) +
        (kind == POOL ? pool_grown_bytes(WORKERS)
         : kind == LOOP
             ? CONNECTIONS * KEPT_BYTES + waiting * c[CONSTANT_MEMORY_FLIGHT]
             : 777777);
    add(trials, block, deviation, &part);
    add(trials, block, deviation,
        &(struct made_up){
            "brisk", woken_ns(BRISK_PER_S), 16, .workers = WORKERS,
            .idle_bytes = part.idle_bytes, .open_bytes = part.open_bytes,
            .memory_bytes = part.open_bytes, .path_ns = c[CONSTANT_PATH],
            .rate_per_s = BRISK_PER_S});
    add(trials, block, deviation, &away);
}

/* `tasks` of 256 requests have had theirs started; 0: none gets one. */
static void add_memory(json_t *trials, int block, double deviation, int tasks)
{
    const double *c = planted;
    double base = tasks > 0 ? c[CONSTANT_MEMORY] : loops_idle_bytes(WORKERS);
    double kept = tasks > 0 ? 0 : 256 * KEPT_BYTES;
    double open = base + 256 * c[CONSTANT_MEMORY_CONNECTION] - kept;
    double queued = 256 * c[CONSTANT_MEMORY_QUEUED];
    int carried = tasks > 0 ? tasks : 256;

    add(trials, block, deviation,
        &(struct made_up){"held", c[CONSTANT_REQUEST], 256, .workers = WORKERS,
                          .idle_bytes = base, .open_bytes = open,
                          .memory_bytes =
                              open + kept + carried * c[CONSTANT_MEMORY_FLIGHT],
                          .user_bytes = tasks > 0 ? 300000 : kept,
                          .open_threads = 1, .threads = 1 + tasks});
    add(trials, block, deviation,
        &(struct made_up){"ready", c[CONSTANT_REQUEST], 256, .workers = WORKERS,
                          .idle_bytes = base, .open_bytes = open,
                          .socket_bytes = queued,
                          .memory_bytes = open + queued});
    if (tasks == 0)
        add(trials, block, deviation,
            &(struct made_up){"loops", c[CONSTANT_REQUEST], 16, .workers = 5,
                              .idle_bytes = loops_idle_bytes(5)});
}

/* A pool: of 256 requests each worker serves one, and the others queue. */
static void add_pool(json_t *trials, int block, double deviation, int workers)
{
    const double *c = planted;
    double idle = pool_idle_bytes(workers);
    double open = idle + 256 * c[CONSTANT_MEMORY_CONNECTION];
    double queued = (256 - workers) * c[CONSTANT_MEMORY_QUEUED];

    add(trials, block, deviation,
        &(struct made_up){workers == 8 ? "pools-w8" : "pools-w64",
                          c[CONSTANT_REQUEST], 256, workers, .idle_bytes = idle,
                          .open_bytes = open, .socket_bytes = queued,
                          .memory_bytes =
                              open + queued + pool_grown_bytes(workers)});
}

static json_t *made_up(enum kind kind, int blocks, double deviation)
{
    json_t *trials = json_array();

    for (int b = 1; b <= blocks; b++) {
        add_costs(trials, b, deviation);
        add_times(trials, b, deviation, kind);
        if (kind == POOL) {
            add_pool(trials, b, deviation, 8);
            add_pool(trials, b, deviation, 64);
        } else {
            add_memory(trials, b, deviation, kind == TASKS ? 90 + b : 0);
        }
    }
    return trials;
}

/* A pool's workers hold what requests do, tasks have no workers, and where no
 * task is started for a request none ends. */
static bool has(enum kind kind, enum constant_id id)
{
    if (id == CONSTANT_MEMORY_ENDED)
        return kind == TASKS;
    if (id == CONSTANT_MEMORY_WORKER)
        return kind != TASKS;
    return kind != POOL || id != CONSTANT_MEMORY_FLIGHT;
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

/* The base and a further loop are read at rest, where these trials do not
 * scatter. */
static bool is_of_rest(enum kind kind, enum constant_id id)
{
    return id == CONSTANT_MEMORY ||
           (kind == LOOP && id == CONSTANT_MEMORY_WORKER);
}

static void test_intervals_hold(void **state)
{
    enum { RUNS = 1000 };

    (void)state;
    for (enum kind kind = LOOP; kind <= POOL; kind++) {
        int held[CONSTANTS] = {0};
        count_held(kind, RUNS, held);
        for (int i = 0; i < CONSTANTS; i++)
            if (has(kind, i) && !is_of_rest(kind, i) &&
                (held[i] < 0.93 * RUNS || held[i] > 0.98 * RUNS))
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

/* One block of three in which everything went wrong at a part of the load, as
 * on a machine that stalled: the constants are of the other two. */
static void test_disturbed_block(void **state)
{
    struct machine machine = {
        .cores = 1, .model_count = 1, .models = {{.name = "m"}}};
    json_t *trials = made_up(LOOP, 2, 0.003);
    char why[256] = "";

    (void)state;
    add_costs(trials, 3, 0.003);
    add(trials, 3, 0,
        &(struct made_up){"part", 40 * planted[CONSTANT_REQUEST], 16,
                          .path_ns = 1000 * planted[CONSTANT_PATH]});
    json_t *part = json_array_get(trials, json_array_size(trials) - 1);
    json_object_set_new(json_object_get(part, "latency"), "response",
                        percentiles(2000 * planted[CONSTANT_LAG]));
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
    for (enum constant_id id = CONSTANT_REQUEST; id <= CONSTANT_CALL_PATH;
         id++) {
        const struct constant *c = &machine.models[0].of[id];
        if (!(fabs(c->value / planted[id] - 1) < 0.25))
            fail_msg("%s: %g, planted %g, n %d", constant_name(id), c->value,
                     planted[id], c->n);
    }
    json_decref(trials);
}

/* The part load of a model that keeps up with less, and that of one model
 * alone.
 */
static void test_places_of_some(void **state)
{
    static const char *const places[] = {"seldom", "part-m", "seldom-m"};

    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        json_t *trials = made_up(TASKS, 3, 0), *trial;
        size_t i;
        json_array_foreach (trials, i, trial)
            if (!strcmp(json_string_value(json_object_get(trial, "load_point")),
                        "part"))
                json_object_set_new(trial, "load_point",
                                    json_string(places[p]));
        struct machine machine = fitted(trials);
        const struct constant *c = &machine.models[0].of[CONSTANT_LAG];
        assert_int_equal(c->n, 3);
        assert_float_equal(c->value, planted[CONSTANT_LAG], 1e-3);
    }
}

/* Two cells with one amount of work differ by scatter, which is no cost of it.
 */
static void test_one_amount_of_work(void **state)
{
    json_t *trials = made_up(LOOP, 3, 0), *trial;
    size_t i;

    (void)state;
    json_array_foreach (trials, i, trial)
        if (!strcmp(json_string_value(json_object_get(trial, "load_point")),
                    "short"))
            json_object_set_new(json_object_get(trial, "bare"), "per_s",
                                json_real(1e9 / BARE_NS * 1.01));
    struct machine machine = fitted(trials);
    const struct constant *of = machine.models[0].of;
    /* What is paid once is taken for work then. */
    double all =
        planted[CONSTANT_WORK_FACTOR] + planted[CONSTANT_PEER] / BARE_NS;
    assert_int_equal(of[CONSTANT_PEER].n, 0);
    assert_float_equal(of[CONSTANT_WORK_FACTOR].value, all, 1e-6);
}

/* A sender that waits for a busy server is not what wakes late. */
static void test_busy_part_has_no_lag(void **state)
{
    struct machine machine = {
        .cores = 1, .model_count = 1, .models = {{.name = "m"}}};
    json_t *trials = made_up(LOOP, 3, 0), *trial;
    char why[256] = "";
    size_t i;

    (void)state;
    json_array_foreach (trials, i, trial)
        if (json_integer_value(json_object_get(trial, "block")) < 3)
            json_object_set_new(json_object_get(trial, "cpu"), "user_ns",
                                json_real(0.7e9));
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
    assert_int_equal(machine.models[0].of[CONSTANT_LAG].n, 1);
    json_decref(trials);
}

/* The median wait for the one core that `busy` says, of a million requests that
 * wait one behind another (Lindley's recursion). */
static double median_wait_ns(double busy, double cpu_ns)
{
    enum { REQUESTS = 1000000, BINS = 4000 };
    static int bins[BINS];
    double wait_ns = 0;
    int seen = 0, bin = 0;

    memset(bins, 0, sizeof bins);
    for (int i = 0; i < REQUESTS; i++) {
        double chance = ((double)(mix(++drawn) >> 11) + 0.5) * 0x1p-53;
        wait_ns = fmax(0, wait_ns + cpu_ns + log(chance) * cpu_ns / busy);
        bins[(int)fmin(BINS - 1, wait_ns / cpu_ns * 100)]++;
    }
    while (seen < REQUESTS / 2)
        seen += bins[bin++];
    return bin > 1 ? (bin - 0.5) * cpu_ns / 100 : 0;
}

static double fitted_path_ns(double busy, int cores)
{
    json_t *trials = made_up(LOOP, 3, 0), *trial;
    struct machine machine = {.cores = cores,
                              .model_count = 1,
                              .models = {{.name = "m", .parallel = true}}};
    char why[256] = "";
    size_t i;

    json_array_foreach (trials, i, trial)
        json_object_set_new(json_object_get(trial, "cpu"), "user_ns",
                            json_real(busy * 1e9));
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
    json_decref(trials);
    return machine.models[0].of[CONSTANT_PATH].value;
}

/* Where the median request finds the only core busy, its wait is no path; with
 * two cores it finds one free. */
static void test_queue_is_no_path(void **state)
{
    static const double loads[] = {0.3, 0.52, 0.55, 0.59};
    const double cpu_ns = woken_ns(RATE_PER_S);

    (void)state;
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        double expected_ns =
            planted[CONSTANT_PATH] - median_wait_ns(loads[i], cpu_ns);
        double ns = fitted_path_ns(loads[i], 1);
        if (!(fabs(ns - expected_ns) < 0.03 * cpu_ns))
            fail_msg("load %g: a path of %g, expected %g", loads[i], ns,
                     expected_ns);
    }
    assert_true(isnan(fitted_path_ns(0.7, 1)));
    assert_true(fabs(fitted_path_ns(0.7, 2) / planted[CONSTANT_PATH] - 1) <
                1e-6);
    assert_true(isnan(fitted_path_ns(1.3, 2)));
}

/* Clients who ask seldom acknowledge at once: nothing is seen of what is held
 * until then. */
static void test_seldom_asked(void **state)
{
    struct machine machine = {
        .cores = 1, .model_count = 1, .models = {{.name = "m"}}};
    json_t *trials = made_up(LOOP, 3, 0), *trial;
    char why[256] = "";
    size_t i;

    (void)state;
    json_array_foreach (trials, i, trial)
        json_object_set_new(trial, "throughput_per_s", json_real(500));
    assert_int_equal(fit_constants(trials, &machine, why, sizeof why), 0);
    assert_int_equal(machine.models[0].of[CONSTANT_MEMORY_PAYLOAD].n, 0);
    assert_int_equal(machine.models[0].of[CONSTANT_MEMORY_SENT].n, 3);
    json_decref(trials);
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
    strcpy(machine.version, "v");
    strcpy(machine.fingerprint, "f");
    strcpy(machine.models[0].run_id, "later");
    strcpy(machine.models[0].at, "2026-01-02T00:00:00Z");
    json_t *json = machine_json(&machine);
    assert_int_equal(machine_read(json, &again, why, sizeof why), 0);
    assert_int_equal(again.model_count, 1);
    for (int i = 0; i < CONSTANTS; i++)
        assert_memory_equal(&again.models[0].of[i], &machine.models[0].of[i],
                            offsetof(struct constant, n) + sizeof(int));
    assert_true(again.models[0].dispatches && again.models[0].token);
    assert_int_equal(again.models[0].workers, 3);
    assert_string_equal(machine_run_of(&again, &again.models[0]), "later");
    assert_string_equal(machine_at_of(&again, &again.models[0]),
                        "2026-01-02T00:00:00Z");
    json_t *row = json_array_get(json_object_get(json, "models"), 0);
    json_object_del(row, "run_id"); /* as older versions stored it */
    json_object_del(row, "at");
    assert_int_equal(machine_read(json, &again, why, sizeof why), 0);
    assert_string_equal(machine_run_of(&again, &again.models[0]), "r");
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
        cmocka_unit_test(test_seldom_asked),
        cmocka_unit_test(test_disturbed_block),
        cmocka_unit_test(test_busy_part_has_no_lag),
        cmocka_unit_test(test_places_of_some),
        cmocka_unit_test(test_one_amount_of_work),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
