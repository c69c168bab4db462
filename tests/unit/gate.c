/* SPDX-License-Identifier: MIT
 *
 * Each gate on a made-up trial: silent on a good one, loud on its own fault
 * (harness/selftest/planted.c), and on no other; on either side of its limit,
 * and without a false alarm where the window is too short to tell. Placement
 * and prediction, which the same trial needs, are checked as well.
 */
#include "gate_bench.h"

#include "harness/selftest/planted.h"

static void test_good(void **state)
{
    (void)state;
    failing(good(), "");
    failing(good_open(), "");
}

static void test_planted(void **state)
{
    (void)state;
    for (const struct planted_fault *fault = planted_faults; fault->gate;
         fault++) {
        struct bench *bench = good();

        fault->plant(
            &(struct good_trial){&bench->plan, &bench->point, &bench->trial});
        failing(bench, fault->fails ? fault->fails : fault->gate);
    }
}

/* A gate without a planted fault may be broken unnoticed. */
static void test_every_gate_has_a_fault(void **state)
{
    struct gate_about about[GATES_MAX];
    int count = gate_all(about);

    (void)state;
    for (int i = 0; i < count; i++) {
        const struct planted_fault *fault = planted_faults;

        while (fault->gate && strcmp(fault->gate, about[i].id) != 0)
            fault++;
        if (!fault->gate && strncmp(about[i].fails_when, "never", 5) != 0)
            fail_msg("planted.c has no fault for gate %s", about[i].id);
    }
}

static void test_counts(void **state)
{
    struct bench *bench = good_open();

    (void)state;
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
    bench->load.io_error = 3; /* 0.15 % */
    bench->load.ok -= 3;
    failing(bench, "errors");
    bench = good();
    bench->load.http_error = 2; /* 0.1 %: allowed */
    bench->load.ok -= 2;
    failing(bench, "");
    bench = good_open();
    bench->load.connections_open = 99;
    failing(bench, "connections");
}

static void talk_session(int fd, const struct arguments *arguments)
{
    (void)fd, (void)arguments;
}

/* The loss of a silent WebSocket shows in no count of requests. */
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
    bench->point.workload = &held;
    failing(bench, "");
}

/* A few connections that end between two requests are allowed. */
static void test_resent(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.resent = bench->load.scheduled / 100;
    failing(bench, "");
    bench = good();
    bench->load.resent = bench->load.scheduled / 100 + 4;
    failing(bench, "resent");
    bench = good(); /* killed: its connections ended with it */
    bench->load.resent = bench->load.scheduled / 100 + 4;
    bench->trial.alive = false;
    failing(bench, "server_alive");
}

