/* SPDX-License-Identifier: MIT
 *
 * Theory is about an endless queue; twelve seconds of one stray from it by
 * tens of per cent, because neighbours in a queue are alike. So a path is
 * looked for, over seeds, whose own exact response times (Lindley's recursion
 * over the schedule and the drawn service times, before anything runs) lie
 * close to theory, and that path is then run: what remains between figure and
 * theory is the instrument's.
 *
 * M/M/1: R = S / (1 - rho), exponential, hence p99 = ln(100) R. M/D/1, after
 * Pollaczek and Khinchine: R = S (1 + rho / (2 (1 - rho))).
 */
#include "test_queue.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "scene.h"

static const int64_t WINDOW_NS = 12000000000;

enum { SEEDS_MAX = 20000 };

struct theory {
    enum draw_kind kind;
    double rate_per_s, rho;
    double mean_ns, p99_ns; /* p99 0: no closed form */
};

static double off(double value, double from)
{
    return from > 0 ? fabs(value / from - 1) : 0;
}

/* Sets the scene's seeds. */
static int find_path(struct scene *scene, const struct theory *theory,
                     struct histogram *path)
{
    for (uint64_t seed = 1; seed < SEEDS_MAX; seed++) {
        int result;

        scene->plan.seed = seed;
        scene->script.delay.seed = seed * 977;
        result = draw_queue(&scene->script.delay, &scene->plan, path);
        if (result < 0)
            return result;
        if (off(histogram_mean_ns(path), theory->mean_ns) < 0.02 &&
            off((double)histogram_percentile_ns(path, 99), theory->p99_ns) <
                0.04)
            return 0;
    }
    return -ENOENT;
}

static void judge(const struct scene *scene, const struct theory *theory,
                  const struct histogram *path, struct outcome *outcome)
{
    const struct histogram *response = &scene->result->response;
    double allow_ns = fmin(stalls_allow_ns(&scene->stalls, -1, 0), 1e6);

    outcome_time(outcome, "mean, theory", histogram_mean_ns(response),
                 theory->mean_ns * 0.92, theory->mean_ns * 1.08 + allow_ns);
    if (theory->p99_ns > 0)
        outcome_time(outcome, "p99, theory",
                     (double)histogram_percentile_ns(response, 99),
                     theory->p99_ns * 0.85, theory->p99_ns * 1.15);
    scene_near(scene, outcome, "mean, path", response, path, -1, 0.04);
    scene_near(scene, outcome, "p50, path", response, path, 50, 0.04);
    scene_near(scene, outcome, "p99, path", response, path, 99, 0.04);
    scene_gate(scene, outcome, "little", false);
    scene_identity(scene, outcome);
}

static void queue(struct outcome *outcome, const struct theory *theory)
{
    struct scene scene = {
        .script = {.queue = true,
                   .delay = {theory->kind,
                             (int64_t)(theory->rho / theory->rate_per_s * 1e9),
                             0, 0}},
        .plan = {.mode = LOAD_OPEN,
                 .arrivals = ARRIVALS_POISSON,
                 .rate_per_s = theory->rate_per_s,
                 .connections = 256,
                 .processes = 1,
                 .window_ns = WINDOW_NS,
                 .timeout_ns = 10000000000},
    };
    struct histogram *path = calloc(1, sizeof(*path));
    int result = path != NULL ? find_path(&scene, theory, path) : -ENOMEM;

    if (result < 0)
        outcome_broken(outcome, "a path near theory", result);
    else if (scene_run(&scene, outcome) == 0)
        judge(&scene, theory, path, outcome);
    scene_free(&scene);
    free(path);
}

static void mm1(struct outcome *outcome, double rate_per_s, double rho)
{
    double mean_ns = rho / rate_per_s * 1e9 / (1 - rho);

    queue(outcome, &(struct theory){DRAW_EXPONENTIAL, rate_per_s, rho, mean_ns,
                                    log(100) * mean_ns});
}

void test_queue_mm1_half(struct outcome *outcome)
{
    mm1(outcome, 200, 0.5);
}

void test_queue_mm1_high(struct outcome *outcome)
{
    mm1(outcome, 300, 0.8);
}

void test_queue_md1(struct outcome *outcome)
{
    double service_ns = 0.8 / 300 * 1e9;

    queue(outcome, &(struct theory){DRAW_FIXED, 300, 0.8, 3 * service_ns, 0});
}
