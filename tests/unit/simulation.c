/* SPDX-License-Identifier: MIT
 *
 * The simulator without a clock: queues whose answers are in textbooks, laws
 * that hold exactly in every run, and changes of the input whose effect is
 * known. Seeds are fixed, so that a test passes always or never.
 *
 * The formulas: L. Kleinrock, Queueing Systems, vol. 1 (M/M/c, M/G/1, batch
 * arrivals) and vol. 2 (processor sharing); M. Reiser and S. S. Lavenberg,
 * Journal of the ACM 27, 1980 (mean value analysis); J. Kiefer and J.
 * Wolfowitz, Transactions of the American Mathematical Society 78, 1955 (the
 * wait of each request of a queue with several servers).
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/arithmetic/statistics.h"
#include "harness/simulate/draw.h"
#include "harness/simulate/wiring.h"

/* Sanitizers make a run ten times as long; they look for other mistakes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { REQUESTS = 100000 };
static const double WIDER = 3.5;
#else
enum { REQUESTS = 1000000 };
static const double WIDER = 1;
#endif

enum { ALONE = -1 };

static const double MS = 1e6; /* ns */

static const struct draw CONSTANT = {SHAPE_CONSTANT, 0},
                         EXPONENTIAL = {SHAPE_EXPONENTIAL, 0};

static struct draw lognormal(double cv)
{
    return cv > 0 ? (struct draw){SHAPE_LOGNORMAL, cv} : CONSTANT;
}

static struct simulation open_loop(double rate_per_s)
{
    return (struct simulation){
        .arrivals = {.kind = ARRIVE_POISSON,
                     .rate_per_s = rate_per_s,
                     .burst = 1,
                     .think_draw = ALONE},
        .cores = 1,
        .seed = 1,
        .requests = REQUESTS,
        .warmup = REQUESTS / 100,
    };
}

static struct simulation closed_loop(int connections)
{
    struct simulation simulation = open_loop(0);
    simulation.arrivals = (struct arrivals){
        .kind = ARRIVE_CLOSED, .connections = connections, .think_draw = ALONE};
    simulation.requests = REQUESTS / 4;
    return simulation;
}

static struct demand computing(double ns, struct draw draw)
{
    return (struct demand){.after_ns = ns, .compute = draw};
}

static const struct wiring ONE_LOOP = {.discipline = DISCIPLINE_LOOP,
                                       .executors = 1},
                           THREADS = {.discipline = DISCIPLINE_THREAD};

static struct wiring pool(int workers)
{
    return (struct wiring){.discipline = DISCIPLINE_WORKER,
                           .executors = workers};
}

static struct simulation_result run(const struct simulation *simulation)
{
    struct simulation_result result;
    char why[128] = "";

    if (simulate(simulation, &result, why, sizeof why) != 0)
        fail_msg("refused: %s", why);
    /* Whatever is simulated keeps these two laws to the last digits. */
    assert_true(fabs(result.area_ns / result.response_ns - 1) < 1e-9);
    assert_true(result.demanded_ns == 0 ||
                fabs(result.computed_ns / result.demanded_ns - 1) < 1e-9);
    return result;
}

static struct simulation_result
served(struct simulation simulation, struct demand demand, struct wiring wiring)
{
    assert_int_equal(wiring_apply(&simulation, &demand, &wiring), 0);
    return run(&simulation);
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.6g, theory %.6g (%+.2f %%, allowed %.2f %%)", what,
                 got, expected, 100 * (got / expected - 1), 100 * limit);
}

/* Of a mean at this load. */
static double allowed(double rho)
{
    return WIDER * (rho > 0.7 ? 0.03 : 0.01);
}

/* The mean response of M/M/c: Erlang's C formula. */
static double mmc_ns(double service_ns, int servers, double rho)
{
    double load = rho * servers, term = 1, sum = 0;

    for (int k = 0; k < servers; k++) {
        sum += term;
        term *= load / (k + 1);
    }
    double queues = term / (1 - rho) / (sum + term / (1 - rho));
    return service_ns + queues * service_ns / (servers * (1 - rho));
}

/* The mean response of M/G/1: Pollaczek and Khinchine. */
static double mg1_ns(double service_ns, double cv, double rho)
{
    return service_ns * (1 + rho * (1 + cv * cv) / (2 * (1 - rho)));
}

