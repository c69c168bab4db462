/* SPDX-License-Identifier: MIT
 *
 * Forecasts of made-up worlds whose answers are known in closed form: what a
 * request costs, which law binds, how many workers are needed, what is refused.
 * tests/method/test_forecast_mutants.py names the test that sees a mistake.
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

#include "forecast_world.h"

static void test_laws(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 100);

    (void)state;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    assert_string_equal(law_name(f.law), "cpu");
    near("loop", f.capacity_per_s, 1e9 / (1.02 * MS), 1e-9);
    f = forecast(&p, &machine, "threads", 0);
    near("threads", f.capacity_per_s, 2e9 / (1.02 * MS), 1e-9);
    f = forecast(&p, &machine, "pool", 5);
    assert_string_equal(law_name(f.law), "workers");
    near("pool", f.capacity_per_s, 5e9 / (21.02 * MS), 1e-9);
    assert_true(f.simulated); /* 100 of 237 per second */
    f = forecast(&p, &machine, "serial", 0);
    near("serial", f.capacity_per_s, 1e9 / (21.02 * MS), 1e-9);
    /* 100 per second are twice what it can do, by the law. */
    assert_false(f.simulated || f.grows || f.beyond > 0 || f.events > 0);
    p.backend_workers = 3;
    f = forecast(&p, &machine, "loop", 0);
    assert_string_equal(law_name(f.law), "backend");
    near("backend", f.capacity_per_s, 3e9 / (20 * MS), 1e-9);
    p.backend_workers = 0;
    p.memory_bytes = (1 << 20) + 8 * 8192;
    f = forecast(&p, &machine, "loop", 0);
    assert_string_equal(law_name(f.law), "memory");
    near("memory", f.capacity_per_s, 8e9 / (21.02 * MS), 1e-9);
}

/* No queue: an answer takes what the request waits and computes. */
static void test_light_load(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 1);

    (void)state;
    p.cv_wait = p.cv_cpu = 0;
    for (int i = 0; i < machine.model_count; i++) {
        struct forecast f = forecast(&p, &machine, machine.models[i].name, 0);
        near(machine.models[i].name, f.p50_ns.value, 21.02 * MS, 1e-6);
    }
}

/* The path of a request holds nothing, its sender's lag is one of open loops,
 * and a call's path is waited for as the call is. */
static void test_paths(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 1);

    (void)state;
    p.cv_wait = p.cv_cpu = 0;
    p.calls = 2;
    for (int i = 0; i < machine.model_count; i++) {
        struct constant *of = machine.models[i].of;
        of[CONSTANT_CALL] = exact(10000);
        of[CONSTANT_PATH] = exact(30000);
        of[CONSTANT_LAG] = exact(20000);
        of[CONSTANT_CALL_PATH] = exact(70000);
    }
    const double held_ns = 21.03 * MS + 2 * 70000;
    for (int i = 0; i < machine.model_count; i++) {
        struct forecast f = forecast(&p, &machine, machine.models[i].name, 0);
        near("open loop", f.p50_ns.value, held_ns + 30000 + 20000, 1e-6);
        near("held", f.held_ns, held_ns, 1e-9);
    }
    p.rate_per_s = 0;
    p.connections = 8;
    struct forecast f = forecast(&p, &machine, "pool", 4);
    near("law", f.law_per_s[LAW_CLIENTS], 8e9 / (held_ns + 30000), 1e-9);
    near("workers", f.rate_per_s, 4e9 / held_ns, 0.01);
    f = forecast(&p, &machine, "pool", 8);
    near("clients", f.rate_per_s, 8e9 / (held_ns + 30000), 0.02);
    /* Not measured: a call's path is that of a request, and a path that would
     * be none of time is none. */
    struct constant *of = machine.models[0].of;
    of[CONSTANT_CALL_PATH] = exact(NAN);
    p.rate_per_s = 1;
    p.connections = 0;
    f = forecast(&p, &machine, "serial", 0);
    near("fallback", f.held_ns, 21.03 * MS + 2 * 50000, 1e-9);
    of[CONSTANT_PATH] = exact(-40000);
    of[CONSTANT_LAG] = exact(0);
    f = forecast(&p, &machine, "serial", 0);
    near("below nothing", f.p50_ns.value, 21.03 * MS, 1e-6);
    p.rate_per_s = 0;
    p.connections = 1;
    f = forecast(&p, &machine, "serial", 0);
    near("nor by the law", f.law_per_s[LAW_CLIENTS], 1e9 / (21.03 * MS), 1e-9);
}

