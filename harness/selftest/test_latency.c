/* SPDX-License-Identifier: MIT
 *
 * A delay test holds the generator's figures against the server's own account
 * of what it did, and that account against what the script told it to do.
 *
 * The stall: a server that answers at once is stopped for T of D seconds. An
 * arrival at a random moment of the window waits for the rest of the stall, if
 * it falls into it, so with f = T / D quantile q of the response times is
 * T (q - 1 + f) / f, and the mean T f / 2. (The check with a Ctrl-Z is Gil
 * Tene's, How NOT to Measure Latency.)
 */
#include "test_latency.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/load/print.h"
#include "scene.h"

static const int64_t S = 1000000000, MS = 1000000;

static void delay_scene(struct scene *scene, struct draw draw,
                        double rate_per_s, int64_t window_ns)
{
    *scene = (struct scene){
        .script = {.delay = draw},
        .plan = {.mode = LOAD_OPEN,
                 .arrivals = ARRIVALS_POISSON,
                 .rate_per_s = rate_per_s,
                 .connections = 256,
                 .processes = 1,
                 .seed = 11,
                 .window_ns = window_ns,
                 .timeout_ns = 10 * S},
    };
}

static void check_percentiles(const struct scene *scene,
                              struct outcome *outcome)
{
    static const double percentiles[] = {50, 75, 95, 99, -1};
    const struct histogram *truth = &scene->truth.account->delay;
    struct histogram *script = calloc(1, sizeof(*script));

    if (script == NULL)
        return;
    draw_histogram(&scene->script.delay, scene->scheduled, script);
    for (size_t i = 0; i < sizeof(percentiles) / sizeof(*percentiles); i++) {
        double p = percentiles[i];
        char what[16], told[48];

        snprintf(what, sizeof(what), p < 0 ? "mean" : "p%.0f", p);
        snprintf(told, sizeof(told), "%s of the server", what);
        scene_near(scene, outcome, what, &scene->result->response, truth, p,
                   0.02);
        scene_near(scene, outcome, told, truth, script, p, 0.02);
    }
    free(script);
}

static void delay_test(struct outcome *outcome, struct draw draw,
                       double rate_per_s, enum load_mutation mutation)
{
    struct scene scene;

    delay_scene(&scene, draw, rate_per_s, 10 * S);
    scene.plan.mutation = mutation;
    if (scene_run(&scene, outcome) == 0) {
        check_percentiles(&scene, outcome);
        scene_identity(&scene, outcome);
        scene_gate(&scene, outcome, "little", false);
        scene_gate(&scene, outcome, "wrong_bodies", false);
    }
    scene_free(&scene);
}

void test_latency_fixed(struct outcome *outcome)
{
    delay_test(outcome, (struct draw){DRAW_FIXED, 10 * MS, 0, 0}, 200,
               MUTATION_NONE);
}

void test_latency_bimodal(struct outcome *outcome)
{
    delay_test(outcome, (struct draw){DRAW_BIMODAL, MS, 100 * MS, 0}, 300,
               MUTATION_NONE);
}

void test_latency_exponential_with(struct outcome *outcome,
                                   enum load_mutation mutation)
{
    delay_test(outcome, (struct draw){DRAW_EXPONENTIAL, 10 * MS, 0, 5}, 300,
               mutation);
}

void test_latency_exponential(struct outcome *outcome)
{
    test_latency_exponential_with(outcome, MUTATION_NONE);
}

/* Stops the server from one quarter of the window to three quarters. */
static void stop_in_the_middle(struct scene *scene, int64_t window_start_ns)
{
    int64_t quarter_ns = scene->plan.window_ns / 4;

    scene_sleep_until(window_start_ns + quarter_ns);
    kill(scene->truth.pid, SIGSTOP);
    scene_sleep_until(window_start_ns + 3 * quarter_ns);
    kill(scene->truth.pid, SIGCONT);
}

