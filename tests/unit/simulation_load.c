/* SPDX-License-Identifier: MIT
 *
 * The simulator without a clock, at the ends of what it is asked: servers that
 * are all but idle, cores that stand still now and then, clients who pause for
 * long, and what is too much. Seeds are fixed.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "harness/simulate/wiring.h"

static const double MS = 1e6, S = 1e9;

static const struct draw EXPONENTIAL = {SHAPE_EXPONENTIAL, 0};

static const struct wiring ONE_LOOP = {.discipline = DISCIPLINE_LOOP,
                                       .executors = 1},
                           THREADS = {.discipline = DISCIPLINE_THREAD};

static struct simulation open_loop(double rate_per_s)
{
    return (struct simulation){
        .arrivals = {.kind = ARRIVE_POISSON,
                     .rate_per_s = rate_per_s,
                     .burst = 1,
                     .think_draw = -1},
        .cores = 1,
        .seed = 1,
        .requests = 200000,
        .warmup = 2000,
    };
}

static struct demand computing(double ns, struct draw draw)
{
    return (struct demand){.after_ns = ns, .compute = draw};
}

static int served(struct simulation simulation, struct demand demand,
                  struct wiring wiring, struct simulation_result *result)
{
    char why[128] = "";

    assert_int_equal(wiring_apply(&simulation, &demand, &wiring), 0);
    return simulate(&simulation, result, why, sizeof why);
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.6g, theory %.6g (%+.2f %%, allowed %.2f %%)", what,
                 got, expected, 100 * (got / expected - 1), 100 * limit);
}

/* The mean response of a queue whose core stands still at random, busy or idle.
 * Who comes while it works takes its work and the stalls in between; who finds
 * it idle may besides have to wait for the end of a stall, as for a machine
 * that is set up (P. D. Welch, Operations Research 12, 1964). */
static double with_stalls_ns(double rate_per_ns, double work_ns, double square,
                             double share, double stall_ns)
{
    double gap_ns = stall_ns * (1 - share) / share, slower = 1 / (1 - share);
    double mean_ns = work_ns * slower;
    double second =
        square * slower * slower + work_ns / gap_ns * 2 * stall_ns * stall_ns;
    /* Of idle times, which are exponential and begin with a core that runs. */
    double forgets = 1 / (stall_ns * (1 - share));
    double found = share * forgets / (rate_per_ns + forgets);
    double set_up = found * stall_ns, set_up_square = 2 * set_up * stall_ns;

    return mean_ns + rate_per_ns * second / (2 * (1 - rate_per_ns * mean_ns)) +
           (2 * set_up + rate_per_ns * set_up_square) /
               (2 * (1 + rate_per_ns * set_up));
}

static void test_stalls_of_a_queue(void **state)
{
    static const double rates_per_s[] = {5, 100, 400, 600};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct simulation simulation = open_loop(rates_per_s[i]);
        struct simulation_result r;
        simulation.stall_share = 0.2;
        simulation.stall_ns = 4 * MS;
        assert_int_equal(
            served(simulation, computing(MS, EXPONENTIAL), ONE_LOOP, &r), 0);
        near("mean", r.mean_ns.value,
             with_stalls_ns(rates_per_s[i] / S, MS, 2 * MS * MS, 0.2, 4 * MS),
             0.03);
        near("busy", r.busy, rates_per_s[i] / 1000, 0.02);
    }
}

/* An idle server costs nothing, however long it is idle: an arrival, the end of
 * the work, and at most a stall and its end on each of the cores that are
 * looked at. */
static void test_idle_time_is_free(void **state)
{
    struct simulation simulation = open_loop(1e-5);
    struct simulation_result r;

    (void)state;
    simulation.cores = 8;
    simulation.stall_share = 0.02;
    simulation.stall_ns = MS / 10;
    simulation.events_most = 5 * (simulation.requests + simulation.warmup);
    assert_int_equal(
        served(simulation, computing(MS, EXPONENTIAL), THREADS, &r), 0);
    /* One core in fifty stands still, and then another one works. */
    near("mean", r.mean_ns.value, MS / (1 - 0.02), 0.01);
}

/* Clients who pause come from the beginning as they come ever after: without
 * any warm-up the first of them ask no more than the law allows. */
static void test_pauses(void **state)
{
    enum { CLIENTS = 2000, ROUNDS = 10 };
    struct demand demand = {.after_ns = MS,
                            .compute = EXPONENTIAL,
                            .wait_ns = 20 * MS,
                            .wait = EXPONENTIAL,
                            .calls = 1};
    struct simulation simulation = open_loop(0);
    struct simulation_result r;

    (void)state;
    simulation.arrivals = (struct arrivals){.kind = ARRIVE_CLOSED,
                                            .connections = CLIENTS,
                                            .think_ns = 5 * S,
                                            .think_draw = 2};
    simulation.draws[2] = EXPONENTIAL;
    simulation.warmup = 0;
    for (int rounds = 1; rounds <= ROUNDS; rounds *= ROUNDS) {
        simulation.requests = rounds * CLIENTS;
        assert_int_equal(served(simulation, demand, ONE_LOOP, &r), 0);
        near("rate", r.rate_per_s.value, CLIENTS / (5 + 0.0217),
             4 / sqrt(rounds * CLIENTS));
        assert_true(r.rate_per_s.lo < CLIENTS / 5.021);
        /* A bunch would wait for CLIENTS pieces of work. */
        assert_true(r.p99_ns.value < 200 * MS);
    }
}

static void test_too_much(void **state)
{
    struct simulation simulation = open_loop(500);
    struct simulation_result r;

    (void)state;
    simulation.events_most = 10000;
    assert_int_equal(
        served(simulation, computing(MS, EXPONENTIAL), ONE_LOOP, &r), -E2BIG);
    assert_in_range(r.ended, 4900, 5000);
    /* A queue that grows without end. */
    simulation.events_most = 0;
    simulation.flight_most = 1000;
    simulation.arrivals.rate_per_s = 2000;
    assert_int_equal(
        served(simulation, computing(MS, EXPONENTIAL), ONE_LOOP, &r), -E2BIG);
    assert_in_range(r.ended, 800, 1200);
    /* What has its figures is not refused for what comes after. */
    simulation = open_loop(500);
    simulation.events_most = 2 * (simulation.requests + simulation.warmup);
    simulation.requests -= 100;
    assert_int_equal(
        served(simulation, computing(MS, EXPONENTIAL), ONE_LOOP, &r), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stalls_of_a_queue),
        cmocka_unit_test(test_idle_time_is_free),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_too_much),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