/* One loop that only computes is M/D/1. */
static void test_md1(void **state)
{
    struct machine machine = world();
    struct service p = service(0, 0.99 * MS, 600);
    struct forecast f;

    (void)state;
    p.payload_bytes = 0;
    p.cv_cpu = 0;
    f = forecast(&p, &machine, "loop", 0);
    near("load", f.load, 0.6, 1e-9);
    near("busy", f.busy, 0.6, 0.02);
    near("mean", f.mean_ns.value, MS * (1 + 0.6 / (2 * (1 - 0.6))), 0.03);
    assert_true(f.p50_ns.value > MS && f.p99_ns.value < 8 * MS);
}

/* Workers are enough when their p99 is as good as any number's. */
static void test_workers(void **state)
{
    struct machine machine = world();
    struct service p = service(50 * MS, 1 * MS, 200);
    const struct model_constants *pool = machine_model(&machine, "pool");

    (void)state;
    int workers = forecast_workers(&p, &machine, pool, &PRECISION, NULL);
    double in_flight = 200 * 0.05102;
    assert_in_range(workers, (int)in_flight + 1, (int)(4 * in_flight));
    struct forecast best = forecast(&p, &machine, "pool", 200);
    struct forecast enough = forecast(&p, &machine, "pool", workers);
    struct forecast fewer = forecast(&p, &machine, "pool", workers - 1);
    assert_true(enough.p99_ns.value <= 1.055 * best.p99_ns.value);
    assert_true(fewer.p99_ns.value > 1.04 * best.p99_ns.value ||
                fewer.mean_ns.value > 1.04 * best.mean_ns.value);
    assert_int_equal(forecast_workers(&p, &machine,
                                      machine_model(&machine, "threads"),
                                      &PRECISION, NULL),
                     0);
}

/* Where waits vary much, p99 is a long wait whatever the queue; the mean is
 * not. */
static void test_workers_by_mean(void **state)
{
    struct machine machine = world();
    struct service p = service(50 * MS, 1 * MS, 200);

    (void)state;
    p.cv_wait = 4;
    int workers = forecast_workers(
        &p, &machine, machine_model(&machine, "pool"), &PRECISION, NULL);
    struct forecast best = forecast(&p, &machine, "pool", 4096);
    struct forecast enough = forecast(&p, &machine, "pool", workers);
    struct forecast fewer = forecast(&p, &machine, "pool", workers - 2);
    assert_true(enough.mean_ns.value <= 1.05 * best.mean_ns.value);
    assert_true(fewer.mean_ns.value > 1.05 * best.mean_ns.value);
    assert_true(fewer.p99_ns.value < 1.05 * best.p99_ns.value);
}

/* A number of workers is no limit to a model that has none. */
static void test_workers_of_others(void **state)
{
    struct machine machine = world();
    struct service s = service(50 * MS, 1 * MS, 0);

    (void)state;
    s.connections = 80;
    struct forecast given = forecast(&s, &machine, "threads", 8);
    struct forecast without = forecast(&s, &machine, "threads", 0);
    assert_int_equal(given.workers, 0);
    assert_true(given.rate_per_s == without.rate_per_s);
    assert_true(given.rate_per_s > 2 * 8 / 0.051);
}