/* 3 %, what both sides were late, and what it takes to answer, one after
 * another, all that had piled up: no server does that in no time. */
static void stall_time(const struct scene *scene, struct outcome *outcome,
                       const char *what, double seen_ns, double truth_ns)
{
    double allow_ns =
        fmin(stalls_allow_ns(&scene->stalls, 99, UINT64_MAX), 20e6);

    outcome_time(outcome, what, seen_ns, truth_ns * 0.97 - allow_ns,
                 truth_ns * 1.03 + allow_ns);
}

static void stall_open(struct outcome *outcome, int64_t window_ns,
                       double rate_per_s, int connections,
                       enum load_mutation mutation)
{
    struct scene scene;
    double stall_ns = (double)window_ns / 2;
    const struct histogram *response;

    delay_scene(&scene, (struct draw){0}, rate_per_s, window_ns);
    scene.plan.arrivals = ARRIVALS_UNIFORM;
    scene.plan.connections = connections;
    scene.plan.mutation = mutation;
    scene.during = stop_in_the_middle;
    if (scene_run(&scene, outcome) == 0) {
        response = &scene.result->response;
        stall_time(&scene, outcome, "mean", histogram_mean_ns(response),
                   stall_ns / 4);
        stall_time(&scene, outcome, "p75",
                   (double)histogram_percentile_ns(response, 75),
                   stall_ns * 0.5);
        stall_time(&scene, outcome, "p90",
                   (double)histogram_percentile_ns(response, 90),
                   stall_ns * 0.8);
        stall_time(&scene, outcome, "max", (double)response->max_ns, stall_ns);
        scene_identity(&scene, outcome);
    }
    scene_free(&scene);
}

void test_latency_stall_open(struct outcome *outcome)
{
    stall_open(outcome, 10 * S, 1000, 100, MUTATION_NONE);
}

void test_latency_stall_with(struct outcome *outcome,
                             enum load_mutation mutation)
{
    stall_open(outcome, 2 * S, 500, 20, mutation);
}

/* The text that `troika load` would print says "service time" and never
 * "response". */
static void check_label(const struct scene *scene, struct outcome *outcome)
{
    struct load_print print = {.plan = &scene->plan,
                               .result = scene->result,
                               .url = "http://127.0.0.1/truth",
                               .percentiles = {50, 99},
                               .percentile_count = 2,
                               .complete = true};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    bool said;

    if (file == NULL)
        return;
    load_print_write(&print, FORMAT_TEXT, file);
    fclose(file);
    said = strstr(text, "service time") != NULL;
    outcome_words(outcome, "label", "service time",
                  said ? "service time" : "not there", said);
    free(text);
}

void test_latency_stall_closed(struct outcome *outcome)
{
    enum { CONNECTIONS = 10 };
    struct scene scene;
    const struct histogram *service;
    uint64_t slow = 0;

    delay_scene(&scene, (struct draw){DRAW_FIXED, 10 * MS, 0, 0}, 0, 10 * S);
    scene.plan.mode = LOAD_CLOSED;
    scene.plan.connections = CONNECTIONS;
    scene.during = stop_in_the_middle;
    if (scene_run(&scene, outcome) == 0) {
        service = &scene.result->service;
        for (double p = 100; p > 90; p -= 0.01)
            if (histogram_percentile_ns(service, p) > S)
                slow =
                    (uint64_t)llround((100 - p) / 100 * (double)service->count);
        outcome_number(outcome, "requests over 1 s", (double)slow, 0,
                       CONNECTIONS + 1);
        stall_time(&scene, outcome, "max", (double)service->max_ns,
                   5.0 * (double)S);
        outcome_time(outcome, "p90",
                     (double)histogram_percentile_ns(service, 90), 10e6, 1e9);
        check_label(&scene, outcome);
        scene_identity(&scene, outcome);
    }
    scene_free(&scene);
}
