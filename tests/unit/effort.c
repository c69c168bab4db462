/* SPDX-License-Identifier: MIT
 *
 * Forecasts of services that wait long, pause long or are very many: figures
 * that do not hang on how the simulation began, or none, with a reason. Answers
 * of a made-up world that are known in closed form.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/predict/effort.h"
#include "harness/predict/forecast.h"

static const double MS = 1e6, S = 1e9;
static const struct precision PRECISION = {.requests = 50000, .seed = 1};

/* A request costs nothing but its work; stalls as on a machine that was
 * measured. */
static struct machine world(int cores)
{
    static const struct {
        const char *name;
        enum discipline discipline;
        bool has_workers;
    } models[] = {{"threads", DISCIPLINE_THREAD, false},
                  {"pool", DISCIPLINE_WORKER, true}};
    struct machine machine = {.cores = cores,
                              .quantum_ns = 4 * MS,
                              .stall_share = 0.017,
                              .stall_ns = MS / 13};

    for (int i = 0; i < 2; i++) {
        struct model_constants *m = &machine.models[machine.model_count++];
        strcpy(m->name, models[i].name);
        m->discipline = models[i].discipline;
        m->has_workers = models[i].has_workers;
        m->parallel = true;
        for (int c = 0; c < CONSTANTS; c++)
            m->of[c] = (struct constant){0, 0, 0, 3};
        m->of[CONSTANT_WORK_FACTOR] = (struct constant){1, 1, 1, 3};
    }
    return machine;
}

static struct service service(double wait_ns, double cpu_ns)
{
    struct service p = {.wait_ns = wait_ns, .cpu_ns = cpu_ns};

    p.given[SERVICE_CPU] = true;
    service_defaults(&p, 2);
    return p;
}

static struct forecast forecast(const struct service *p, const char *model)
{
    struct machine machine = world(p->cores);
    static struct model_constants kept;
    struct forecast f;
    char why[256] = "";

    kept = *machine_model(&machine, model);
    if (forecast_make(p, &machine, &kept, 0, &PRECISION, &f, why, sizeof why) !=
        0)
        fail_msg("%s: %s", model, why);
    return f;
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.6g, expected %.6g", what, got, expected);
}

/* Of a time that is lognormal with the coefficient of variation 1. */
static double percentile(double mean_ns, double normal)
{
    return mean_ns * exp(normal * sqrt(log(2)) - log(2) / 2);
}

/* Nothing queues, so that an answer takes what it waits, be it for longer than
 * that number of requests takes to come. */
static void test_long_waits(void **state)
{
    static const double waits_ns[] = {1e8, 1e9, 1e10};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct service p = service(waits_ns[i], MS / 100);
        p.rate_per_s = 500;
        struct forecast f = forecast(&p, "threads");
        assert_true(f.simulated);
        near("mean", f.mean_ns.value, waits_ns[i], 0.03);
        near("p50", f.p50_ns.value, percentile(waits_ns[i], 0), 0.03);
        near("p99", f.p99_ns.value, percentile(waits_ns[i], 2.3263), 0.04);
    }
}

/* Clients who pause ask no more than the law of the closed loop says, and their
 * answers take as long as those to as many requests that come by chance. */
static void test_pauses(void **state)
{
    struct service p = service(20 * MS, MS);

    (void)state;
    p.connections = 3000;
    p.think_ns = 5 * S;
    struct forecast f = forecast(&p, "threads");
    assert_true(f.simulated);
    near("rate", f.rate_per_s, f.law_per_s[LAW_CLIENTS], 0.015);
    double p99_ns = f.p99_ns.value;
    p.rate_per_s = f.rate_per_s;
    p.connections = 0;
    p.think_ns = 0;
    f = forecast(&p, "threads");
    near("p99", p99_ns, f.p99_ns.value, 0.04);
    /* One worker for each that is held, and not for each client. */
    p = service(20 * MS, MS);
    p.connections = 3000;
    p.think_ns = 5 * S;
    f = forecast(&p, "pool");
    assert_true(f.simulated);
    assert_in_range(f.workers, 13, 40);
}

static void beyond(const struct service *p, const char *words)
{
    static const char *const models[] = {"threads", "pool"};

    for (int i = 0; i < 2; i++) {
        struct forecast f = forecast(p, models[i]);
        char text[400];
        if (f.load >= FORECAST_OVERLOAD && p->rate_per_s > 0)
            continue;
        assert_false(f.simulated);
        assert_true(f.beyond > 1);
        if (p->limit_ns > 0)
            assert_int_equal(f.on_limit, KEPT_UNKNOWN);
        assert_true(f.capacity_per_s > 0);
        effort_text(p, f.beyond, PRECISION.requests, text, sizeof text);
        assert_non_null(strstr(text, words));
    }
}

static void test_too_much(void **state)
{
    struct service p = service(60 * S, MS);

    (void)state;
    p.limit_percent = 99;
    p.limit_ns = S;
    p.rate_per_s = 1900;
    beyond(&p, "114000 requests are in flight");
    p = service(3600 * S, MS / 100);
    p.rate_per_s = 30000;
    beyond(&p, "requests are in flight");
    p = service(20 * MS, MS);
    p.connections = 1000000;
    beyond(&p, "1000000 clients");
    p = service(0, 60 * S);
    p.connections = 4;
    beyond(&p, "computes for 60.0 s");
}

/* Idle time is not: a request a minute, clients who ask once a day. */
static void test_idle(void **state)
{
    struct service p = service(20 * MS, MS);

    (void)state;
    p.rate_per_s = 0.01;
    p.cores = 8;
    struct forecast f = forecast(&p, "threads");
    assert_true(f.simulated);
    double p50_ns = f.p50_ns.value;
    p.rate_per_s = 0;
    p.connections = 100;
    p.think_ns = 24 * 3600 * S;
    f = forecast(&p, "threads");
    assert_true(f.simulated);
    near("p50", f.p50_ns.value, p50_ns, 0.02);
    near("rate", f.rate_per_s, f.law_per_s[LAW_CLIENTS], 0.02);
}

/* Fewer requests where each takes many turns, and no latency without need. */
static void test_long_work(void **state)
{
    struct service p = service(0, 500 * MS);

    (void)state;
    p.rate_per_s = 2;
    struct forecast f = forecast(&p, "threads");
    assert_true(f.simulated);
    assert_true(f.p50_ns.value > 300 * MS && f.p50_ns.value < 1500 * MS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_waits), cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_too_much),   cmocka_unit_test(test_idle),
        cmocka_unit_test(test_long_work),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