static const double loads[] = {0.3, 0.6, 0.8};

enum { LOADS = sizeof loads / sizeof *loads };

static void test_mm1(void **state)
{
    (void)state;
    for (int i = 0; i < LOADS; i++) {
        double rho = loads[i], mean_ns = MS / (1 - rho);
        struct simulation_result r =
            served(open_loop(1000 * rho), computing(MS, EXPONENTIAL), ONE_LOOP);
        near("mean", r.mean_ns.value, mean_ns, allowed(rho));
        /* The response of M/M/1 is exponential. */
        near("p50", r.p50_ns.value, mean_ns * log(2), allowed(rho));
        near("p90", r.p90_ns.value, mean_ns * log(10), allowed(rho));
        near("p99", r.p99_ns.value, mean_ns * log(100),
             WIDER * (rho > 0.7 ? 0.05 : 0.02));
        near("busy", r.busy, rho, WIDER * 0.01);
        near("in flight", r.in_flight, rho / (1 - rho), 2 * allowed(rho));
        assert_true(r.mean_ns.lo < mean_ns && mean_ns < r.mean_ns.hi);
    }
}

static void test_mmc(void **state)
{
    (void)state;
    for (int servers = 2; servers <= 8; servers *= 4)
        for (int i = 0; i < LOADS; i++) {
            struct simulation simulation = open_loop(1000 * loads[i] * servers);
            simulation.cores = servers;
            struct simulation_result r =
                served(simulation, computing(MS, EXPONENTIAL), pool(servers));
            near("mean", r.mean_ns.value, mmc_ns(MS, servers, loads[i]),
                 allowed(loads[i]));
        }
}

/* Workers that wait and do not compute are servers as well. */
static void test_slots_are_servers(void **state)
{
    struct demand demand = {
        .wait_ns = 10 * MS, .wait = EXPONENTIAL, .calls = 1};

    (void)state;
    for (int i = 0; i < LOADS; i++) {
        struct simulation_result r =
            served(open_loop(100 * loads[i] * 5), demand, pool(5));
        near("mean", r.mean_ns.value, mmc_ns(10 * MS, 5, loads[i]),
             allowed(loads[i]));
    }
    /* Nor does a limited backend behind a loop differ. */
    struct wiring limited = ONE_LOOP;
    limited.backend_servers = 5;
    struct simulation_result r = served(open_loop(300), demand, limited);
    near("backend", r.mean_ns.value, mmc_ns(10 * MS, 5, 0.6), allowed(0.6));
}

static void test_mg1(void **state)
{
    static const double cvs[] = {0, 0.5, 1, 3};

    (void)state;
    for (size_t c = 0; c < sizeof cvs / sizeof *cvs; c++)
        for (int i = 0; i < LOADS; i++) {
            double rho = loads[i];
            struct simulation_result r =
                served(open_loop(1000 * rho), computing(MS, lognormal(cvs[c])),
                       ONE_LOOP);
            double error = (r.mean_ns.hi - r.mean_ns.lo) / 2 / r.mean_ns.value;
            /* Three standard errors where a heavy tail makes them wide. */
            near("mean", r.mean_ns.value, mg1_ns(MS, cvs[c], rho),
                 fmax(allowed(rho), 1.5 * error));
        }
}

/* Executors in turn, by quanta that are short: the mean no longer depends on
 * how the work varies. */
static void test_processor_sharing(void **state)
{
    static const double cvs[] = {0, 1, 3};

    (void)state;
    for (size_t c = 0; c < sizeof cvs / sizeof *cvs; c++) {
        struct simulation simulation = open_loop(600);
        simulation.quantum_ns = MS / 50;
        simulation.requests = REQUESTS / 4;
        struct simulation_result r =
            served(simulation, computing(MS, lognormal(cvs[c])), THREADS);
        near("mean", r.mean_ns.value, MS / 0.4, WIDER * 0.03);
    }
}

