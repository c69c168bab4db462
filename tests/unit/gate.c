/* SPDX-License-Identifier: MIT
 *
 * Each gate on a made-up trial: silent on a good one, loud on its own fault,
 * and on no other; and no false alarm where the window is too short to tell.
 * Placement and prediction, which the same trial needs, are checked as well.
 */
#include "gate_bench.h"

static void test_good(void **state)
{
    (void)state;
    failing(good(), "");
    failing(good_open(), "");
}

static void test_counts(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.scheduled++;
    failing(bench, "identity");
    bench = good_open();
    bench->load.scheduled++;
    failing(bench, "identity");
    bench = good(); /* one is lost on the way */
    bench->load.started++;
    failing(bench, "identity");
    bench = good(); /* it could not connect: failed, and never sent */
    bench->load.io_error = bench->load.failures[FAILURE_CONNECT] = 1;
    bench->load.scheduled++;
    failing(bench, "");
    bench = good();
    bench->load.wrong = 1;
    bench->load.ok--;
    failing(bench, "wrong_bodies");
    bench = good();
    bench->load.io_error = 3; /* 0.15 % */
    bench->load.ok -= 3;
    failing(bench, "errors");
    bench = good();
    bench->load.http_error = 2; /* 0.1 %: allowed */
    bench->load.ok -= 2;
    failing(bench, "");
    bench = good();
    bench->load.connections_open = 99;
    failing(bench, "connections");
    bench = good_open();
    bench->load.connections_open = 99;
    failing(bench, "connections");
}

static void talk_session(int fd, const struct arguments *arguments)
{
    (void)fd, (void)arguments;
}

/* A silent WebSocket that ends is in no request's account. */
static void test_held(void **state)
{
    static const struct workload talk = {.kind = WORKLOAD_IDLE,
                                         .wait_ns = no_wait,
                                         .backend_calls = one_call,
                                         .session = talk_session};
    static const struct workload_entry held = {"held", &talk};
    struct bench *bench = good_open();

    (void)state;
    bench->load.lost = 1;
    failing(bench, "");
    bench = good_open();
    bench->load.lost = 1;
    bench->point.workload = &held;
    failing(bench, "held");
    bench = good_open();
    bench->point.workload = &held;
    failing(bench, "");
}

/* One connection is forgotten; a server that stalls answers nobody. */
static void test_oldest(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.oldest_unanswered_ns = 700 * MS;
    bench->load.overtaken = 14;
    failing(bench, "oldest_unanswered");
    bench = good();
    bench->load.oldest_unanswered_ns = 700 * MS;
    bench->load.overtaken = 0.2;
    failing(bench, "");
    bench = good(); /* others took as long */
    histogram_record(&bench->load.service, 300 * MS);
    bench->load.oldest_unanswered_ns = 700 * MS;
    bench->load.overtaken = 14;
    failing(bench, "");
}

/* A timeout is an error of a closed loop, and a result of an open one. */
static void test_timeouts(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.timeout = 100;
    bench->load.ok -= 100;
    failing(bench, "errors");
    bench = good_open();
    bench->load.timeout = 100;
    bench->load.ok -= 100;
    failing(bench, "");
}

static void test_little(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.completed_in_window = 1700;
    failing(bench, "little");
    bench = good();
    bench->load.in_flight_integral_ns *= 0.9;
    failing(bench, "in_flight little");
    bench = good_open();
    bench->load.in_flight_integral_ns *= 2;
    failing(bench, "little");
    /* serial: 20 answers in the window, each after a long wait */
    bench = good();
    fill(&bench->load, 20, 900 * MS);
    bench->load.in_flight_integral_ns = 100.0 * 1000 * (double)MS;
    failing(bench, "");
    /* one connection, 30 us a request: the generator's own turn counts */
    bench = good();
    bench->point.connections = bench->load.connections_open = 1;
    bench->point.workload = &quick_entry;
    fill(&bench->load, 25000, 30000);
    failing(bench, "");
}

static void test_clients(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.cpu_ns = 870 * MS;
    bench->trial.backend.cpu_ns = 10 * MS;
    failing(bench, "generator_busy");
    bench = good(); /* near the null server's rate: a lower bound */
    bench->load.cpu_ns = 870 * MS;
    bench->trial.ceiling_per_s = 2500;
    failing(bench, "");
    bench = good(); /* far from it: what keeps the generator busy then? */
    bench->load.cpu_ns = 870 * MS;
    bench->trial.backend.cpu_ns = 10 * MS;
    bench->trial.ceiling_per_s = 3000;
    failing(bench, "generator_busy");
    bench = good_open(); /* an open loop's own rate is given */
    bench->load.cpu_ns = 870 * MS;
    bench->trial.backend.cpu_ns = 10 * MS;
    bench->trial.ceiling_per_s = 2500;
    failing(bench, "generator_busy");
    bench = good();
    bench->load.cpu_ns = 500 * MS;
    bench->trial.backend.cpu_ns = 450 * MS;
    failing(bench, "clients_busy");
    bench = good();
    bench->trial.cpus.clients_count = 2;
    bench->trial.backend.cpu_ns = 900 * MS;
    bench->trial.machine_last.busy_ns += 700 * MS;
    failing(bench, "backend_busy");
    bench = good_open();
    for (int i = 0; i < 100; i++)
        histogram_record(&bench->load.lag_free, 5 * MS);
    failing(bench, "generator_lag");
    bench = good_open(); /* 2 ms late at a p99 of 50 ms: no matter */
    for (int i = 0; i < 100; i++)
        histogram_record(&bench->load.lag_free, 2 * MS);
    failing(bench, "");
    bench = good_open();
    bench->point.workload = &quick_entry;
    fill(&bench->load, 2000, MS);
    for (int i = 0; i < 3000; i++)
        histogram_record(&bench->load.lag_free, 150000);
    failing(bench, "generator_lag_median");
    bench = good(); /* 20 waves: one of them late is the machine's stall */
    bench->trial.backend.lateness_p99_ns = 3 * MS;
    failing(bench, "");
    bench = good();
    bench->trial.backend.lateness_p90_ns = 3 * MS;
    failing(bench, "backend_lateness");
    bench = good();
    bench->trial.backend.lateness_p90_ns = -1;
    failing(bench, "backend_lateness");
    bench = good_open();
    bench->trial.backend.lateness_p99_ns = 3 * MS;
    failing(bench, "backend_lateness");
    bench = good();
    bench->trial.last.at_ns += 30 * MS;
    failing(bench, "sampler");
}