/* Without requests to simulate there are the laws alone. */
static void test_laws_alone(void **state)
{
    static const struct precision none = {.requests = 0};
    struct machine machine = world();
    struct service s = service(50 * MS, 1 * MS, 200);
    char why[256];

    (void)state;
    for (int i = 0; i < machine.model_count; i++) {
        const struct model_constants *model = &machine.models[i];
        struct forecast f, whole = forecast(&s, &machine, model->name, 7);
        assert_int_equal(
            forecast_make(&s, &machine, model, 7, &none, &f, why, sizeof why),
            0);
        assert_false(f.simulated);
        assert_true(f.capacity_per_s == whole.capacity_per_s);
        assert_true(f.request_cpu_ns == whole.request_cpu_ns);
    }
    /* In flight are 200 x 51.02 ms, 10.2: and twice their root, 6.4. */
    assert_int_equal(forecast_workers(&s, &machine,
                                      machine_model(&machine, "pool"), &none,
                                      NULL),
                     17);
}

static void test_limits(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1.5 * MS, 0);

    (void)state;
    /* 400 requests in flight on two cores: p99 cannot be below 0.3 s. */
    p.cv_wait = 0;
    p.connections = 400;
    p.limit_percent = 99;
    p.limit_ns = 100 * MS;
    for (int i = 0; i < machine.model_count; i++) {
        struct forecast f = forecast(&p, &machine, machine.models[i].name, 0);
        assert_int_equal(f.on_limit, KEPT_NOT);
        assert_int_equal(f.on_memory, KEPT_UNASKED);
    }
    /* If they pause for 5 s, they are 80 requests per second. */
    p.think_ns = 5000 * MS;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    assert_int_equal(f.on_limit, KEPT);
    near("rate", f.rate_per_s, 400 / 5.0215, 0.03);
    p.memory_bytes = 1 << 20;
    f = forecast(&p, &machine, "loop", 0);
    assert_int_equal(f.on_memory, KEPT_NOT);
}

/* A world in which every part of a request's cost has a figure of its own. */
static struct machine dear_world(void)
{
    struct machine machine = world();

    for (int i = 0; i < machine.model_count; i++) {
        struct constant *of = machine.models[i].of;
        of[CONSTANT_REQUEST] = (struct constant){10000, 8000, 12000, 3};
        of[CONSTANT_CALL_FIRST] = (struct constant){20000, 18500, 21500, 3};
        of[CONSTANT_CALL] = exact(5000);
        of[CONSTANT_BYTE] = exact(10);
        of[CONSTANT_CONNECTION] = exact(40000);
        of[CONSTANT_GROWTH] = exact(0.1);
        of[CONSTANT_WAKE] = exact(8000);
        of[CONSTANT_WORK_FACTOR] = exact(1.2);
    }
    return machine;
}

/* Three calls, half a kilobyte, four requests to a connection. */
static struct service dear_service(double rate_per_s)
{
    struct service p = service(10 * MS, 1 * MS, rate_per_s);

    p.calls = 3;
    p.payload_bytes = 500;
    p.requests_per_connection = 4;
    return p;
}

/* In ns, where all cores are busy and few requests are in flight: the request,
 * its bytes, its share of a connection, the calls, the work. */
static const double DEAR_NS =
    10000 + 500 * 10 + 40000 / 4 + (20000 + 2 * 5000) + 1.2 * 1e6;

static void test_cost(void **state)
{
    struct machine machine = dear_world();
    struct service p = dear_service(100);

    (void)state;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    assert_string_equal(law_name(f.law), "cpu");
    near("capacity", f.capacity_per_s, 1e9 / DEAR_NS, 1e-9);
    /* Half a width of 2 us and one of 1.5 us, of errors that are independent.
     */
    double half = 2500 / DEAR_NS;
    near("lo", f.capacity_lo_per_s, 1e9 / DEAR_NS / (1 + half), 1e-9);
    near("hi", f.capacity_hi_per_s, 1e9 / DEAR_NS / (1 - half), 1e-9);
}

/* At half of the load a server sleeps half of the time, and is woken by a
 * request and by the answer to each of its calls. With 64 in flight a request
 * costs two doublings more than with 16. */