static void same(const struct simulation_result *a,
                 const struct simulation_result *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

/* Without an end of the quantum a thread each is a queue. */
static void test_endless_quantum_is_a_queue(void **state)
{
    struct demand demand = computing(MS, lognormal(1));

    (void)state;
    struct simulation_result loop = served(open_loop(700), demand, ONE_LOOP);
    struct simulation_result threads = served(open_loop(700), demand, THREADS);
    loop.queued_ns = threads.queued_ns = 0; /* for an executor, or a core */
    same(&loop, &threads);
}

enum { PATH = 100000 };

/* The response of each request of a first-come queue, from its arrival and its
 * work: it begins when the first of the servers is free. */
static void one_by_one(const double *log_ns, const double *work_ns, int servers,
                       double *responses_ns)
{
    double free_ns[8] = {0};

    for (int i = 0; i < PATH; i++) {
        int first = 0;
        for (int s = 1; s < servers; s++)
            if (free_ns[s] < free_ns[first])
                first = s;
        free_ns[first] = fmax(log_ns[i], free_ns[first]) + work_ns[i];
        responses_ns[i] = free_ns[first] - log_ns[i];
    }
}

static void follows(const struct simulation_result *r, double *responses_ns)
{
    double sum_ns = 0;

    for (int i = 0; i < PATH; i++)
        sum_ns += responses_ns[i];
    near("sum", r->response_ns, sum_ns, 1e-9);
    near("mean", r->mean_ns.value, sum_ns / PATH, 1e-9);
    qsort(responses_ns, PATH, sizeof *responses_ns, statistics_ascending);
    near("p50", r->p50_ns.value, responses_ns[PATH / 2 - 1], 1e-9);
    near("p90", r->p90_ns.value, responses_ns[PATH / 10 * 9 - 1], 1e-9);
    near("p99", r->p99_ns.value, responses_ns[PATH / 100 * 99 - 1], 1e-9);
}

/* Request by request, queues for executors and queues for cores without an end
 * of the quantum are what a queue is on paper. */
static void test_first_come_request_by_request(void **state)
{
    static double log_ns[PATH], work_ns[PATH], responses_ns[PATH];
    struct demand demand = computing(MS, lognormal(1));

    (void)state;
    for (int servers = 1; servers <= 8; servers *= 2) {
        struct simulation simulation = open_loop(0);
        double at_ns = 0;
        for (int i = 0; i < PATH; i++) {
            at_ns += MS / (0.8 * servers) * draw_exponential(7, (uint64_t)i, 0);
            log_ns[i] = at_ns;
            work_ns[i] = MS * draw_factor(&demand.compute, simulation.seed,
                                          (uint64_t)i, 0);
        }
        simulation.arrivals.kind = ARRIVE_REPLAY;
        simulation.arrivals.log_ns = log_ns;
        simulation.arrivals.log_count = PATH;
        simulation.requests = PATH;
        simulation.warmup = 0;
        simulation.cores = servers;
        struct simulation_result threads = served(simulation, demand, THREADS);
        struct simulation_result workers =
            served(simulation, demand, pool(servers));
        one_by_one(log_ns, work_ns, servers, responses_ns);
        follows(&threads, responses_ns);
        follows(&workers, responses_ns);
    }
}

static void test_waitless_models_are_one(void **state)
{
    struct demand demand = computing(MS, lognormal(2));
    struct wiring alone = {.discipline = DISCIPLINE_ALONE};

    (void)state;
    struct simulation_result loop = served(open_loop(600), demand, ONE_LOOP);
    struct simulation_result one = served(open_loop(600), demand, pool(1));
    struct simulation_result serial = served(open_loop(600), demand, alone);
    same(&loop, &one);
    same(&loop, &serial);
}

/* A loop that does nothing itself hands all to its pool. */
static void test_offload_is_a_pool(void **state)
{
    struct demand offloaded = {.offloaded_ns = 2 * MS, .compute = lognormal(1)},
                  demand = computing(2 * MS, lognormal(1));
    struct wiring offload = ONE_LOOP;
    struct simulation simulation = open_loop(700);

    (void)state;
    offload.offload_executors = 3;
    simulation.cores = 2;
    simulation.quantum_ns = MS;
    struct simulation_result a = served(simulation, offloaded, offload);
    struct simulation_result b = served(simulation, demand, pool(3));
    same(&a, &b);
}

/* Mean value analysis: clients who think, one server. */
static double mva_per_s(int clients, double think_ns, double service_ns)
{
    double queue = 0, rate = 0;

    for (int n = 1; n <= clients; n++) {
        double response_ns = service_ns * (1 + queue);
        rate = n / (think_ns + response_ns);
        queue = rate * response_ns;
    }
    return rate * 1e9;
}

static void test_closed_loop_is_mva(void **state)
{
    static const int clients[] = {1, 4, 16, 64};

    (void)state;
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        struct simulation simulation = closed_loop(clients[i]);
        simulation.arrivals.think_ns = 10 * MS;
        simulation.draws[2] = EXPONENTIAL;
        simulation.arrivals.think_draw = 2;
        struct simulation_result r =
            served(simulation, computing(MS, EXPONENTIAL), ONE_LOOP);
        near("rate", r.rate_per_s.value, mva_per_s(clients[i], 10 * MS, MS),
             WIDER * 0.01);
        /* Sharing has the product form with any work: a wait at a backend is
         * a think time that is measured. */
        struct demand waits = {.before_ns = MS / 4,
                               .after_ns = MS * 3 / 4,
                               .compute = lognormal(1),
                               .wait_ns = 10 * MS,
                               .wait = lognormal(1),
                               .calls = 1};
        simulation = closed_loop(clients[i]);
        simulation.quantum_ns = MS / 50;
        simulation.requests = REQUESTS / 10;
        r = served(simulation, waits, THREADS);
        near("sharing", r.rate_per_s.value, mva_per_s(clients[i], 10 * MS, MS),
             WIDER * 0.02);
    }
}

