/* SPDX-License-Identifier: MIT
 *
 * Server, sleepers and generator are started in this order, each on the CPUs
 * that it would have in a trial with `split` placement.
 */
#include "scene.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "children.h"
#include "harness/load/load.h"
#include "harness/load/schedule.h"
#include "harness/trial/exhaustion.h"

enum { CHILDREN_MAX = 256 };

/* Stalls excuse no more than this: a machine that stalls more is not fit to
 * show anything, and the test says that it cannot tell. */
static const double EXPLAINED_SHARE_MAX = 0.1;
static const double EXPLAINED_MIN_NS = 1e6;

void scene_sleep_until(int64_t at_ns)
{
    struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static int64_t wait_of(const struct arguments *arguments)
{
    return arguments->values[0];
}

static void judge(struct scene *scene)
{
    static const struct workload silent = {.kind = WORKLOAD_IO,
                                           .wait_ns = wait_of};
    static const struct workload_entry entry = {"truth", &silent};
    struct load_result *load = scene->result;
    struct load_point point = {
        .id = "selftest",
        .workload = &entry,
        .mode = scene->plan.mode,
        .arrivals = scene->plan.arrivals,
        .rate_per_s = scene->plan.rate_per_s,
        .connections = scene->plan.connections,
        .warmup_ns = scene->plan.warmup_ns,
        .window_ns = scene->plan.window_ns,
        .timeout_ns = scene->plan.timeout_ns,
        .think_ns = scene->plan.think_ns,
        .arguments.values[0] = scene->wait_ns,
    };
    struct model_info model = {.name = "truth", .task = "none", .flags = ""};
    struct trial_plan plan = {.point = &point, .model = &model};
    /* What is not the load's business is as it should be. */
    struct trial trial = {
        .load = load,
        .cpus = scene->cpus,
        .alive = true,
        .clean = true,
        .machine_first = scene->machine_first,
        .machine_last = scene->machine_last,
        .first = {.at_ns = load->window_start_ns, .cpu_user_ns = -1},
        .last = {.at_ns = load->window_end_ns, .cpu_user_ns = -1}};

    exhaustion_judge(0, load->first_failure, "", trial.exhausted,
                     sizeof(trial.exhausted));
    scene->gate_count = gate_judge(&plan, &trial, scene->gates);
}

static int count_scheduled(struct scene *scene)
{
    struct load_schedule schedule;
    int result;

    if (scene->plan.mode != LOAD_OPEN)
        return 0;
    result = load_schedule_make(&scene->plan, 0, 1, &schedule);
    if (result < 0)
        return result;
    for (size_t i = 0; i < schedule.count; i++)
        scene->scheduled += schedule.due_ns[i] >= scene->plan.warmup_ns;
    load_schedule_free(&schedule);
    return 0;
}

static int drive(struct scene *scene, char *why, size_t why_size)
{
    struct load *load;
    int64_t start_ns;
    int result;

    if (scene->watched)
        machine_sample(&scene->machine_first);
    result = load_start(&scene->plan, &load, why, why_size);
    if (result < 0)
        return result;
    start_ns = load_begin(load);
    if (start_ns > 0 && scene->during != NULL)
        scene->during(scene, start_ns);
    result = start_ns < 0 ? (int)start_ns : load_wait(load, scene->result);
    if (scene->watched)
        machine_sample(&scene->machine_last);
    load_free(load);
    return result;
}

int scene_generator(const struct scene *scene, pid_t *pids, int max)
{
    struct child children[CHILDREN_MAX];
    int count = children_of(getpid(), children, CHILDREN_MAX), found = 0;

    for (int i = 0; i < count && found < max; i++) {
        bool other = children[i].pid == scene->truth.pid;

        for (int side = 0; side < STALLS_SIDES; side++)
            other |= children[i].pid == scene->stalls.pids[side];
        if (!other)
            pids[found++] = children[i].pid;
    }
    return found;
}

static int run(struct scene *scene, char *why, size_t why_size)
{
    int result;

    placement_split(PLACEMENT_SPLIT, &scene->cpus);
    scene->result = calloc(1, sizeof(*scene->result));
    scene->plan.requests = truth_requests(SCENE_SEEDS);
    scene->plan.request_count = SCENE_SEEDS;
    scene->plan.cpus = &scene->cpus.clients;
    if (scene->result == NULL || scene->plan.requests == NULL)
        return -ENOMEM;
    result = truth_start(&scene->script, &scene->cpus.server, &scene->truth);
    if (result < 0)
        return result;
    scene->plan.address.v4 = scene->truth.address;
    result = count_scheduled(scene);
    if (result == 0)
        result = stalls_start(&scene->cpus, &scene->stalls);
    if (result == 0)
        result = drive(scene, why, why_size);
    truth_stop(&scene->truth);
    stalls_stop(&scene->stalls);
    return result;
}

int scene_run(struct scene *scene, struct outcome *outcome)
{
    char why[256] = "";
    int result = run(scene, why, sizeof(why));

    if (result < 0) {
        outcome_broken(outcome, why[0] ? why : "the load", result);
        return result;
    }
    judge(scene);
    for (int i = 0; i < STALLS_SIDES && !scene->hogged; i++) {
        const struct histogram *late = &scene->stalls.late[i];
        int64_t p99_ns = histogram_percentile_ns(late, 99);

        if (outcome->stalls_p99_ns < p99_ns)
            outcome->stalls_p99_ns = p99_ns;
        if (outcome->stalls_max_ns < late->max_ns)
            outcome->stalls_max_ns = late->max_ns;
    }
    return 0;
}

void scene_free(struct scene *scene)
{
    truth_requests_free((struct load_request *)scene->plan.requests,
                        SCENE_SEEDS);
    truth_free(&scene->truth);
    stalls_free(&scene->stalls);
    free(scene->result);
}

void scene_gate(const struct scene *scene, struct outcome *outcome,
                const char *id, bool loud)
{
    char what[48];

    snprintf(what, sizeof(what), "gate %s", id);
    for (int i = 0; i < scene->gate_count; i++)
        if (!strcmp(scene->gates[i].id, id)) {
            outcome_words(outcome, what, loud ? "fails" : "passes",
                          scene->gates[i].words, scene->gates[i].ok != loud);
            return;
        }
    outcome_words(outcome, what, "judged", "no such gate", false);
}

void scene_silent(const struct scene *scene, struct outcome *outcome)
{
    char reason[OUTCOME_WORDS];
    bool ok =
        gate_all_ok(scene->gates, scene->gate_count, reason, sizeof(reason));

    outcome_words(outcome, "all gates", "silent", ok ? "silent" : reason, ok);
}

void scene_identity(const struct scene *scene, struct outcome *outcome)
{
    const struct load_result *load = scene->result;

    scene_gate(scene, outcome, "identity", false);
    if (scene->plan.mode == LOAD_OPEN)
        outcome_count(outcome, "scheduled", load->scheduled, scene->scheduled);
}

static double at(const struct histogram *histogram, double percentile)
{
    if (percentile < 0)
        return histogram_mean_ns(histogram);
    return (double)histogram_percentile_ns(histogram, percentile);
}

void scene_near(const struct scene *scene, struct outcome *outcome,
                const char *what, const struct histogram *seen,
                const struct histogram *truth, double percentile, double share)
{
    double known_ns = at(truth, percentile), seen_ns = at(seen, percentile);
    double most_ns = known_ns * (1 + share) + 100e3;
    double stall_ns = stalls_allow_ns(&scene->stalls, percentile, seen->count);
    double allow_ns =
        fmin(stall_ns, fmax(EXPLAINED_MIN_NS, EXPLAINED_SHARE_MAX * known_ns));

    if (seen_ns > most_ns + allow_ns && seen_ns <= most_ns + stall_ns &&
        !scene->hogged) {
        outcome->stalled++;
        outcome->stalled_max_ns =
            (int64_t)fmax((double)outcome->stalled_max_ns, stall_ns);
    }
    /* Not below, but for the histogram's own grain. */
    outcome_time(outcome, what, seen_ns, known_ns * 0.998, most_ns + allow_ns);
}
