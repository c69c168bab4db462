/* SPDX-License-Identifier: MIT
 *
 * The simulator's fair order against the rule on paper: threads that wait and
 * compute in turn, by a program that has no heap and no sums, and looks at
 * every thread whenever anything happens. Seeds are fixed, so that a test
 * passes always or never.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "harness/arithmetic/statistics.h"
#include "harness/simulate/draw.h"
#include "harness/simulate/wiring.h"

static const double MS = 1e6; /* ns */

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.9g, on paper %.9g (%+.2g, allowed %.2g)", what, got,
                 expected, got / expected - 1, limit);
}

enum { THREADS_MOST = 64, CORES_MOST = 4, ENDS_MOST = 20000 };

enum standing { SLEEPS, READY, RUNS };

struct thread {
    enum standing standing;
    bool indebted;
    double asked_ns, wakes_ns;
    double ends_ns, left_ns; /* while it runs; while it does not */
    double virtual_ns, credit_ns, age_ns;
    uint64_t entered, asked;
};

struct paper {
    const struct simulation *in;
    struct thread threads[THREADS_MOST];
    int count;
    double wait_ns, work_ns;
    struct draw wait, work;
    double now_ns;
    uint64_t entered;
    double responses_ns[ENDS_MOST];
    int ended;
};

static bool contends(const struct thread *t)
{
    return t->standing != SLEEPS || t->indebted;
}

static int contenders(const struct paper *paper)
{
    int count = 0;
    for (int i = 0; i < paper->count; i++)
        count += contends(&paper->threads[i]);
    return count;
}

static int standing(const struct paper *paper, enum standing standing)
{
    int count = 0;
    for (int i = 0; i < paper->count; i++)
        count += paper->threads[i].standing == standing;
    return count;
}

static double paper_mean_ns(const struct paper *paper)
{
    double sum_ns = 0;
    for (int i = 0; i < paper->count; i++)
        if (contends(&paper->threads[i]))
            sum_ns += paper->threads[i].virtual_ns;
    return sum_ns / fmax(contenders(paper), 1);
}

/* The next one, which may be one in debt: that one is let off. */
static struct thread *paper_least(struct paper *paper)
{
    struct thread *least = NULL;

    for (int i = 0; i < paper->count; i++) {
        struct thread *t = &paper->threads[i];
        if (t->standing == RUNS || !contends(t))
            continue;
        if (!least || t->virtual_ns < least->virtual_ns ||
            (t->virtual_ns == least->virtual_ns && t->entered < least->entered))
            least = t;
    }
    if (!least || !least->indebted)
        return least;
    least->indebted = false;
    return paper_least(paper);
}

static void start_next(struct paper *paper)
{
    if (standing(paper, READY) == 0)
        return;
    struct thread *t = paper_least(paper);
    t->standing = RUNS;
    t->age_ns = 0;
    t->ends_ns = paper->now_ns + t->left_ns;
}

static void make_ready(struct paper *paper, struct thread *t)
{
    t->standing = READY;
    t->entered = paper->entered++;
}

static void make_way(struct paper *paper, struct thread *t)
{
    t->left_ns = t->ends_ns - paper->now_ns;
    make_ready(paper, t);
    start_next(paper);
}

static void paper_wake(struct paper *paper, struct thread *t)
{
    double mean_ns = paper_mean_ns(paper);
    int n = contenders(paper);

    if (t->indebted)
        t->virtual_ns = fmax(t->virtual_ns, mean_ns);
    else
        t->virtual_ns = n ? mean_ns - t->credit_ns * (n + 1) / n : 0;
    t->indebted = false;
    make_ready(paper, t);
    if (standing(paper, RUNS) < paper->in->cores) {
        start_next(paper);
        return;
    }
    struct thread *runs = NULL;
    for (int i = 0; i < paper->count; i++)
        if (paper->threads[i].standing == RUNS &&
            (!runs || paper->threads[i].virtual_ns > runs->virtual_ns))
            runs = &paper->threads[i];
    if (runs->age_ns >= paper->in->slice_ns ||
        (runs->virtual_ns > paper_mean_ns(paper) + 1e-6 * paper->in->slice_ns &&
         paper_least(paper) == t))
        make_way(paper, runs);
}

static void ask(struct paper *paper, struct thread *t)
{
    uint64_t key = ((uint64_t)(t - paper->threads) << 32) + t->asked++;
    uint64_t seed = paper->in->seed;

    t->asked_ns = paper->now_ns;
    t->left_ns = paper->work_ns * draw_factor(&paper->work, seed, key, 0);
    t->wakes_ns = paper->now_ns +
                  paper->wait_ns * draw_factor(&paper->wait, seed, key, 1);
}

static void paper_end(struct paper *paper, struct thread *t)
{
    double lag_ns = paper_mean_ns(paper) - t->virtual_ns;

    paper->responses_ns[paper->ended++] = paper->now_ns - t->asked_ns;
    t->standing = SLEEPS;
    bool alone = standing(paper, SLEEPS) == paper->count;
    t->indebted = lag_ns < 0 && !alone;
    t->credit_ns = fmin(fmax(lag_ns, 0),
                        fmax(2 * paper->in->slice_ns, paper->in->tick_ns));
    for (int i = 0; i < paper->count && alone; i++)
        paper->threads[i].indebted = false;
    ask(paper, t);
    start_next(paper);
}