/* K at once: within a burst, half of the others come before. */
static void test_bursts(void **state)
{
    (void)state;
    for (int burst = 2; burst <= 8; burst *= 2)
        for (int i = 0; i < LOADS; i++) {
            double rho = loads[i];
            struct simulation simulation = open_loop(1000 * rho);
            simulation.arrivals.kind = ARRIVE_BURSTS;
            simulation.arrivals.burst = burst;
            struct simulation_result r =
                served(simulation, computing(MS, CONSTANT), ONE_LOOP);
            double error = (r.mean_ns.hi - r.mean_ns.lo) / 2 / r.mean_ns.value;
            near("mean", r.mean_ns.value,
                 MS * (1 + (rho + burst - 1) / (2 * (1 - rho))),
                 fmax(allowed(rho), 1.5 * error));
        }
}

/* K loops on as many cores, connections by chance: K queues of their own. */
static void test_split_loops(void **state)
{
    (void)state;
    for (int i = 0; i < LOADS; i++) {
        struct simulation simulation = open_loop(4000 * loads[i]);
        struct wiring loops = {.discipline = DISCIPLINE_LOOP, .executors = 4};
        simulation.cores = 4;
        struct simulation_result split =
            served(simulation, computing(MS, lognormal(0.5)), loops);
        near("mean", split.mean_ns.value, mg1_ns(MS, 0.5, loads[i]),
             allowed(loads[i]));
        loops.shared = true;
        struct simulation_result shared =
            served(simulation, computing(MS, EXPONENTIAL), loops);
        near("shared", shared.mean_ns.value, mmc_ns(MS, 4, loads[i]),
             allowed(loads[i]));
    }
}

static void scaled(const char *what, double once, double twice)
{
    if (twice != 2 * once)
        fail_msg("%s: %.17g and %.17g", what, once, twice);
}

static void test_times_twice(void **state)
{
    struct demand demand = {.before_ns = MS / 4,
                            .between_ns = MS / 4,
                            .after_ns = MS / 2,
                            .compute = lognormal(1),
                            .wait_ns = 5 * MS,
                            .wait = EXPONENTIAL,
                            .calls = 2};
    struct simulation simulation = open_loop(1200);

    (void)state;
    simulation.cores = 2;
    simulation.quantum_ns = MS / 2;
    simulation.requests = REQUESTS / 10;
    simulation.stall_share = 0.05;
    simulation.stall_ns = MS;
    struct simulation_result once = served(simulation, demand, pool(12));
    demand.before_ns *= 2;
    demand.between_ns *= 2;
    demand.after_ns *= 2;
    demand.wait_ns *= 2;
    simulation.arrivals.rate_per_s /= 2;
    simulation.quantum_ns *= 2;
    simulation.stall_ns *= 2;
    struct simulation_result twice = served(simulation, demand, pool(12));
    scaled("mean", once.mean_ns.value, twice.mean_ns.value);
    scaled("p99", once.p99_ns.value, twice.p99_ns.value);
    scaled("span", once.span_ns, twice.span_ns);
    scaled("queued", once.queued_ns, twice.queued_ns);
    assert_true(once.busy == twice.busy);
}

