/* SPDX-License-Identifier: MIT
 *
 * Forecasts of made-up worlds whose answers are known in closed form: which
 * law binds, how many workers are needed, what is refused.
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

#include "harness/predict/forecast.h"

static const double MS = 1e6;
static const struct precision PRECISION = {.requests = 50000, .seed = 1};

static struct constant exact(double value)
{
    return (struct constant){value, value, value, 3};
}

/* Two cores; a request costs 10 us, a call 10 us, work is what it is. */
static struct machine world(void)
{
    static const struct {
        const char *name;
        enum discipline discipline;
        bool has_workers, parallel;
    } models[] = {
        {"serial", DISCIPLINE_ALONE, false, false},
        {"loop", DISCIPLINE_LOOP, false, false},
        {"threads", DISCIPLINE_THREAD, false, true},
        {"pool", DISCIPLINE_WORKER, true, true},
    };
    struct machine machine = {.cores = 2, .quantum_ns = 3 * MS};

    for (int i = 0; i < 4; i++) {
        struct model_constants *m = &machine.models[machine.model_count++];
        strcpy(m->name, models[i].name);
        m->discipline = models[i].discipline;
        m->has_workers = models[i].has_workers;
        m->parallel = models[i].parallel;
        for (int c = 0; c < CONSTANTS; c++)
            m->of[c] = exact(0);
        m->of[CONSTANT_REQUEST] = m->of[CONSTANT_CALL_FIRST] = exact(10000);
        m->of[CONSTANT_WORK_FACTOR] = exact(1);
        m->of[CONSTANT_MEMORY] = exact(1 << 20);
        m->of[CONSTANT_MEMORY_FLIGHT] = exact(8192);
        m->of[CONSTANT_MEMORY_WORKER] = exact(65536);
    }
    return machine;
}

static struct service service(double wait_ns, double cpu_ns, double rate_per_s)
{
    struct service profile = {
        .wait_ns = wait_ns, .cpu_ns = cpu_ns, .rate_per_s = rate_per_s};
    profile.given[SERVICE_CPU] = true;
    service_defaults(&profile, 2);
    return profile;
}

static struct forecast forecast(const struct service *profile,
                                const struct machine *machine,
                                const char *model, int workers)
{
    struct forecast f;
    char why[256] = "";
    if (forecast_make(profile, machine, machine_model(machine, model), workers,
                      &PRECISION, &f, why, sizeof why) != 0)
        fail_msg("%s: %s", model, why);
    return f;
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.6g, expected %.6g", what, got, expected);
}

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
    assert_false(f.simulated); /* 100 per second are twice what it can do */
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

/* One loop that only computes is M/G/1. */
static void test_mg1(void **state)
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
    assert_true(f.p50_ns.value > MS && f.p99_ns.value < 8 * MS);
}

/* Workers are enough when their p99 is as good as any number's. */
static void test_workers(void **state)
{
    struct machine machine = world();
    struct service p = service(50 * MS, 1 * MS, 200);
    const struct model_constants *pool = machine_model(&machine, "pool");

    (void)state;
    int workers = forecast_workers(&p, &machine, pool, &PRECISION);
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
                                      &PRECISION),
                     0);
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
        assert_false(f.keeps_limit);
        assert_true(f.keeps_memory);
    }
    /* If they pause for 5 s, they are 80 requests per second. */
    p.think_ns = 5000 * MS;
    struct forecast f = forecast(&p, &machine, "loop", 0);
    assert_true(f.keeps_limit);
    near("rate", f.rate_per_s, 400 / 5.0215, 0.03);
    p.memory_bytes = 1 << 20;
    f = forecast(&p, &machine, "loop", 0);
    assert_false(f.keeps_memory);
}

static void refused(const struct service *p, const char *words)
{
    char why[512] = "";
    assert_false(service_check(p, why, sizeof why));
    if (!strstr(why, words))
        fail_msg("refused with \"%s\", not with \"%s\"", why, words);
}

static void test_contradictions(void **state)
{
    struct service good = service(20 * MS, 1 * MS, 100), p;
    char why[512];

    (void)state;
    assert_true(service_check(&good, why, sizeof why));
    p = good;
    p.rate_per_s = 0;
    refused(&p, "--rate");
    p = good;
    p.connections = 1;
    refused(&p, "1 connections that wait");
    p = good;
    p.connections = 1000;
    p.think_ns = 5000 * MS;
    p.given[SERVICE_THINK] = true;
    refused(&p, "give two of rate");
    p = good;
    p.wait_ns = p.cpu_ns = 0;
    p.given[SERVICE_CPU] = false;
    refused(&p, "nothing is said of a request");
    p = good;
    p.cv_wait = p.cv_cpu = 0;
    p.limit_ns = 10 * MS;
    refused(&p, "no model can");
    p = good;
    p.calls = 0;
    refused(&p, "at least one call");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_light_load),
        cmocka_unit_test(test_mg1),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_workers_of_others),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_contradictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
