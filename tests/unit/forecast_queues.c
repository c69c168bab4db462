/* SPDX-License-Identifier: MIT
 *
 * Forecasts of made-up worlds: who waits for what, what is full first, and that
 * a queue without end has no latency.
 * tests/method/test_forecast_mutants.py names the test that sees a mistake.
 */
#include "forecast_world.h"

/* The way of a call holds nothing of the backend, by the law and in the
 * simulator. */
static void test_backend_and_ways(void **state)
{
    struct machine machine = world();
    struct service p = service(0.1 * MS, 0, 7000);

    (void)state;
    machine.models[1].of[CONSTANT_CALL_PATH] = exact(0.2 * MS);
    p.backend_workers = 1;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    near("law", f.capacity_per_s, 10000, 1e-9);
    assert_true(f.simulated && f.p99_ns.value < 5 * MS);
    p.rate_per_s = 0;
    p.connections = 64;
    f = forecast(&p, &machine, "loop", 0);
    near("clients", f.rate_per_s, 10000, 0.02);
}

/* Stalls take their share of the cores, by the law and in the simulator. */
static void test_stalls(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 0);

    (void)state;
    machine.stall_share = 0.1;
    machine.stall_ns = 0.1 * MS;
    p.connections = 100;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    near("law", f.capacity_per_s, 0.9e9 / (1.02 * MS), 1e-9);
    near("rate", f.rate_per_s, 0.9e9 / (1.02 * MS), 0.02);
    f = forecast(&p, &machine, "pool", 5);
    near("held", f.law_per_s[LAW_WORKERS], 5e9 / (20 * MS + 1.02 * MS / 0.9),
         1e-9);
    p.rate_per_s = 900; /* 0.92 of a core that never stands still */
    assert_false(forecast(&p, &machine, "loop", 0).simulated);
}

/* Thousands in flight cost more than the sixteen that were measured, so that
 * the cores are full at a rate that sixteen would not fill them with. */
static void test_full_in_flight(void **state)
{
    static const struct precision dear = {
        .requests = 20000, .seed = 1, .request_cpu_ns = 1.7e6};
    struct machine machine = world();
    struct service p = service(50 * MS, 0, 43000);
    struct forecast f;
    char why[256];

    (void)state;
    p.cores = 1;
    near("few", forecast(&p, &machine, "threads", 0).capacity_per_s, 50000,
         1e-9);
    machine.models[2].of[CONSTANT_GROWTH] = exact(0.06);
    f = forecast(&p, &machine, "threads", 0);
    assert_false(f.simulated);
    assert_true(f.load > 1.2 && f.capacity_per_s < 36000);
    near("law", f.law_per_s[LAW_CPU], f.capacity_per_s, 1e-9);
    /* At any lower rate: as many are in flight as the capacity makes. */
    double cpu_s = 20e-6;
    for (int i = 0; i < 50; i++)
        cpu_s = 20e-6 * (1 + 0.06 * log2((0.05 + cpu_s) / cpu_s / 16));
    p.rate_per_s = 20000;
    near("full", forecast(&p, &machine, "threads", 0).capacity_per_s, 1 / cpu_s,
         1e-6);
    /* A request that was seen to cost more than the constants say. */
    p = service(0, 0.99 * MS, 590);
    assert_int_equal(forecast_make(&p, &machine, &machine.models[1], 0, &dear,
                                   &f, why, sizeof why),
                     0);
    near("seen", f.load, 590 * 1.7e-3, 1e-9);
    assert_false(f.simulated);
    assert_string_equal(law_name(f.law), "cpu");
}

/* Three workers that wait as long as they compute keep one core busy for 15/16
 * of the time (a machine repair shop), though no law says so. */
static void test_queue_without_end(void **state)
{
    struct machine machine = world();
    struct service p = service(1 * MS, 0.98 * MS, 970);

    (void)state;
    p.cores = 1;
    struct forecast f = forecast(&p, &machine, "pool", 3);
    assert_true(f.law_per_s[LAW_CPU] > 990 && f.law_per_s[LAW_WORKERS] > 1400);
    assert_true(f.grows && !f.simulated);
    assert_true(f.load >= 1);
    near("carried", f.capacity_per_s, 1000 * 15 / 16.0, 0.03);
    p.limit_percent = 99;
    p.limit_ns = 1e15;
    assert_int_equal(forecast(&p, &machine, "pool", 3).on_limit, KEPT_NOT);
    p.rate_per_s = 800;
    f = forecast(&p, &machine, "pool", 3);
    assert_true(f.simulated && !f.grows);
}