/* Each wiring with n executors of the kind that it is about. */
static struct wiring with_pool(int n)
{
    return pool(n);
}

static struct wiring with_loops(int n)
{
    return (struct wiring){
        .discipline = DISCIPLINE_LOOP, .executors = n, .shared = true};
}

static struct wiring with_offload(int n)
{
    return (struct wiring){
        .discipline = DISCIPLINE_LOOP, .executors = 1, .offload_executors = n};
}

static struct wiring with_backend(int n)
{
    return (struct wiring){.discipline = DISCIPLINE_THREAD,
                           .backend_servers = n};
}

/* Neither more cores nor more executors make a closed loop slower. Threads of a
 * pool beside a loop are left out: where the cores are busy, the loop waits for
 * one among them, and the more they are, the longer. */
static void test_more_is_not_less(void **state)
{
    static struct wiring (*const wirings[])(int) = {with_pool, with_loops,
                                                    with_offload, with_backend};
    enum { WIRINGS = sizeof wirings / sizeof *wirings, CORES = 5, MOST = 7 };
    struct demand demand = {.before_ns = MS / 16,
                            .between_ns = MS / 16,
                            .after_ns = MS / 16,
                            .offloaded_ns = MS * 3 / 4,
                            .compute = lognormal(1),
                            .wait_ns = 5 * MS,
                            .wait = lognormal(1),
                            .calls = 2};
    struct simulation simulation = closed_loop(40);
    double per_s[CORES][MOST];

    (void)state;
    simulation.quantum_ns = 3 * MS;
    /* As many with sanitizers: the rates of fewer differ by chance. */
    simulation.requests = 25000;
    for (int w = 0; w < WIRINGS; w++)
        for (int c = 0; c < CORES; c++)
            for (int n = 0; n < MOST; n++) {
                simulation.cores = 1 << c;
                per_s[c][n] = served(simulation, demand, wirings[w](1 << n))
                                  .rate_per_s.value;
                double fewer_cores = c ? per_s[c - 1][n] : 0;
                double fewer =
                    n && wirings[w] != with_offload ? per_s[c][n - 1] : 0;
                double before = fmax(fewer_cores, fewer);
                if (per_s[c][n] < 0.995 * before)
                    fail_msg("wiring %d, %d cores, %d executors: %g < %g", w,
                             1 << c, 1 << n, per_s[c][n], before);
            }
}

/* 95 % intervals of the mean and of p99 hold the truth in about as many of the
 * runs. */
static void test_intervals(void **state)
{
    enum { RUNS = 200 };
    int mean = 0, p99 = 0;

    (void)state;
    for (int i = 0; i < RUNS; i++) {
        struct simulation simulation = open_loop(500);
        simulation.seed = (uint64_t)i + 100;
        simulation.requests = 20000;
        struct simulation_result r =
            served(simulation, computing(MS, EXPONENTIAL), ONE_LOOP);
        double truth_ns = 2 * MS * log(100);
        mean += r.mean_ns.lo <= 2 * MS && 2 * MS <= r.mean_ns.hi;
        p99 += r.p99_ns.lo <= truth_ns && truth_ns <= r.p99_ns.hi;
    }
    if (mean < 0.90 * RUNS || mean > 0.99 * RUNS || p99 < 0.88 * RUNS)
        fail_msg("of %d, %d hold the mean, %d p99", RUNS, mean, p99);
}

static void test_seeds(void **state)
{
    struct simulation simulation = open_loop(700);
    struct demand demand = computing(MS, EXPONENTIAL);

    (void)state;
    simulation.requests = REQUESTS / 10;
    simulation.quantum_ns = MS;
    struct simulation_result first = served(simulation, demand, THREADS);
    struct simulation_result again = served(simulation, demand, THREADS);
    same(&first, &again);
    simulation.seed = 2;
    struct simulation_result other = served(simulation, demand, THREADS);
    assert_true(first.mean_ns.value != other.mean_ns.value);
}