static void test_cost_at_a_load(void **state)
{
    struct machine machine = dear_world();
    struct service p = dear_service(0.5 * 1e9 / DEAR_NS);
    double overheads_ns = DEAR_NS - 1.2e6;

    (void)state;
    p.wait_ns = 64 / p.rate_per_s * 1e9 - DEAR_NS;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    double wakes_ns = (1 - f.load) * 8000 * (1 + 3);
    double held = (p.wait_ns + f.full_cpu_ns) / (p.wait_ns + DEAR_NS);
    near("cpu", f.request_cpu_ns,
         wakes_ns + (1.2 + 0.1 * log2(held)) * overheads_ns + 1.2e6, 1e-9);
    /* At full load twice as many are in flight, and bound the capacity. */
    double full = f.capacity_per_s * (p.wait_ns + f.full_cpu_ns) / 1e9;
    near("full", 1e9 / f.capacity_per_s,
         (1 + 0.1 * log2(full / 16)) * overheads_ns + 1.2e6, 1e-9);
    near("load", f.load, p.rate_per_s / f.capacity_per_s, 1e-9);
    near("busy", f.busy, p.rate_per_s * f.request_cpu_ns / 1e9, 0.02);
}

/* Of 800 requests and answers a second for each core, by chance, one in five
 * comes more than 2 ms after the last, and finds the core asleep. */
static void test_doze(void **state)
{
    struct machine machine = dear_world();
    struct service p = dear_service(400);

    (void)state;
    for (int i = 0; i < machine.model_count; i++)
        machine.models[i].of[CONSTANT_DOZE] = exact(2e6);
    struct forecast f = forecast(&p, &machine, "threads", 0);
    double wakes_ns = (1 - f.load) * 8000 * (1 + 3) * exp(-400 / 2 * 4 * 2e-3);
    near("cpu", f.request_cpu_ns, DEAR_NS + wakes_ns, 1e-9);
}

/* One that computes on one core is as quick on sixteen. */
static void test_one_core_of_many(void **state)
{
    static const char *const models[] = {"serial", "loop"};
    struct machine machine = dear_world();

    (void)state;
    for (int i = 0; i < machine.model_count; i++) {
        machine.models[i].of[CONSTANT_DOZE] = exact(2e6);
        machine.models[i].of[CONSTANT_PEER] = exact(5000);
    }
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        struct service few = dear_service(100), many = dear_service(100);
        few.cores = 1;
        many.cores = 16;
        struct forecast a = forecast(&few, &machine, models[m], 0);
        struct forecast b = forecast(&many, &machine, models[m], 0);
        if (a.request_cpu_ns != b.request_cpu_ns ||
            a.capacity_per_s != b.capacity_per_s ||
            a.p99_ns.value != b.p99_ns.value || a.load != b.load)
            fail_msg("%s: %g ns and %g/s on one core, %g ns and %g/s on 16",
                     models[m], a.request_cpu_ns, a.capacity_per_s,
                     b.request_cpu_ns, b.capacity_per_s);
    }
}

/* Who gets an answer sleeps if the server computed for longer than the doze,
 * and nobody else asked meanwhile. */
static void test_peers(void **state)
{
    struct machine machine = world();
    struct constant *of = machine.models[2].of;
    struct service p = service(0, 1 * MS, 400);
    double asleep = exp(-400 / 2 * 0.4e-3);

    (void)state;
    of[CONSTANT_PEER] = exact(50000);
    of[CONSTANT_DOZE] = exact(0.4 * MS);
    /* At a rate others ask by chance; the CPU between two answers of two cores
     * is 0.505 ms. */
    struct forecast f = forecast(&p, &machine, "threads", 0);
    near("open", f.request_cpu_ns, 1.01 * MS + 50000 * asleep, 1e-9);
    /* Clients who wait ask when they are answered, and then sleep. */
    p.rate_per_s = 0;
    p.connections = 8;
    f = forecast(&p, &machine, "threads", 0);
    near("closed", f.full_cpu_ns, 1.06 * MS, 1e-9);
    near("rate", f.rate_per_s, 2e9 / (1.06 * MS), 0.01);
    /* Who is answered at once is awake. */
    p.cpu_ns = 0.1 * MS;
    f = forecast(&p, &machine, "threads", 0);
    near("short", f.full_cpu_ns, 0.11 * MS, 1e-9);
}

/* A call that was not measured costs what the first one does, and that what a
 * request does. */
