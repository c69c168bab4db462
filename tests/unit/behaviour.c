/* SPDX-License-Identifier: MIT
 *
 * What a ladder's windows say of the service behind them. The windows are made
 * by the physics of a known service, undisturbed or disturbed as on a busy
 * machine: a disturbed one may be "undecided", and never wrong.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/probe/findings.h"
#include "harness/probe/outside.h"

enum { TURNS = 3 };

static const double PATH_NS = 3e4;

/* A service: `places` at once, or 0: a loop, or -1: a lock under which is
 * computed, or -2: a thread for each request. */
enum { LOOP = 0, LOCK = -1, THREADS = -2 };
struct service_truth {
    int places;
    double wait_ns, cpu_ns;
    int cpus;
};

/* What the machine does to a turn. */
struct disturbance {
    double ready;     /* share of the time in which a thread that wants a CPU
                         gets none, as others have it */
    double steal;     /* CPUs */
    double starved;   /* share of the time in which the load has no CPU, and the
                         service no requests */
    double hidden;    /* share that is in no figure at all */
    double cpu_error; /* of the meter */
};

/* A turn's figures of a single thread that computes whenever it can. */
static void serial_turn(const struct service_truth *s,
                        const struct disturbance *d, struct turn *t)
{
    double lost = fmin(0.9, d->steal + d->starved + d->hidden);
    double busy = (1 - lost) * (1 - d->ready);

    t->per_s = busy / s->cpu_ns * 1e9;
    t->busy_cpus = busy * (1 + d->cpu_error);
    t->ready_cpus = (1 - lost) * d->ready;
    t->hot_cpus = t->busy_cpus + t->ready_cpus;
    if (s->places == LOCK)
        t->hot_cpus /= 16; /* each thread a little */
}

/* Of a pool: a request holds its place while it waits, computes and is ready.
 */
static void pool_turn(const struct service_truth *s,
                      const struct disturbance *d, int places, struct turn *t)
{
    double free_cpus = fmax(0.1, s->cpus * (1 - d->ready) - d->steal);
    double ready_ns = s->cpu_ns * d->ready / (1 - d->ready);
    double hold_ns = s->wait_ns + s->cpu_ns + ready_ns;
    /* More than the CPUs can do is ready until they can. */
    double least_ns = places * s->cpu_ns / free_cpus;

    if (hold_ns < least_ns) {
        ready_ns += least_ns - hold_ns;
        hold_ns = least_ns;
    }
    t->per_s = places / hold_ns * 1e9 * (1 - d->starved) * (1 - d->hidden);
    t->busy_cpus = t->per_s * s->cpu_ns / 1e9 * (1 + d->cpu_error);
    t->ready_cpus = t->per_s * ready_ns / 1e9;
    /* One of its threads does somewhat more than others. */
    t->hot_cpus = fmin(1, (places > 1 ? 1.2 : 1) *
                              (t->busy_cpus + t->ready_cpus) / places);
}

static void make_turn(const struct service_truth *s,
                      const struct disturbance *d, int connections,
                      struct turn *t)
{
    memset(t, 0, sizeof *t);
    if (s->places == LOOP || s->places == LOCK)
        serial_turn(s, d, t);
    else
        pool_turn(s, d, s->places == THREADS ? connections : s->places, t);
    t->ok = 100;
    t->cpu_ns = t->busy_cpus / t->per_s * 1e9;
    t->ready_ns = t->ready_cpus / t->per_s * 1e9;
    t->load_cpus = 0.05;
    t->load_ready_cpus = d->starved;
    t->steal_cpus = d->steal;
    t->others_cpus = d->ready * s->cpus;
    t->free_cpus =
        fmax(0, s->cpus - t->busy_cpus - t->others_cpus - t->steal_cpus - 0.1);
    t->response_ns = connections / t->per_s * 1e9;
}