/* A long queue that has an end is none without, whatever the seed. */
static void test_long_queue(void **state)
{
    struct machine machine = world();
    struct service p = service(0, 0.99 * MS, 960);
    struct precision precision = PRECISION;
    struct forecast f;
    char why[256];

    (void)state;
    for (precision.seed = 1; precision.seed <= 12; precision.seed++) {
        assert_int_equal(forecast_make(&p, &machine, &machine.models[1], 0,
                                       &precision, &f, why, sizeof why),
                         0);
        assert_true(f.simulated && !f.grows);
    }
    /* More requests near full load alone, where they narrow the interval. */
    double share = forecast_half_share(&f.mean_ns);
    precision.requests_near_full = 16 * precision.requests;
    forecast_make(&p, &machine, &machine.models[1], 0, &precision, &f, why,
                  sizeof why);
    assert_true(forecast_half_share(&f.mean_ns) < 0.6 * share);
    p.rate_per_s = 800;
    precision.seed = PRECISION.seed;
    forecast_make(&p, &machine, &machine.models[1], 0, &precision, &f, why,
                  sizeof why);
    assert_true(f.p99_ns.value ==
                forecast(&p, &machine, "loop", 0).p99_ns.value);
}

/* Whoever holds a worker, a backend's place or a loop is waited for. */
static void test_queues(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 0, 0);

    (void)state;
    p.cv_wait = 0;
    p.connections = 20;
    struct forecast f = forecast(&p, &machine, "pool", 4);
    near("workers", f.rate_per_s, 4e9 / (20.02 * MS), 0.01);
    f = forecast(&p, &machine, "serial", 0);
    near("serial", f.rate_per_s, 1e9 / (20.02 * MS), 0.01);
    p.backend_workers = 5;
    f = forecast(&p, &machine, "loop", 0);
    near("backend", f.rate_per_s, 5e9 / (20 * MS), 0.01);
}

/* Work that is handed to a pool has all cores; on the loop it has one. */
static void test_offload(void **state)
{
    struct machine machine = world();
    struct service p = service(0, 5 * MS, 0);
    struct model_constants *m = &machine.models[3];

    (void)state;
    p.cv_cpu = 0;
    p.connections = 8;
    m->discipline = DISCIPLINE_LOOP;
    m->offloads = true;
    near("pool", forecast(&p, &machine, "pool", 2).rate_per_s,
         2e9 / (5.01 * MS), 0.01);
    near("loop", forecast(&p, &machine, "loop", 0).rate_per_s,
         1e9 / (5.01 * MS), 0.01);
    /* Two workers are no more on eight cores; and one loop hands all out. */
    p.cores = 8;
    p.rate_per_s = 395;
    struct forecast f = forecast(&p, &machine, "pool", 2);
    assert_string_equal(law_name(f.law), "workers");
    near("two of eight", f.capacity_per_s, 2e9 / (5 * MS), 1e-9);
    assert_false(f.simulated);
    p.cpu_ns = 10000;
    f = forecast(&p, &machine, "pool", 7);
    assert_string_equal(law_name(f.law), "one thread");
    near("the loop", f.capacity_per_s, 1e9 / 10000, 1e-9);
    /* What computes in all is a loop and its workers. */
    m->of[CONSTANT_REQUEST] = exact(0);
    f = forecast(&p, &machine, "pool", 3);
    assert_int_equal(f.cores, 4);
}

/* One thread starts all tasks, so that many cores do not help it. */
static void test_dispatcher(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 0, 100);

    (void)state;
    machine.models[2].dispatches = true;
    p.cores = 16;
    p.payload_bytes = 0;
    struct forecast f = forecast(&p, &machine, "threads", 0);
    near("dispatcher", f.capacity_per_s, 1e9 / (0.38 * 10000), 1e-9);
    assert_string_equal(law_name(f.law), "one thread");
}

/* With one lock for all threads a second core brings nothing. */
static void test_token(void **state)
{
    struct machine machine = world();
    struct service p = service(20 * MS, 1 * MS, 0);
    struct model_constants *threads = &machine.models[2];

    (void)state;
    p.connections = 100;
    struct forecast free = forecast(&p, &machine, "threads", 0);
    near("two cores", free.rate_per_s, 2e9 / (1.02 * MS), 0.03);
    threads->token = true;
    threads->parallel = false;
    struct forecast f = forecast(&p, &machine, "threads", 0);
    near("law", f.capacity_per_s, 1e9 / (1.02 * MS), 1e-9);
    near("one at a time", f.rate_per_s, 1e9 / (1.02 * MS), 0.03);
    near("busy", f.busy, 1, 0.03);
}

/* Eight at once: in a burst, half of the others come before. */
static void test_bursts(void **state)
{
    struct machine machine = world();
    struct service p = service(0, 0.99 * MS, 300);

    (void)state;
    p.payload_bytes = 0;
    p.cv_cpu = 0;
    p.burst = 8;
    near("mean", forecast(&p, &machine, "loop", 0).mean_ns.value,
         MS * (1 + (0.3 + 8 - 1) / (2 * (1 - 0.3))), 0.03);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backend_and_ways),
        cmocka_unit_test(test_stalls),
        cmocka_unit_test(test_full_in_flight),
        cmocka_unit_test(test_queue_without_end),
        cmocka_unit_test(test_long_queue),
        cmocka_unit_test(test_queues),
        cmocka_unit_test(test_offload),
        cmocka_unit_test(test_dispatcher),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_bursts),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