/* One log, three models: each serves the very same requests. */
static void test_common_random_numbers(void **state)
{
    enum { COUNT = 5000 };
    static double log_ns[COUNT];
    struct simulation simulation = open_loop(0);
    struct demand demand = computing(MS, lognormal(2));

    (void)state;
    for (int i = 0; i < COUNT; i++)
        log_ns[i] = 2 * MS * i;
    simulation.arrivals.kind = ARRIVE_REPLAY;
    simulation.arrivals.log_ns = log_ns;
    simulation.arrivals.log_count = COUNT;
    simulation.requests = COUNT;
    simulation.warmup = 0;
    simulation.quantum_ns = MS / 2;
    struct simulation_result loop = served(simulation, demand, ONE_LOOP);
    struct simulation_result threads = served(simulation, demand, THREADS);
    struct simulation_result workers = served(simulation, demand, pool(3));
    near("threads", threads.demanded_ns, loop.demanded_ns, 1e-12);
    near("workers", workers.demanded_ns, loop.demanded_ns, 1e-12);
    assert_int_equal(loop.measured, COUNT);
    assert_int_equal(loop.ended, COUNT);
    assert_true(loop.mean_ns.value != threads.mean_ns.value);
    /* Alone in the system each time, a request takes what it asks for. */
    demand.compute = CONSTANT;
    loop = served(simulation, demand, ONE_LOOP);
    near("mean", loop.mean_ns.value, MS, 1e-9);
    near("p99", loop.p99_ns.value, MS, 1e-9);
}

/* Four cores help threads that share a token no more than one does. */
static void test_token(void **state)
{
    struct simulation simulation = closed_loop(8);
    struct wiring threads = THREADS;

    (void)state;
    simulation.cores = 4;
    simulation.quantum_ns = 3 * MS;
    simulation.requests = REQUESTS / 10;
    simulation.token_ns = 5 * MS;
    struct simulation_result all =
        served(simulation, computing(MS, EXPONENTIAL), threads);
    near("without", all.rate_per_s.value, 4000, WIDER * 0.02);
    threads.token = true;
    struct simulation_result one =
        served(simulation, computing(MS, EXPONENTIAL), threads);
    near("with", one.rate_per_s.value, 1000, WIDER * 0.02);
    near("busy", one.busy, 1, 0.001);
    /* What is long lets others in between: work of 40 ms beside work of 1 ms
     * is shared, 5 ms each, as by a quantum of one core. */
    simulation = open_loop(60);
    simulation.requests = REQUESTS / 10;
    simulation.cores = 4;
    simulation.token_ns = MS / 5;
    struct simulation_result shared =
        served(simulation, computing(10 * MS, lognormal(3)), threads);
    near("shared", shared.mean_ns.value, 25 * MS, WIDER * 0.05);
    simulation.token_ns = 0;
    struct simulation_result queued =
        served(simulation, computing(10 * MS, lognormal(3)), threads);
    assert_true(queued.mean_ns.value > 2 * shared.mean_ns.value);
}

static void test_stalls(void **state)
{
    struct simulation simulation = closed_loop(16);

    (void)state;
    simulation.stall_ns = 4 * MS;
    simulation.stall_share = 0.2;
    struct simulation_result r =
        served(simulation, computing(MS, EXPONENTIAL), ONE_LOOP);
    near("rate", r.rate_per_s.value, 800, WIDER * 0.02);
    near("busy", r.busy, 0.8, WIDER * 0.02);
    /* A wait goes on while cores stand still. */
    struct demand waits = {.wait_ns = 10 * MS, .wait = CONSTANT, .calls = 1};
    r = served(simulation, waits, ONE_LOOP);
    near("waits", r.mean_ns.value, 10 * MS, 1e-9);
}