static void alone(const struct service_truth *s, struct ladder *ladder)
{
    *ladder = (struct ladder){.flat = true,
                              .metered = true,
                              .cpus = s->cpus,
                              .path_ns = PATH_NS,
                              .count = 3};
    ladder->rungs[0].connections = 1;
    ladder->rungs[0].turn_count = 1;
    ladder->rungs[0].turns[0] =
        (struct turn){.per_s = 1e9 / (s->wait_ns + s->cpu_ns + PATH_NS),
                      .response_ns = s->wait_ns + s->cpu_ns + PATH_NS,
                      .cpu_ns = s->cpu_ns,
                      .ok = 100};
    rung_settle(&ladder->rungs[0], PATH_NS);
}

/* The ladder that a probe of the service measures, its top one turn for each
 * disturbance. */
static void climb(const struct service_truth *s, const struct disturbance *d,
                  struct ladder *ladder)
{
    alone(s, ladder);
    for (int r = 1; r < 3; r++) {
        struct rung *rung = &ladder->rungs[r];
        rung->connections = 32 * r;
        rung->turn_count = TURNS;
        for (int i = 0; i < TURNS; i++)
            make_turn(s, &d[i], rung->connections, &rung->turns[i]);
        rung_settle(rung, PATH_NS);
    }
}

static void judged(const struct ladder *ladder, enum behaviour_limit limit,
                   double places, const char *words)
{
    struct behaviour behaviour;
    char text[FINDINGS_LINE];

    outside_judge(ladder, &behaviour);
    assert_string_equal(behaviour_name(behaviour.limit), behaviour_name(limit));
    if (isfinite(places) && fabs(behaviour.places / places - 1) > 0.001)
        fail_msg("%g places, not %g", behaviour.places, places);
    if (limit == LIMIT_UNDECIDED)
        behaviour_doubt(&behaviour, text, sizeof text);
    else
        behaviour_words(&behaviour, text, sizeof text);
    if (!strstr(text, words))
        fail_msg("\"%s\" lacks \"%s\"", text, words);
}

/* One disturbance in all turns. */
static void probed(struct service_truth s, struct disturbance d,
                   enum behaviour_limit limit, double places, const char *words)
{
    struct ladder ladder;

    climb(&s, (struct disturbance[]){d, d, d}, &ladder);
    judged(&ladder, limit, places, words);
}

static const struct disturbance quiet = {0};

static void quiet_machines(void **state)
{
    struct ladder ladder;

    (void)state;
    probed((struct service_truth){5, 20e6, 1e6, 2}, quiet, LIMIT_PLACES, 5,
           "a pool of 5:");
    probed((struct service_truth){LOOP, 10e6, 2e6, 2}, quiet, LIMIT_ONE, NAN,
           "one loop that computes 2.00 ms");
    probed((struct service_truth){LOOP, 10e6, 2e6, 1}, quiet, LIMIT_CPU, NAN,
           "its only CPU is busy");
    probed((struct service_truth){LOCK, 0, 3e6, 2}, quiet, LIMIT_ONE, NAN,
           "one lock under which it computes");
    probed((struct service_truth){LOCK, 7e6, 2e6, 2}, quiet, LIMIT_ONE, NAN,
           "one lock under which it computes");
    probed((struct service_truth){THREADS, 10e6, 2e6, 2}, quiet, LIMIT_CPU, NAN,
           "all of its 2 CPUs");
    probed((struct service_truth){1, 3e6, 1e4, 2}, quiet, LIMIT_PLACES, 1,
           "one lock held for 3.01 ms");
    /* Threads that share a lock for what they compute, and a pool: both hold 6
     * at once and want one CPU. */
    probed((struct service_truth){LOCK, 10e6, 2e6, 2}, quiet, LIMIT_UNDECIDED,
           6, "it wanted 1.00 CPUs");
    probed((struct service_truth){6, 10e6, 2e6, 2}, quiet, LIMIT_UNDECIDED, 6,
           "is 6.00 at once");
    /* Every request is served, and the CPUs are idle: nothing was full. */
    struct service_truth endless = {THREADS, 400e6, 1e6, 2};
    climb(&endless, (struct disturbance[]){quiet, quiet, quiet}, &ladder);
    judged(&ladder, LIMIT_UNDECIDED, NAN, "no request queued");
    ladder.flat = false;
    judged(&ladder, LIMIT_NONE, NAN, "");
}