static void test_unmeasured_calls(void **state)
{
    struct machine machine = dear_world();
    struct service p = dear_service(100);
    struct constant *of = machine.models[1].of;

    (void)state;
    of[CONSTANT_CALL] = exact(NAN);
    struct forecast f = forecast(&p, &machine, "loop", 0);
    near("first", f.capacity_per_s, 1e9 / (DEAR_NS + 2 * 15000), 1e-9);
    of[CONSTANT_CALL_FIRST] = exact(NAN);
    f = forecast(&p, &machine, "loop", 0);
    near("request", f.capacity_per_s, 1e9 / (DEAR_NS - 30000 + 3 * 10000),
         1e-9);
}

static void test_memory(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 100);

    (void)state;
    struct forecast f = forecast(&p, &machine, "pool", 40);
    /* Little's law, and a queue that is all but empty. */
    near("in flight", f.in_flight, 100 * 0.02102, 0.03);
    near("memory", f.memory_bytes,
         (1 << 20) + 40 * 65536 + 8192 * (f.in_flight + 3 * sqrt(f.in_flight)),
         1e-9);
    p.memory_bytes = f.memory_bytes - 1;
    assert_int_equal(forecast(&p, &machine, "pool", 40).on_memory, KEPT_NOT);
    p.memory_bytes = f.memory_bytes + 1;
    assert_int_equal(forecast(&p, &machine, "pool", 40).on_memory, KEPT);
}

/* A loop more takes memory, and how much was measured or is not known. */
static void test_memory_of_loops(void **state)
{
    struct machine machine = world();
    struct model_constants *loops = &machine.models[1];
    struct service p = service(20 * MS, 1 * MS, 100);

    (void)state;
    loops->has_workers = loops->parallel = true;
    double one_bytes = forecast(&p, &machine, "loop", 1).memory_bytes;
    near("two", forecast(&p, &machine, "loop", 2).memory_bytes,
         one_bytes + 65536, 1e-3);
    p.memory_bytes = 64 << 20;
    loops->of[CONSTANT_MEMORY_WORKER] = (struct constant){.value = NAN};
    struct forecast f = forecast(&p, &machine, "loop", 2);
    assert_true(isnan(f.memory_bytes));
    assert_int_equal(f.on_memory, KEPT_UNKNOWN);
    f = forecast(&p, &machine, "loop", 1);
    near("one", f.memory_bytes, one_bytes - 65536, 1e-3);
    assert_int_equal(f.on_memory, KEPT);
}

/* 40 clients who ask at once for the same wait: with a worker less, one in 39
 * answers takes twice as long, which is more than one in a hundred. */
static void test_workers_of_clients(void **state)
{
    struct machine machine = world();
    struct service p = service(50 * MS, 0, 0);

    (void)state;
    p.cv_wait = 0;
    p.connections = 40;
    assert_int_equal(forecast_workers(&p, &machine,
                                      machine_model(&machine, "pool"),
                                      &PRECISION, NULL),
                     40);
}

/* Clients who wait, compute and think are no more often there. */
static void test_clients(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 0);

    (void)state;
    p.cv_wait = p.cv_cpu = 0;
    p.connections = 3;
    p.think_ns = 40 * MS;
    struct forecast f = forecast(&p, &machine, "pool", 3);
    near("law", f.law_per_s[LAW_CLIENTS], 3e9 / (61.02 * MS), 1e-9);
    near("rate", f.rate_per_s, 3e9 / (61.02 * MS), 0.02);
    near("load", f.load, 21.02 / 61.02, 1e-9);
}

/* A loop answers who waited before it reads from who is new: all first pieces,
 * a wait, all second pieces (docs/method/forecasts.md). */
static void test_convoy(void **state)
{
    struct machine machine = world();
    struct service p = service(1 * MS, MS / 10, 0);
    double last_ns = 10000 + MS / 10;

    (void)state;
    p.cv_wait = p.cv_cpu = 0;
    p.cpu_after_calls = true;
    p.connections = 16;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    near("convoy", f.rate_per_s, 16e9 / (MS + 16 * last_ns), 0.02);
}