/* What is next: an end, a wake or a tick. Returns how long that is from now. */
static double paper_step_ns(const struct paper *paper, double tick_ns)
{
    double next_ns = standing(paper, READY) > 0 ? tick_ns : INFINITY;

    for (int i = 0; i < paper->count; i++) {
        const struct thread *t = &paper->threads[i];
        if (t->standing == RUNS)
            next_ns = fmin(next_ns, t->ends_ns);
        if (t->standing == SLEEPS)
            next_ns = fmin(next_ns, t->wakes_ns);
    }
    return next_ns - paper->now_ns;
}

static void paper_tick(struct paper *paper)
{
    for (int i = 0; i < paper->count; i++) {
        struct thread *t = &paper->threads[i];
        if (t->standing == RUNS && t->age_ns >= paper->in->slice_ns &&
            standing(paper, READY) > 0)
            make_way(paper, t);
    }
}

static void paper_run(struct paper *paper, int ends)
{
    for (int i = 0; i < paper->count; i++)
        ask(paper, &paper->threads[i]);
    while (paper->ended < ends) {
        double tick_ns = paper->in->tick_ns;
        double next_tick_ns = (floor(paper->now_ns / tick_ns) + 1) * tick_ns;
        double step_ns = paper_step_ns(paper, next_tick_ns);
        for (int i = 0; i < paper->count; i++)
            if (paper->threads[i].standing == RUNS) {
                paper->threads[i].virtual_ns += step_ns;
                paper->threads[i].age_ns += step_ns;
            }
        paper->now_ns += step_ns;
        for (int i = 0; i < paper->count && paper->ended < ends; i++) {
            struct thread *t = &paper->threads[i];
            if (t->standing == RUNS && t->ends_ns <= paper->now_ns)
                paper_end(paper, t);
            else if (t->standing == SLEEPS && t->wakes_ns <= paper->now_ns)
                paper_wake(paper, t);
        }
        if (paper->now_ns >= next_tick_ns)
            paper_tick(paper);
    }
}

/* Threads, each of which waits and computes in turn. */
struct crowd {
    int threads;
    double wait_ms, work_ms, cv;
};

static const struct crowd crowds[] = {
    {2, 2, 5, 1},   {16, 16, 1, 1}, {12, 60, 8, 0.5},
    {8, 6, 0.3, 3}, {16, 10, 1, 1},
};

enum { CROWDS = sizeof crowds / sizeof *crowds };

static void compare(struct paper *paper, const struct simulation_result *r,
                    int ends, double limit)
{
    double sum_ns = 0;
    for (int i = 0; i < ends; i++)
        sum_ns += paper->responses_ns[i];
    near("mean", r->mean_ns.value, sum_ns / ends, limit);
    qsort(paper->responses_ns, (size_t)ends, sizeof *paper->responses_ns,
          statistics_ascending);
    near("p50", r->p50_ns.value, paper->responses_ns[ends / 2 - 1], limit);
    near("p90", r->p90_ns.value, paper->responses_ns[ends / 10 * 9 - 1], limit);
    near("p99", r->p99_ns.value, paper->responses_ns[ends / 100 * 99 - 1],
         3 * limit);
}

/* So many of a crowd for each core, until so many have ended. */
static void as_on_paper(const struct crowd *crowd, int cores, uint64_t seed,
                        int ends, double limit)
{
    static struct paper paper;
    struct simulation simulation = {
        .arrivals = {.kind = ARRIVE_CLOSED,
                     .connections = crowd->threads * cores,
                     .think_draw = -1},
        .cores = cores,
        .order = ORDER_FAIR,
        .slice_ns = 1.4 * MS,
        .tick_ns = 4 * MS,
        .seed = seed,
        .requests = ends,
    };

    paper = (struct paper){
        .in = &simulation,
        .count = crowd->threads * cores,
        .wait_ns = crowd->wait_ms * MS,
        .work_ns = crowd->work_ms * MS,
        .wait = {SHAPE_EXPONENTIAL, 0},
        .work = {crowd->cv > 0 ? SHAPE_LOGNORMAL : SHAPE_CONSTANT, crowd->cv}};
    paper_run(&paper, ends);
    struct demand demand = {.after_ns = paper.work_ns,
                            .compute = paper.work,
                            .wait_ns = paper.wait_ns,
                            .wait = paper.wait,
                            .calls = 1};
    struct wiring pool = {.discipline = DISCIPLINE_WORKER,
                          .executors = paper.count};
    struct simulation_result r;
    char why[128] = "";
    assert_int_equal(wiring_apply(&simulation, &demand, &pool), 0);
    if (simulate(&simulation, &r, why, sizeof why) != 0)
        fail_msg("refused: %s", why);
    compare(&paper, &r, ends, limit);
}

/* The runs are short, since credits carry a rounding on and make it larger,
 * until it decides. */
static void test_as_on_paper(void **state)
{
    enum { SEEDS = 20, FEW = 500 };

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (int i = 0; i < CROWDS; i++)
            as_on_paper(&crowds[i], 1, seed, FEW, 1e-9);
}

/* On several cores executors run side by side and are equal, so that a rounding
 * decides at once. */
static void test_cores_as_on_paper(void **state)
{
    (void)state;
    for (int cores = 2; cores <= CORES_MOST; cores++)
        for (int i = 0; i < CROWDS; i++)
            as_on_paper(&crowds[i], cores, 1, ENDS_MOST, 0.02);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_on_paper),
        cmocka_unit_test(test_cores_as_on_paper),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