/* One worker of 13 ms, of which a lock is held for 3. */
static void part_of_a_request(void **state)
{
    struct service_truth s = {1, 3e6, 1e4, 2};
    struct ladder ladder;

    (void)state;
    climb(&s, (struct disturbance[]){quiet, quiet, quiet}, &ladder);
    ladder.rungs[0].wait_ns = 13e6;
    judged(&ladder, LIMIT_PLACES, 13.01 / 3.01, "3.01 ms of its 13.0 ms");
    ladder.rungs[1].turns[0].steal_cpus = 0.1;
    ladder.rungs[2] = ladder.rungs[1];
    ladder.rungs[2].connections = 64;
    judged(&ladder, LIMIT_UNDECIDED, NAN, "10 % of a CPU were stolen");
}

static void busy_machines(void **state)
{
    struct service_truth pool = {5, 20e6, 1e6, 2}, loop = {LOOP, 10e6, 2e6, 2};
    struct ladder ladder;

    (void)state;
    probed(pool, (struct disturbance){.ready = 0.5}, LIMIT_PLACES, 5,
           "a pool of 5:");
    probed(pool, (struct disturbance){.ready = 0.95}, LIMIT_UNDECIDED, NAN,
           "other programs kept full");
    /* A loop that others leave 0.6 of a CPU wants the whole. */
    probed(loop, (struct disturbance){.ready = 0.4}, LIMIT_ONE, NAN,
           "one loop");
    /* A load that has no CPU leaves the loop idle. */
    probed(loop, (struct disturbance){.starved = 0.3}, LIMIT_UNDECIDED, NAN,
           "30 % of a CPU were stolen, or missed by the load");
    probed(loop, (struct disturbance){.steal = 0.3}, LIMIT_UNDECIDED, NAN,
           "30 % of a CPU were stolen");
    probed(loop, (struct disturbance){.hidden = 0.2}, LIMIT_UNDECIDED, NAN,
           "it wanted 0.80 CPUs");
    climb(&loop,
          (struct disturbance[]){
              {.hidden = 0.3}, {.hidden = 0.5}, {.hidden = 0.1}},
          &ladder);
    judged(&ladder, LIMIT_UNDECIDED, NAN, "3.00 to 5.40 at once");
    /* A load whose processes work all the time may be the limit. */
    climb(&pool, (struct disturbance[]){quiet, quiet, quiet}, &ladder);
    for (int i = 0; i < TURNS; i++)
        ladder.rungs[2].turns[i].load_share = 0.95;
    judged(&ladder, LIMIT_UNDECIDED, NAN, "missed by the load");
}

/* A service that runs already: nothing is known of its CPU time. */
static void unmetered(void **state)
{
    struct service_truth pool = {5, 20e6, 1e6, 2};
    struct ladder ladder;

    (void)state;
    climb(&pool, (struct disturbance[]){quiet, quiet, quiet}, &ladder);
    ladder.metered = false;
    for (int r = 0; r < 3; r++) {
        struct rung *rung = &ladder.rungs[r];
        for (int i = 0; i < rung->turn_count; i++)
            rung->turns[i].cpu_ns = rung->turns[i].busy_cpus =
                rung->turns[i].ready_ns = rung->turns[i].ready_cpus =
                    rung->turns[i].hot_cpus = NAN;
        rung_settle(rung, PATH_NS);
    }
    judged(&ladder, LIMIT_UNKNOWN, 5, "a pool of 5:");
    judged(&ladder, LIMIT_UNKNOWN, 5, "like one loop that computes 4.20 ms");
}

static uint64_t stream = 88172645463325252u;