/* A limit is kept or missed at its own percentile. */
static void test_limit_percentile(void **state)
{
    static const int percents[] = {50, 90, 99};
    struct machine machine = world();
    struct service p = service(0, 0.99 * MS, 500);

    (void)state;
    p.payload_bytes = 0;
    for (int i = 0; i < 3; i++) {
        /* Work that is nearly exponential: M/M/1 has these percentiles. */
        double known_ns = -log(1 - percents[i] / 100.0) * 2 * MS;
        p.limit_percent = percents[i];
        p.limit_ns = known_ns * 1.25;
        assert_int_equal(forecast(&p, &machine, "loop", 0).on_limit, KEPT);
        p.limit_ns = known_ns * 0.75;
        assert_int_equal(forecast(&p, &machine, "loop", 0).on_limit, KEPT_NOT);
    }
    /* 200 clients of a wait of 100 ms: each has a connection, and all wait. */
}

static void test_memory_of_a_crowd(void **state)
{
    struct machine machine = world();
    struct service p = service(100 * MS, 0, 0);
    struct model_constants *threads = &machine.models[2];

    (void)state;
    p.cv_wait = p.cv_cpu = 0;
    p.connections = 200;
    for (int i = 0; i < machine.model_count; i++)
        machine.models[i].of[CONSTANT_MEMORY_QUEUED] = exact(1000);
    struct forecast f = forecast(&p, &machine, "loop", 0);
    near("loop", f.memory_bytes, (1 << 20) + 200 * 8192, 0.005);
    f = forecast(&p, &machine, "pool", 32);
    near("pool", f.memory_bytes,
         (1 << 20) + 32 * 65536 + 200 * 8192 + (200 - 32) * 1000, 0.005);
    /* Of a request's 2.6 ms the dispatcher takes 1 ms. One core, which is busy
     * in any order, starts 380 tasks a second, of which 38 wait at a time; of
     * the 162 others a part waits for the dispatcher, without a task. */
    p.cores = 1;
    threads->dispatches = true;
    threads->of[CONSTANT_REQUEST] = exact(MS / 0.38);
    threads->of[CONSTANT_CALL_FIRST] = exact(0);
    f = forecast(&p, &machine, "threads", 0);
    near("rate", f.rate_per_s, 1e9 / (MS / 0.38), 0.01);
    assert_true(f.memory_bytes > (1 << 20) + 200 * 4096 + 38 * 4096);
    assert_true(f.memory_bytes < (1 << 20) + 200 * 8192 + 162 * 1000);
    /* Children take turns with the dispatcher: as many compute as their CPU is
     * of its own, 1.63 here. */
    threads->discipline = DISCIPLINE_PROCESS;
    f = forecast(&p, &machine, "threads", 0);
    near("children", f.memory_bytes,
         (1 << 20) + 200 * 4096 + (38 + 1.63) * 4096 + (200 - 38 - 1) * 1000,
         0.02);
}

/* What was sent is held until it is acknowledged: of connections whose clients
 * ask again within 40 ms their answers, and short calls. */
static void test_memory_of_what_was_sent(void **state)
{
    struct machine machine = world();
    struct service p = service(0, 0.99 * MS, 100);
    struct constant *of = machine.models[1].of;
    const double each = 5000 + 2 * 3000, none = (1 << 20) + 40 * 4096;

    (void)state;
    p.cv_wait = p.cv_cpu = 0;
    p.payload_bytes = 3000;
    of[CONSTANT_MEMORY_FLIGHT] = exact(0);
    of[CONSTANT_MEMORY_SENT] = exact(5000);
    of[CONSTANT_MEMORY_PAYLOAD] = exact(2);
    /* Each of 40 clients asks every 400 ms, or every 80 ms, or every 32 ms, and
     * then a request in flight has no answer yet. */
    p.connections = 40;
    near("seldom", forecast(&p, &machine, "loop", 0).memory_bytes, none, 1e-9);
    p.rate_per_s = 500;
    near("at times", forecast(&p, &machine, "loop", 0).memory_bytes, none,
         1e-9);
    p.rate_per_s = 990;
    p.cpu_ns = 0.1 * MS;
    p.connections = 30;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    near("often", f.memory_bytes, none - 10 * 4096 + (30 - f.in_flight) * each,
         1e-4);
    /* Clients who ask again at once acknowledge with their request. */
    p.rate_per_s = 0;
    f = forecast(&p, &machine, "loop", 0);
    near("at once", f.memory_bytes, none - 10 * 4096, 1e-4);
    /* Two calls of 20 ms, and one of 40, at 20 a second. */
    p = service(40 * MS, 0.1 * MS, 20);
    p.cv_wait = p.cv_cpu = 0;
    p.connections = 40;
    p.calls = 2;
    near("calls", forecast(&p, &machine, "loop", 0).memory_bytes,
         none + 20 * 0.04 * 5000, 0.005);
    p.calls = 1;
    near("a long call", forecast(&p, &machine, "loop", 0).memory_bytes, none,
         1e-9);
}