/* A stalled server answers no connection, so none of them was forgotten. */
static void test_oldest(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.oldest_unanswered_ns = 700 * MS;
    bench->load.overtaken = 0.2;
    failing(bench, "");
    bench = good(); /* other answers took as long */
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

/* Adds `n` requests of an open loop, each sent `late_ns` too late. */
static void send_late(struct load_result *load, int n, int64_t service_ns,
                      int64_t late_ns)
{
    for (int i = 0; i < n; i++) {
        histogram_record(&load->response, service_ns + late_ns);
        histogram_record(&load->punctual, service_ns);
        histogram_record(&load->lag_free, late_ns);
    }
}

static void test_clients(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->load.cpu_ns = 870 * MS;
    bench->trial.backend.cpu_ns = 10 * MS;
    failing(bench, "generator_busy");
    bench =
        good(); /* near the null server's rate too, the figures are bounds */
    bench->load.cpu_ns = 870 * MS;
    bench->trial.ceiling_per_s = 2500;
    failing(bench, "generator_busy clients_busy");
    bench = good_open();
    bench->load.cpu_ns = 870 * MS;
    bench->trial.backend.cpu_ns = 10 * MS;
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
}

static void test_lag(void **state)
{
    struct bench *bench = good_open();

    (void)state;
    send_late(&bench->load, 100, 50 * MS, 5 * MS);
    failing(bench, "generator_lag");
    bench = good_open(); /* 2 ms late at a p99 of 50 ms: no matter */
    send_late(&bench->load, 100, 50 * MS, 2 * MS);
    failing(bench, "");
    bench = good_open(); /* 5 ms late, but not with the slowest requests */
    send_late(&bench->load, 100, 30 * MS, 5 * MS);
    failing(bench, "");
    bench = good_open(); /* 5 ms late, but with fewer than one in a hundred */
    send_late(&bench->load, 12, 50 * MS, 5 * MS);
    failing(bench, "");
    bench = good_open();
    bench->point.workload = &quick_entry;
    fill(&bench->load, 2000, MS);
    send_late(&bench->load, 3000, MS, 150000);
    failing(bench, "generator_lag_median");
}

static void test_backend(void **state)
{
    struct bench *bench = good();

    (void)state;
    /* with 20 waves, one late wave may be a stall of the machine */
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
    bench = good_open(); /* 3 ms late do not matter to a p99 of 70 ms */
    for (int i = 0; i < 40; i++)
        histogram_record(&bench->load.response, 70 * MS);
    for (int i = 0; i < 40; i++)
        histogram_record(&bench->load.punctual, 70 * MS);
    bench->trial.backend.lateness_p99_ns = 3 * MS;
    failing(bench, "");
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
    send_late(&bench->beside, 100, MS, 5 * MS);
    failing(bench, "beside_lag");
}

static void judge(struct bench *bench)
{
    switch_gates();
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
}

/* Checks which figures are withheld, and whether any are left. */
static void withheld(struct bench *bench, const char *figures, bool valid)
{
    char words[128], reason[2048];

    judge(bench);
    assert_string_equal(figures_words(gate_withheld(bench->gates, bench->count),
                                      words, sizeof words),
                        figures);
    assert_int_equal(gate_valid(&bench->point, bench->gates, bench->count,
                                reason, sizeof reason),
                     valid);
    assert_int_equal(reason[0] == '\0', valid);
    free(bench);
}

/* Each gate withholds only figures that it can spoil. */
static void test_withheld(void **state)
{
    struct bench *bench = good();

    (void)state;
    withheld(bench, "", true);
    bench = good_open();
    bench->load.wrong = 1;
    bench->load.ok--;
    withheld(bench, "all", false);
    bench = good_open(); /* a late generator spoils neither memory nor CPU */
    send_late(&bench->load, 100, 50 * MS, 5 * MS);
    withheld(bench, "latency", true);
    bench = good(); /* one late wave in ten changes the mean */
    bench->trial.backend.lateness_p90_ns = 3 * MS;
    withheld(bench, "throughput, latency", true);
    bench = good_open();
    bench->trial.backend.lateness_p90_ns = 3 * MS;
    bench->trial.backend.lateness_p99_ns = 3 * MS;
    withheld(bench, "latency", true);
    bench = good();
    bench->trial.last.at_ns += 30 * MS;
    withheld(bench, "cpu, memory", true);
    bench = good(); /* only the level is withheld */
    bench->trial.platform.speed_per_us = 300;
    withheld(bench, "", true);
    bench = good(); /* a bound */
    bench->load.cpu_ns = 990 * MS;
    withheld(bench, "", true);
    bench = good();
    bench->trial.machine_last.busy_ns += 400 * MS;
    withheld(bench, "throughput, latency, cpu, memory, beside, recovery",
             false);
    bench = good_open(); /* memory read before the load is left */
    bench->point.idle = true;
    bench->trial.machine_last.busy_ns += 400 * MS;
    withheld(bench, "throughput, latency, cpu, memory, beside, recovery", true);
    bench = good();
    bench->trial.end = TRIAL_FAILED;
    strcpy(bench->trial.failure, "no such program");
    withheld(bench, "all", false);
}

static void bound(struct bench *bench, const char *by, unsigned figures)
{
    const struct gate *gate;

    judge(bench);
    gate = gate_bound(bench->gates, bench->count);
    assert_int_equal(gate != NULL, by != NULL);
    if (gate) {
        assert_string_equal(gate->by, by);
        assert_int_equal(gate->figures, figures);
        assert_int_equal(gate_withheld(bench->gates, bench->count), 0);
    }
    free(bench);
}

/* If something other than the server was the limit, the figures are bounds. */
static void test_bounds(void **state)
{
    static const unsigned both = FIGURE_THROUGHPUT | FIGURE_LATENCY;
    struct bench *bench = good();

    (void)state;
    bound(bench, NULL, 0);
    bench = good();
    bench->load.cpu_ns = 990 * MS;
    bound(bench, "generator", both);
    bench = good(); /* far from the null server's rate, and near it */
    bench->load.cpu_ns = 990 * MS;
    bench->trial.ceiling_per_s = 2500;
    bound(bench, "generator", both);
    bench = good_open(); /* its rate was given to it */
    bench->load.cpu_ns = 990 * MS;
    bound(bench, "generator", FIGURE_LATENCY);
    bench = good();
    bench->load.cpu_ns = 400 * MS;
    bench->trial.backend.cpu_ns = 550 * MS;
    bound(bench, "backend", both);
    bench = good();
    bench->trial.cpus.clients_count = 2;
    bench->trial.backend.cpu_ns = 900 * MS;
    bound(bench, "backend", both);
    bench = good(); /* a store that shares the generator's CPU */
    bench->load.cpu_ns = 400 * MS;
    bench->trial.backend.cpu_ns = 0;
    bench->trial.stores[STORE_REDIS] = (struct trial_store){
        .used = true,
        .own = true,
        .alive = true,
        .last = {.cpu_user_ns = 550 * MS, .cpu_system_ns = 0}};
    bound(bench, "Redis", both);
}

/* The stored gates of an earlier trial that was judged like this one. */
static json_t *stored(const struct bench *bench)
{
    json_t *list = json_array();

    for (int i = 0; i < bench->count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:b}", "id", bench->gates[i].id,
                                        "ok", bench->gates[i].ok));
    return json_pack("{s:o}", "gates", list);
}