/* From 0 to most. */
static double drawn(double most)
{
    stream ^= stream << 13;
    stream ^= stream >> 7;
    stream ^= stream << 17;
    return most * (double)(stream >> 11) / 9007199254740992.0;
}

static struct service_truth any_service(void)
{
    static const int cpus[] = {1, 2, 2, 4};
    struct service_truth s = {.wait_ns = drawn(30e6),
                              .cpu_ns = 1e5 + drawn(5e6),
                              .cpus = cpus[(int)drawn(3.999)]};

    s.places = (int)drawn(11.999) - 1;
    return s;
}

/* A level for the whole probe, of which each turn has its own part. */
static void any_disturbances(double level, struct disturbance *d)
{
    double ready = drawn(level), steal = drawn(level / 3);
    double starved = drawn(level / 3), hidden = drawn(level / 10);

    for (int i = 0; i < TURNS; i++)
        d[i] = (struct disturbance){.ready = ready * (0.5 + drawn(0.5)),
                                    .steal = steal * (0.5 + drawn(0.5)),
                                    .starved = starved * (0.5 + drawn(0.5)),
                                    .hidden = hidden * (0.5 + drawn(0.5)),
                                    .cpu_error = drawn(0.04) - 0.02};
}

/* Whether what was told is true of the service. */
static bool is_true(const struct service_truth *s, const struct ladder *ladder,
                    const struct behaviour *b)
{
    bool serial = s->places == LOOP || s->places == LOCK;
    const struct rung *top = ladder_top(ladder);

    switch (b->limit) {
    case LIMIT_UNDECIDED:
        return true;
    case LIMIT_ONE:
        /* One place that computes nearly all the time is one lock too. */
        return serial || (s->places == 1 && s->cpu_ns > 8 * s->wait_ns);
    case LIMIT_CPU:
        return serial ? s->cpus == 1 : top->turns[0].free_cpus < 0.3 * s->cpus;
    case LIMIT_PLACES:
        return !serial && (s->places > 7 ? fabs(b->places / s->places - 1) < 0.2
                                         : lround(b->places) == s->places &&
                                               behaviour_is_whole(b->places));
    default:
        return false;
    }
}

/* Of 20,000 services at a level of disturbance, how many were told. */
static double told_at(double level)
{
    enum { SERVICES = 20000 };
    int told = 0;

    for (int i = 0; i < SERVICES; i++) {
        struct service_truth s = any_service();
        struct disturbance d[TURNS];
        struct behaviour behaviour;
        struct ladder ladder;
        any_disturbances(level, d);
        climb(&s, d, &ladder);
        outside_judge(&ladder, &behaviour);
        told += behaviour.limit != LIMIT_UNDECIDED;
        if (!is_true(&s, &ladder, &behaviour))
            fail_msg("level %.1f: %d places, wait %.2f ms, CPU %.2f ms, %d "
                     "CPUs: told \"%s\" with %.2f places; busy %.2f, ready "
                     "%.2f, steal %.2f, starved %.2f, hidden %.2f",
                     level, s.places, s.wait_ns / 1e6, s.cpu_ns / 1e6, s.cpus,
                     behaviour_name(behaviour.limit), behaviour.places,
                     ladder.rungs[1].busy_cpus, d[0].ready, d[0].steal,
                     d[0].starved, d[0].hidden);
    }
    return (double)told / SERVICES;
}

static void nothing_wrong_is_told(void **state)
{
    static const struct {
        double level, told_least;
    } levels[] = {{0, 0.8}, {0.1, 0.75}, {0.3, 0.4}, {0.9, 0.03}};

    (void)state;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        double told = told_at(levels[i].level);
        if (told < levels[i].told_least)
            fail_msg("at level %.1f only %.3f are told", levels[i].level, told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_machines),
        cmocka_unit_test(part_of_a_request),
        cmocka_unit_test(busy_machines),
        cmocka_unit_test(unmetered),
        cmocka_unit_test(nothing_wrong_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
