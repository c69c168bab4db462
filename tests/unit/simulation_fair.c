/* SPDX-License-Identifier: MIT
 *
 * The simulator's fair order without a clock: by hand, and against what holds
 * for every order that looks at no size. simulation_paper.c holds it against
 * the rule on paper; tests/method/test_simulation_mutants.py names the test
 * that sees a mistake.
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

#include "harness/simulate/draw.h"
#include "harness/simulate/fair.h"
#include "harness/simulate/wiring.h"

/* Sanitizers make a run ten times as long; they look for other mistakes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { REQUESTS = 100000 };
static const double WIDER = 3.5;
#else
enum { REQUESTS = 1000000 };
static const double WIDER = 1;
#endif

static const double MS = 1e6; /* ns */

static const struct draw CONSTANT = {SHAPE_CONSTANT, 0},
                         EXPONENTIAL = {SHAPE_EXPONENTIAL, 0};

static const struct wiring ONE_LOOP = {.discipline = DISCIPLINE_LOOP,
                                       .executors = 1},
                           THREADS = {.discipline = DISCIPLINE_THREAD};

static struct draw lognormal(double cv)
{
    return cv > 0 ? (struct draw){SHAPE_LOGNORMAL, cv} : CONSTANT;
}

static struct wiring pool(int workers)
{
    return (struct wiring){.discipline = DISCIPLINE_WORKER,
                           .executors = workers};
}

/* A slice and a tick as Linux has them on two CPUs. */
static struct simulation open_loop(double rate_per_s)
{
    return (struct simulation){
        .arrivals = {.kind = ARRIVE_POISSON,
                     .rate_per_s = rate_per_s,
                     .burst = 1,
                     .think_draw = NONE},
        .cores = 1,
        .order = ORDER_FAIR,
        .slice_ns = 1.4 * MS,
        .tick_ns = 4 * MS,
        .seed = 1,
        .requests = REQUESTS,
        .warmup = REQUESTS / 100,
    };
}

static struct simulation closed_loop(int connections)
{
    struct simulation simulation = open_loop(0);
    simulation.arrivals = (struct arrivals){
        .kind = ARRIVE_CLOSED, .connections = connections, .think_draw = NONE};
    simulation.requests = REQUESTS / 10;
    return simulation;
}

/* At the times of a log, all of them measured. */
static struct simulation replay(const double *log_ns, size_t count)
{
    struct simulation simulation = open_loop(0);
    simulation.arrivals.kind = ARRIVE_REPLAY;
    simulation.arrivals.log_ns = log_ns;
    simulation.arrivals.log_count = count;
    simulation.requests = (int64_t)count;
    simulation.warmup = 0;
    return simulation;
}

static struct demand computing(double ns, struct draw draw)
{
    return (struct demand){.after_ns = ns, .compute = draw};
}

static struct simulation_result
served(struct simulation simulation, struct demand demand, struct wiring wiring)
{
    struct simulation_result result;
    char why[128] = "";

    assert_int_equal(wiring_apply(&simulation, &demand, &wiring), 0);
    if (simulate(&simulation, &result, why, sizeof why) != 0)
        fail_msg("refused: %s", why);
    assert_true(fabs(result.area_ns / result.response_ns - 1) < 1e-9);
    assert_true(fabs(result.computed_ns / result.demanded_ns - 1) < 1e-9);
    return result;
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.9g, expected %.9g (%+.2f %%, allowed %.2f %%)",
                 what, got, expected, 100 * (got / expected - 1), 100 * limit);
}