static bool worth(struct bench *bench, const json_t *before)
{
    judge(bench);
    return gate_worth_repeating(&bench->point, bench->gates, bench->count,
                                before);
}

/* Another attempt is worthwhile only if a gate withholds figures that are asked
 * for and may pass the next time. */
static void test_repeating(void **state)
{
    struct bench *bench = good();
    json_t *before;

    (void)state;
    bench->load.cpu_ns = 990 * MS; /* a bound is an answer */
    assert_false(worth(bench, NULL));
    bench->trial.platform.speed_per_us = 300; /* the ratio is left */
    assert_false(worth(bench, NULL));
    bench->trial.machine_last.busy_ns += 1300 * MS;
    assert_true(worth(bench, NULL));
    before = stored(bench);
    assert_false(worth(bench, before)); /* failed twice: it would fail again */
    json_decref(before);
    bench->load.wrong = 1;
    assert_false(worth(bench, NULL));

    fill(&bench->load, 0, 50 * MS);
    bench->load.wrong = 0;
    assert_false(worth(bench, NULL));
    bench->trial.alive = false;
    assert_true(worth(bench, NULL));

    bench->trial.end = TRIAL_FAILED;
    assert_true(worth(bench, NULL));
    bench->trial.lasting = true;
    assert_false(worth(bench, NULL));
    free(bench);

    bench = good_open(); /* idle connections are measured for their memory */
    send_late(&bench->load, 100, 50 * MS, 5 * MS);
    assert_true(worth(bench, NULL));
    bench->point.idle = true;
    assert_false(worth(bench, NULL));
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
    if (!name) {
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
    io.backend_ns = 100 * MS; /* two calls at once count as two */
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
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_every_gate_has_a_fault),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_little),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_lag),
        cmocka_unit_test(test_backend),
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_beside),
        cmocka_unit_test(test_placement),
        cmocka_unit_test(test_prediction),
        cmocka_unit_test(test_repeating),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_resent),
        cmocka_unit_test(test_oldest),
        cmocka_unit_test(test_withheld),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