/* Tasks that ended a short while ago grow with the rate. Of children as many
 * are alive as requests are in flight, and a limit must hold a peak of them. */
static void test_memory_of_ended_tasks(void **state)
{
    struct machine machine = world();
    struct service p = service(50 * MS, 0.1 * MS, 200);
    struct model_constants *children = &machine.models[2];

    (void)state;
    p.cv_wait = p.cv_cpu = 0;
    p.connections = 1000;
    children->of[CONSTANT_MEMORY_ENDED] = exact(1500);
    struct forecast f = forecast(&p, &machine, "threads", 0);
    double beside = (1 << 20) + 1000 * 4096.0 + 200 * 1500;
    double peak = f.in_flight + 3 * sqrt(f.in_flight);
    near("threads", f.memory_bytes, beside + peak * 4096, 0.001);
    near("at a peak", f.memory_most_bytes, f.memory_bytes, 1e-9);
    children->discipline = DISCIPLINE_PROCESS;
    children->dispatches = true;
    f = forecast(&p, &machine, "threads", 0);
    near("children", f.memory_bytes, beside + f.in_flight * 4096, 0.001);
    near("most", f.memory_most_bytes, beside + peak * 4096, 0.001);
    p.memory_bytes = f.memory_most_bytes - 1;
    assert_int_equal(forecast(&p, &machine, "threads", 0).on_memory, KEPT_NOT);
    p.memory_bytes = f.memory_most_bytes + 1;
    assert_int_equal(forecast(&p, &machine, "threads", 0).on_memory, KEPT);
}

/* Nothing says what a waiting request occupies: the CPU is all that is known.
 */
static void test_unknown(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 100);

    (void)state;
    machine.models[2].discipline = DISCIPLINE_UNKNOWN;
    struct forecast f = forecast(&p, &machine, "threads", 0);
    assert_false(f.simulated);
    near("capacity", f.capacity_per_s, 2e9 / (1.02 * MS), 1e-9);
    near("memory", f.memory_bytes, (1 << 20) + 100 * 0.02102 * 8192, 1e-9);
}

/* A server whose number of workers is fixed has these, whatever is asked. */
static void test_fixed_workers(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 0);

    (void)state;
    p.connections = 100;
    machine.models[3].has_workers = false;
    machine.models[3].workers = 4;
    struct forecast f = forecast(&p, &machine, "pool", 50);
    assert_int_equal(f.workers, 4);
    near("rate", f.rate_per_s, 4e9 / (21.02 * MS), 0.15);
    assert_int_equal(
        forecast_workers(&p, &machine, &machine.models[3], &PRECISION, NULL),
        4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_light_load),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_md1),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_cost_at_a_load),
        cmocka_unit_test(test_one_core_of_many),
        cmocka_unit_test(test_doze),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_unmeasured_calls),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_of_loops),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_workers_by_mean),
        cmocka_unit_test(test_workers_of_clients),
        cmocka_unit_test(test_workers_of_others),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_convoy),
        cmocka_unit_test(test_laws_alone),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limit_percentile),
        cmocka_unit_test(test_memory_of_a_crowd),
        cmocka_unit_test(test_memory_of_what_was_sent),
        cmocka_unit_test(test_memory_of_ended_tasks),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_fixed_workers),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