/* The limits that bind a closed loop, one by one. */
static void test_bounds(void **state)
{
    struct demand demand = {.before_ns = MS / 2,
                            .after_ns = MS / 2,
                            .compute = CONSTANT,
                            .wait_ns = 19 * MS,
                            .wait = CONSTANT,
                            .calls = 1};
    struct simulation simulation = closed_loop(200);
    struct wiring backend = ONE_LOOP;

    (void)state;
    simulation.requests = REQUESTS / 10;
    struct simulation_result loop = served(simulation, demand, ONE_LOOP);
    near("core", loop.rate_per_s.value, 1000, 0.005);
    struct simulation_result five = served(simulation, demand, pool(5));
    near("workers", five.rate_per_s.value, 5 * 50, 0.02);
    struct simulation_result one = served(
        simulation, demand, (struct wiring){.discipline = DISCIPLINE_ALONE});
    near("alone", one.rate_per_s.value, 50, 0.005);
    backend.backend_servers = 2;
    struct simulation_result behind = served(simulation, demand, backend);
    near("backend", behind.rate_per_s.value, 2 / 0.019, 0.005);
    simulation.arrivals.connections = 4;
    struct simulation_result few = served(simulation, demand, THREADS);
    assert_true(few.rate_per_s.value < 4 / 0.020 + 1e-6);
    assert_int_equal(few.in_flight_most, 4);
}

/* A loop that serves who comes back before who is new keeps all together that
 * began together: nobody's short first piece runs before all long second ones
 * are done, and then the core has nothing to do. */
static void test_convoy(void **state)
{
    struct simulation simulation = closed_loop(16);
    struct demand demand = {.before_ns = MS / 100,
                            .after_ns = MS / 10,
                            .compute = CONSTANT,
                            .wait_ns = MS,
                            .wait = CONSTANT,
                            .calls = 1};
    double cycle_ns = MS + 16 * MS / 10;

    (void)state;
    simulation.requests = REQUESTS / 10;
    struct wiring loop = ONE_LOOP;
    loop.resumed_first = true;
    struct simulation_result convoy = served(simulation, demand, loop);
    near("convoy", convoy.rate_per_s.value, 16 / cycle_ns * 1e9, 0.02);
    struct simulation_result queue = served(simulation, demand, ONE_LOOP);
    near("queue", queue.rate_per_s.value, 1 / (0.11 * MS) * 1e9, 0.02);
}

static void refused(struct simulation simulation, const char *words)
{
    struct simulation_result result;
    char why[128] = "";

    assert_int_equal(simulate(&simulation, &result, why, sizeof why), -EINVAL);
    if (!strstr(why, words))
        fail_msg("refused with \"%s\", not with \"%s\"", why, words);
}

static void test_refused(void **state)
{
    struct demand demand = computing(MS, CONSTANT);
    struct simulation good = open_loop(100), bad;

    (void)state;
    assert_int_equal(wiring_apply(&good, &demand, &ONE_LOOP), 0);
    bad = good;
    bad.cores = 0;
    refused(bad, "no core");
    bad = good;
    bad.arrivals.rate_per_s = NAN;
    refused(bad, "without a rate");
    bad = good;
    bad.arrivals.kind = ARRIVE_CLOSED;
    refused(bad, "without connections");
    bad = good;
    bad.steps[1].time_ns = -1;
    refused(bad, "no time");
    bad = good;
    bad.step_count--;
    refused(bad, "gets back");
    bad = good;
    bad.steps[0] = bad.steps[1];
    refused(bad, "has not");
    bad = good;
    bad.requests = 3;
    refused(bad, "too few");
    bad = good;
    bad.stall_share = 1;
    refused(bad, "stalls");
    struct simulation empty = open_loop(100);
    demand.wait_ns = MS;
    assert_int_equal(wiring_apply(&empty, &demand, &ONE_LOOP), -EINVAL);
    demand.calls = 1000;
    assert_int_equal(wiring_apply(&empty, &demand, &ONE_LOOP), -EINVAL);
    demand.calls = 1;
    struct wiring none = pool(0);
    assert_int_equal(wiring_apply(&empty, &demand, &none), -EINVAL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mm1),
        cmocka_unit_test(test_mmc),
        cmocka_unit_test(test_slots_are_servers),
        cmocka_unit_test(test_mg1),
        cmocka_unit_test(test_processor_sharing),
        cmocka_unit_test(test_endless_quantum_is_a_queue),
        cmocka_unit_test(test_first_come_request_by_request),
        cmocka_unit_test(test_waitless_models_are_one),
        cmocka_unit_test(test_offload_is_a_pool),
        cmocka_unit_test(test_closed_loop_is_mva),
        cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_split_loops),
        cmocka_unit_test(test_times_twice),
        cmocka_unit_test(test_more_is_not_less),
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_common_random_numbers),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_stalls),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_convoy),
        cmocka_unit_test(test_refused),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