static void test_server(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->trial.alive = bench->trial.clean = false;
    failing(bench, "server_alive server_clean");
    bench = good();
    bench->trial.end = TRIAL_FAILED;
    strcpy(bench->trial.failure, "no such program");
    failing(bench, "carried_out");
}

static void test_beside(void **state)
{
    struct bench *bench = good();

    (void)state;
    fill(&bench->beside, 200, MS);
    bench->trial.beside = &bench->beside;
    bench->beside.wrong = 1;
    bench->beside.ok--;
    failing(bench, "beside_counts");
    bench = good();
    fill(&bench->beside, 200, MS);
    bench->trial.beside = &bench->beside;
    for (int i = 0; i < 100; i++)
        histogram_record(&bench->beside.lag_free, 5 * MS);
    failing(bench, "beside_lag");
}

/* What can come out differently is worth another attempt, nothing else. */
static void test_repeating(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.cpu_ns = 990 * MS;
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    assert_true(gate_worth_repeating(bench->gates, bench->count));
    bench->load.wrong = 1;
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    assert_false(gate_worth_repeating(bench->gates, bench->count));

    fill(&bench->load, 0, 50 * MS);
    bench->load.wrong = 0;
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    assert_false(gate_worth_repeating(bench->gates, bench->count));
    bench->trial.alive = false;
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    assert_true(gate_worth_repeating(bench->gates, bench->count));

    bench->trial.end = TRIAL_FAILED;
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    assert_true(gate_worth_repeating(bench->gates, bench->count));
    bench->trial.lasting = true;
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    assert_false(gate_worth_repeating(bench->gates, bench->count));
    free(bench);
}

static void test_placement(void **state)
{
    struct cpu_split split;
    cpu_set_t cpus;

    (void)state;
    CPU_ZERO(&cpus);
    CPU_SET(3, &cpus);
    placement_split_of(&cpus, PLACEMENT_SPLIT, &split);
    assert_false(split.apart);
    assert_int_equal(split.server_count, 1);
    assert_int_equal(split.clients_count, 1);
    CPU_SET(5, &cpus);
    CPU_SET(9, &cpus);
    placement_split_of(&cpus, PLACEMENT_SPLIT, &split);
    assert_true(split.apart);
    assert_int_equal(split.server_count, 1);
    assert_int_equal(split.clients_count, 2);
    assert_int_equal(CPU_COUNT(&split.clients), 2);
    assert_true(CPU_ISSET(3, &split.server));
    assert_false(CPU_ISSET(3, &split.clients));
    placement_split_of(&cpus, PLACEMENT_SHARED, &split);
    assert_false(split.apart);
    assert_int_equal(split.server_count, 3);
}

static void law(struct prediction_input input, const char *name, double per_s)
{
    struct prediction prediction;

    prediction_make(&input, &prediction);
    if (name == NULL) {
        assert_null(prediction.law);
        return;
    }
    assert_string_equal(prediction.law, name);
    assert_true(fabs(prediction.per_s - per_s) < 1e-6 * per_s);
}

static void test_prediction(void **state)
{
    struct prediction_input io = {.connections = 100,
                                  .wait_ns = 50 * MS,
                                  .backend_ns = 50 * MS,
                                  .cpus = 2};
    struct prediction_input cpu = {.connections = 8, .cpu_s = 0.002, .cpus = 2};

    (void)state;
    law(io, "closed loop", 2000);
    io.holding_workers = 16;
    law(io, "workers", 320);
    io.holding_workers = 1;
    law(io, "workers", 20);
    io.backend_workers = 1;
    law(io, "workers", 20);
    io.holding_workers = 0;
    law(io, "backend", 20);
    io.backend_ns = 100 * MS; /* two calls at once are two all the same */
    law(io, "backend", 10);
    io.backend_ns = 50 * MS;
    io.backend_workers = 200;
    law(io, "closed loop", 2000);
    io.think_ns = 50 * MS;
    law(io, "closed loop", 1000);
    law(cpu, "cpu", 1000);
    cpu.cpus = 1;
    law(cpu, "cpu", 500);
    cpu.open = true;
    cpu.rate_per_s = 100;
    law(cpu, "offered rate", 100);
    law((struct prediction_input){.connections = 8, .cpus = 1}, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_counts),
        cmocka_unit_test(test_timeouts),   cmocka_unit_test(test_little),
        cmocka_unit_test(test_clients),    cmocka_unit_test(test_server),
        cmocka_unit_test(test_beside),     cmocka_unit_test(test_placement),
        cmocka_unit_test(test_prediction), cmocka_unit_test(test_repeating),
        cmocka_unit_test(test_held),       cmocka_unit_test(test_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