static void same(const struct simulation_result *a,
                 const struct simulation_result *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

/* Executors in an engine of their own. */
static struct engine *contest(const struct simulation *in, int executors)
{
    static struct engine engine;
    static struct executor those[8];
    static int heap[8];
    static struct core idle = {.executor = NONE};

    engine = (struct engine){
        .in = in, .executors = those, .executor_count = executors};
    engine.fair.heap = heap;
    engine.cores = &idle;
    for (int e = 0; e < executors; e++)
        those[e] = (struct executor){.core = NONE, .place = NONE};
    return &engine;
}

static void is_ms(const char *what, double got_ns, double expected_ms)
{
    if (fabs(got_ns - expected_ms * MS) > 1e-3)
        fail_msg("%s: %.9f ms, not %.9f", what, got_ns / MS, expected_ms);
}

static void ready(struct engine *engine, int e)
{
    fair_wake(engine, e);
    fair_push(engine, e);
}

/* The next one runs for so long and waits. */
static void next_runs(struct engine *engine, int expected, double ms)
{
    assert_int_equal(fair_take(engine), expected);
    fair_ran(engine, expected, ms * MS);
}

static double virtual_ns(const struct engine *engine, int e)
{
    return engine->executors[e].virtual_ns;
}

/* Those who run add to the mean while they run; not on a core that stands
 * still, nor on one that is idle. */
static void test_mean_moves(void **state)
{
    struct simulation in = open_loop(100);
    struct engine *engine = contest(&in, 2);
    struct core cores[] = {
        {.executor = 0}, {.executor = 1, .stalled = true}, {.executor = NONE}};

    (void)state;
    in.cores = 3;
    engine->cores = cores;
    fair_wake(engine, 0);
    fair_wake(engine, 1);
    is_ms("at first", fair_mean_ns(engine), 0);
    engine->now_ns = 5 * MS;
    is_ms("then", fair_mean_ns(engine), 2.5);
}

/* Who waits behind the mean comes that much earlier, and goes next. */
static void test_credit(void **state)
{
    struct simulation in = open_loop(100);
    struct engine *engine = contest(&in, 3);

    (void)state;
    ready(engine, 0);
    next_runs(engine, 0, 10);
    ready(engine, 1);
    ready(engine, 2);
    is_ms("newcomer", virtual_ns(engine, 2), 10);
    fair_ran(engine, 0, 2 * MS);
    is_ms("mean", fair_mean_ns(engine), 32.0 / 3);
    fair_push(engine, 0);
    next_runs(engine, 1, 1);
    fair_sleep(engine, 1, false); /* at the mean of 12, 11 and 10 */
    is_ms("none", engine->executors[1].credit_ns, 0);
    next_runs(engine, 2, 0.5);
    fair_sleep(engine, 2, false); /* 10.5; the mean with 12 is 11.25 */
    is_ms("credit", engine->executors[2].credit_ns, 0.75);
    next_runs(engine, 0, 4);
    ready(engine, 1);
    ready(engine, 2);
    is_ms("without", virtual_ns(engine, 1), 16);
    is_ms("with", virtual_ns(engine, 2), 16 - 0.75 * 3 / 2);
    is_ms("mean", fair_mean_ns(engine), 16 - 0.75 / 2);
    assert_true(fair_ahead(engine, 0));
    assert_int_equal(fair_take(engine), 2);
    assert_int_equal(fair_take(engine), 1);
}

static void test_credit_has_a_limit(void **state)
{
    struct simulation in = open_loop(100);
    struct engine *engine = contest(&in, 2);

    (void)state;
    for (int slow_tick = 1; slow_tick >= 0; slow_tick--) {
        in.tick_ns = slow_tick ? 4 * MS : MS;
        engine = contest(&in, 2);
        ready(engine, 0);
        next_runs(engine, 0, 0);
        fair_wake(engine, 1);
        fair_ran(engine, 0, 100 * MS);
        fair_sleep(engine, 1, false); /* 50 ms behind the mean */
        is_ms("credit", engine->executors[1].credit_ns, slow_tick ? 4 : 2.8);
        fair_wake(engine, 1);
        is_ms("woken", virtual_ns(engine, 1), 100 - (slow_tick ? 8 : 5.6));
    }
}

/* Who waits ahead of the mean counts until it is the least, and is then
 * forgiven. */
static void test_debt(void **state)
{
    struct simulation in = open_loop(100);
    struct engine *engine = contest(&in, 3);

    (void)state;
    for (int e = 0; e < 3; e++)
        ready(engine, e);
    next_runs(engine, 0, 9);
    fair_sleep(engine, 0, false);
    is_ms("counts", fair_mean_ns(engine), 3);
    next_runs(engine, 1, 3);
    ready(engine, 0);
    is_ms("woken in debt", virtual_ns(engine, 0), 9);
    is_ms("mean", fair_mean_ns(engine), 4);
    fair_push(engine, 1);
    next_runs(engine, 2, 6);
    fair_push(engine, 2);
    next_runs(engine, 1, 5);
    fair_push(engine, 1);
    next_runs(engine, 2, 4);
    fair_push(engine, 2);
    next_runs(engine, 1, 0.5);
    fair_push(engine, 1); /* 9, 8.5 and 10 */
    next_runs(engine, 1, 2);
    fair_push(engine, 1); /* 9, 10.5 and 10 */
    next_runs(engine, 0, 1);
    fair_sleep(engine, 0, false);
    is_ms("indebted to nobody", fair_mean_ns(engine), 10.25);
    assert_false(engine->executors[0].indebted);
    ready(engine, 0); /* 10 again, by a credit of 1/6 and half of it */
    next_runs(engine, 2, 0);
    fair_push(engine, 2);
    next_runs(engine, 0, 0.4);
    fair_sleep(engine, 0, false); /* 10.4 of 10, 10.4 and 10.5 */
    assert_true(engine->executors[0].indebted);
    next_runs(engine, 2, 3);
    fair_sleep(engine, 2, false);
    assert_true(engine->executors[2].indebted);
    next_runs(engine, 1, 1); /* drops the debt of 10.4 on the way */
    is_ms("forgiven", fair_mean_ns(engine), (11.5 + 13) / 2);
    fair_wake(engine, 0);
    is_ms("begins anew", virtual_ns(engine, 0), 12.25);
    fair_sleep(engine, 0, false);
    fair_sleep(engine, 1, false);
    is_ms("nobody", fair_mean_ns(engine), 0);
    assert_int_equal(engine->fair.count + engine->fair.contenders, 0);
}

/* Who has ended leaves nothing behind. */
static void test_ends_leave_nothing(void **state)
{
    struct simulation in = open_loop(100);
    struct engine *engine = contest(&in, 2);

    (void)state;
    ready(engine, 0);
    ready(engine, 1);
    next_runs(engine, 0, 8);
    fair_sleep(engine, 0, true);
    is_ms("mean", fair_mean_ns(engine), 0);
    next_runs(engine, 1, 2);
    fair_wake(engine, 0);
    is_ms("anew", virtual_ns(engine, 0), 2);
    fair_ran(engine, 1, 4 * MS);
    fair_sleep(engine, 0, true);
    is_ms("no credit", engine->executors[0].credit_ns, 0);
}

/* One executor by itself is a queue, to the last bit. */
static void test_one_alone_is_a_queue(void **state)
{
    struct demand demand = computing(MS, lognormal(1));
    struct wiring wirings[] = {ONE_LOOP, pool(1)};
    struct simulation simulation = open_loop(700), turns = simulation;

    (void)state;
    simulation.stall_share = turns.stall_share = 0.02;
    simulation.stall_ns = turns.stall_ns = MS / 10;
    turns.order = ORDER_TURNS;
    for (int i = 0; i < 2; i++) {
        struct simulation_result a = served(simulation, demand, wirings[i]);
        struct simulation_result b = served(turns, demand, wirings[i]);
        same(&a, &b);
    }
}

/* Two that are always busy run from tick to tick, in turn: of 20 ms each, one
 * is done after 36 and the other after 40. */
static void test_equal_shares(void **state)
{
    enum { COUNT = 400 };
    static double log_ns[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++)
        log_ns[i] = 100 * MS * (i / 2);
    struct simulation_result r =
        served(replay(log_ns, COUNT), computing(20 * MS, CONSTANT), THREADS);
    near("first", r.p50_ns.value, 36 * MS, 1e-9);
    near("second", r.p99_ns.value, 40 * MS, 1e-9);
    near("mean", r.mean_ns.value, 38 * MS, 1e-9);
    /* On two cores nobody waits. */
    struct simulation two = replay(log_ns, COUNT);
    two.cores = 2;
    r = served(two, computing(20 * MS, CONSTANT), THREADS);
    near("apart", r.mean_ns.value, 20 * MS, 1e-9);
    near("none", r.p99_ns.value, 20 * MS, 1e-9);
}

/* Three of 10 ms, of which C comes at 19.5, event by event. A and B take turns
 * until A is done at 18, and B goes on from a virtual time of 8. C finds it at
 * 9.5, and its slice used up.
 *   New threads: C begins at B's time, is first of the two and runs to the tick
 *   at 24; B needs 0.5 ms more, and then C 5.5.
 *   Workers: C gets the one of A, which is in debt at 10. So B goes on, is done
 *   at 20, and C has the core. */
static void test_by_hand(void **state)
{
    enum { COUNT = 300 };
    static const double offsets_ms[] = {0, 0, 19.5};
    static double log_ns[COUNT];
    struct demand demand = computing(10 * MS, CONSTANT);

    (void)state;
    for (int i = 0; i < COUNT; i++)
        log_ns[i] = (100 * (i / 3) + offsets_ms[i % 3]) * MS;
    for (int workers = 0; workers <= 1; workers++) {
        double b_ms = workers ? 20 : 24.5;
        struct simulation_result r =
            served(replay(log_ns, COUNT), demand, workers ? pool(3) : THREADS);
        near("A", r.p50_ns.value, 18 * MS, 1e-9);
        near("B", r.p99_ns.value, b_ms * MS, 1e-9);
        near("mean", r.mean_ns.value, (18 + b_ms + 10.5) / 3 * MS, 1e-9);
    }
}

/* A loop hands its first request's work to a thread, and has a second request,
 * when its slice is used up: the thread runs at once, and not after a tick. */
static void test_a_loop_makes_way(void **state)
{
    enum { COUNT = 200 };
    static double log_ns[COUNT];
    struct simulation simulation = replay(log_ns, COUNT);
    const struct step steps[] = {
        {STEP_ACQUIRE, 0, 0, NONE, 0},      {STEP_COMPUTE, 0, 3 * MS, NONE, 0},
        {STEP_RELEASE, 0, 0, NONE, 0},      {STEP_ACQUIRE, 1, 0, NONE, 0},
        {STEP_COMPUTE, 1, MS / 2, NONE, 0}, {STEP_RELEASE, 1, 0, NONE, 0},
    };
    struct simulation_result r;
    char why[128];

    (void)state;
    for (int i = 0; i < COUNT; i++)
        log_ns[i] = 100 * MS * (i / 2);
    memcpy(simulation.steps, steps, sizeof steps);
    simulation.step_count = sizeof steps / sizeof *steps;
    simulation.group_count = 2;
    simulation.groups[0].executors = 1;
    simulation.groups[1].executors = 2;
    assert_int_equal(simulate(&simulation, &r, why, sizeof why), 0);
    near("first", r.p50_ns.value, 3.5 * MS, 1e-9);
    near("second", r.p99_ns.value, 7 * MS, 1e-9);
}

/* So do many: they take turns, a tick each. */
static void test_together_is_round_robin(void **state)
{
    enum { COUNT = 50, TURNS = 5 };
    static double log_ns[COUNT];
    struct simulation simulation = replay(log_ns, COUNT);
    double before_ns = (TURNS - 1) * COUNT * 4 * MS;

    (void)state;
    struct simulation_result r =
        served(simulation, computing(TURNS * 4 * MS, CONSTANT), THREADS);
    near("mean", r.mean_ns.value, before_ns + (COUNT + 1) * 2 * MS, 1e-9);
    near("p50", r.p50_ns.value, before_ns + COUNT * 2 * MS, 1e-9);
    near("p90", r.p90_ns.value, before_ns + 0.9 * COUNT * 4 * MS, 1e-9);
    near("p99", r.p99_ns.value, before_ns + COUNT * 4 * MS, 1e-9);
    /* Without an end of the slice, or without ticks, they queue. */
    for (int i = 0; i < 2; i++) {
        simulation.slice_ns = i ? 1.4 * MS : INFINITY;
        simulation.tick_ns = i ? 0 : 4 * MS;
        r = served(simulation, computing(20 * MS, CONSTANT), THREADS);
        near("queue", r.mean_ns.value, (COUNT + 1) * 10 * MS, 1e-9);
        near("half", r.p50_ns.value, COUNT * 10 * MS, 1e-9);
    }
}

static const double loads[] = {0.3, 0.6, 0.8};

enum { LOADS = sizeof loads / sizeof *loads };

/* An order that looks at no size has M/M/1's mean, whatever else it does. */
static void test_mm1_mean(void **state)
{
    struct wiring wirings[] = {THREADS, pool(1000)};

    (void)state;
    for (int w = 0; w < 2; w++)
        for (int i = 0; i < LOADS; i++) {
            double rho = loads[i], mean_ns = MS / (1 - rho);
            struct simulation_result r = served(
                open_loop(1000 * rho), computing(MS, EXPONENTIAL), wirings[w]);
            near("mean", r.mean_ns.value, mean_ns,
                 WIDER * (rho > 0.7 ? 0.03 : 0.01));
            near("busy", r.busy, rho, WIDER * 0.01);
            near("in flight", r.in_flight, rho / (1 - rho), WIDER * 0.06);
            /* Some are served late so that others are served early. */
            assert_true(r.p50_ns.value < 0.99 * mean_ns * log(2));
            assert_true(r.p99_ns.value > 1.02 * mean_ns * log(100));
        }
}

/* By short slices and ticks the core is shared: the mean does not depend on how
 * the work varies. */
static void test_short_slices_share(void **state)
{
    static const double cvs[] = {0, 1, 3};

    (void)state;
    for (size_t c = 0; c < sizeof cvs / sizeof *cvs; c++) {
        struct simulation simulation = open_loop(600);
        simulation.slice_ns = simulation.tick_ns = MS / 50;
        simulation.requests = REQUESTS / 4;
        struct simulation_result r =
            served(simulation, computing(MS, lognormal(cvs[c])), THREADS);
        near("mean", r.mean_ns.value, MS / 0.4, WIDER * 0.03);
    }
}

/* Whatever carries the requests and however they are ordered, the cores do what
 * is asked for and are never idle while somebody is ready: the last request
 * ends when it does in a queue. */
static void test_no_time_is_lost(void **state)
{
    enum { COUNT = 50000 };
    static double log_ns[COUNT];
    struct simulation simulation = replay(log_ns, COUNT), turns = simulation;
    struct demand demand = computing(MS, lognormal(2));
    struct wiring token = THREADS, wirings[] = {THREADS, pool(20), token};
    double at_ns = 0;

    (void)state;
    wirings[2].token = true;
    for (int i = 0; i < COUNT; i++)
        log_ns[i] = at_ns += MS / 0.8 * draw_exponential(7, (uint64_t)i, 0);
    turns.order = ORDER_TURNS;
    simulation.token_ns = 5 * MS;
    struct simulation_result queue = served(turns, demand, ONE_LOOP);
    for (int w = 0; w < 3; w++) {
        struct simulation_result r = served(simulation, demand, wirings[w]);
        near("span", r.span_ns, queue.span_ns, 1e-9);
        near("busy", r.busy, queue.busy, 1e-3);
        near("work", r.computed_ns, queue.computed_ns, 1e-9);
        assert_int_equal(r.ended, COUNT);
    }
}

/* Closed loops that keep all cores busy, with all that a wiring can have. */
static void test_all_wirings_fill_the_cores(void **state)
{
    struct demand demand = {.before_ns = MS / 16,
                            .between_ns = MS / 16,
                            .after_ns = MS / 16,
                            .offloaded_ns = MS * 13 / 16,
                            .compute = lognormal(1),
                            .wait_ns = MS,
                            .wait = lognormal(1),
                            .calls = 2};
    struct wiring wirings[] = {
        THREADS,
        pool(40),
        {.discipline = DISCIPLINE_LOOP, .executors = 8, .shared = true},
        {.discipline = DISCIPLINE_LOOP,
         .executors = 1,
         .offload_executors = 30},
        {.discipline = DISCIPLINE_WORKER, .executors = 40, .dispatch_ns = 1},
        {.discipline = DISCIPLINE_THREAD, .token = true},
    };

    (void)state;
    for (size_t w = 0; w < sizeof wirings / sizeof *wirings; w++)
        for (int cores = 1; cores <= 4; cores *= 4) {
            struct simulation simulation = closed_loop(60);
            int used = wirings[w].token ? 1 : cores;
            simulation.cores = cores;
            simulation.token_ns = MS / 2;
            struct simulation_result r = served(simulation, demand, wirings[w]);
            /* A loop among 30 busy threads gets its share of four cores, which
             * is less than it needs. */
            if (wirings[w].offload_executors > 0 && cores > 1)
                continue;
            near("rate", r.rate_per_s.value, used * 1000, WIDER * 0.03);
            near("busy", r.busy, used, 0.01);
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
    struct wiring wirings[] = {pool(12), THREADS};

    (void)state;
    for (int w = 0; w < 2; w++) {
        struct demand longer = demand;
        struct simulation simulation = open_loop(1200);
        simulation.cores = 2;
        simulation.requests = REQUESTS / 10;
        simulation.stall_share = 0.05;
        simulation.stall_ns = MS;
        struct simulation_result once = served(simulation, demand, wirings[w]);
        struct simulation_result again = served(simulation, demand, wirings[w]);
        same(&once, &again);
        longer.before_ns *= 2;
        longer.between_ns *= 2;
        longer.after_ns *= 2;
        longer.wait_ns *= 2;
        simulation.arrivals.rate_per_s /= 2;
        simulation.slice_ns *= 2;
        simulation.tick_ns *= 2;
        simulation.stall_ns *= 2;
        struct simulation_result twice = served(simulation, longer, wirings[w]);
        scaled("mean", once.mean_ns.value, twice.mean_ns.value);
        scaled("p99", once.p99_ns.value, twice.p99_ns.value);
        scaled("span", once.span_ns, twice.span_ns);
        assert_true(once.busy == twice.busy);
    }
}

static void test_slice_of_a_machine(void **state)
{
    static const struct {
        int cpus;
        double ms;
    } known[] = {{1, 0.7}, {2, 1.4}, {3, 1.4}, {4, 2.1}, {8, 2.8}, {64, 2.8}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        is_ms("slice", simulation_slice_ns(known[i].cpus), known[i].ms);
}

static void test_refused(void **state)
{
    struct simulation simulation = open_loop(100);
    struct demand demand = computing(MS, CONSTANT);
    struct simulation_result result;
    char why[128] = "";

    (void)state;
    assert_int_equal(wiring_apply(&simulation, &demand, &THREADS), 0);
    simulation.slice_ns = NAN;
    assert_int_equal(simulate(&simulation, &result, why, sizeof why), -EINVAL);
    assert_non_null(strstr(why, "a slice or a tick"));
    simulation.slice_ns = MS;
    simulation.tick_ns = -1;
    assert_int_equal(simulate(&simulation, &result, why, sizeof why), -EINVAL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_moves),
        cmocka_unit_test(test_credit),
        cmocka_unit_test(test_credit_has_a_limit),
        cmocka_unit_test(test_debt),
        cmocka_unit_test(test_ends_leave_nothing),
        cmocka_unit_test(test_one_alone_is_a_queue),
        cmocka_unit_test(test_equal_shares),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_a_loop_makes_way),
        cmocka_unit_test(test_together_is_round_robin),
        cmocka_unit_test(test_mm1_mean),
        cmocka_unit_test(test_short_slices_share),
        cmocka_unit_test(test_no_time_is_lost),
        cmocka_unit_test(test_all_wirings_fill_the_cores),
        cmocka_unit_test(test_times_twice),
        cmocka_unit_test(test_slice_of_a_machine),
        cmocka_unit_test(test_refused),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
