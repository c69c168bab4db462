/* SPDX-License-Identifier: MIT
 *
 * Server, sleepers and generator start in this order, each on the CPUs that it
 * would have in a trial with `split` placement.
 */
#include "fixture.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/load/answers.h"
#include "harness/load/schedule.h"
#include "harness/machine/process_times.h"
#include "harness/trial/inspection.h"

/* Stalls excuse at most this much. On a machine that stalls more, nothing can
 * be shown, and the test says that it cannot tell. */
static const double EXPLAINED_SHARE_MAX = 0.1;
static const double EXPLAINED_MIN_NS = 1e6;

static int64_t wait_of(const struct arguments *arguments)
{
    return arguments->values[0];
}

static void judge(struct fixture *fixture)
{
    static const struct workload silent = {.kind = WORKLOAD_IO,
                                           .wait_ns = wait_of};
    static const struct workload_entry entry = {"reference", &silent};
    struct load_result *load = fixture->result;
    struct load_point point = {
        .id = "selftest",
        .workload = &entry,
        .mode = fixture->spec.mode,
        .arrivals = fixture->spec.arrivals,
        .rate_per_s = fixture->spec.rate_per_s,
        .connections = fixture->spec.connections,
        .warmup_ns = fixture->spec.warmup_ns,
        .window_ns = fixture->spec.window_ns,
        .timeout_ns = fixture->spec.timeout_ns,
        .think_ns = fixture->spec.think_ns,
        .arguments.values[0] = fixture->wait_ns,
    };
    struct model_info model = {
        .name = "reference", .task = "none", .flags = ""};
    struct trial_spec plan = {.point = &point, .model = &model};
    /* All facts except those of the load are as in a good trial. */
    struct trial trial = {
        .load = load,
        .cpus = fixture->cpus,
        .alive = true,
        .clean = true,
        .machine_first = fixture->machine_first,
        .machine_last = fixture->machine_last,
        .first = {.at_ns = load->window_start_ns, .cpu_user_ns = -1},
        .last = {.at_ns = load->window_end_ns, .cpu_user_ns = -1}};

    exhaustion_judge(0, load->first_failure, "", trial.exhausted,
                     sizeof trial.exhausted);
    fixture->gate_count = gate_judge(&plan, &trial, fixture->gates);
}

static int count_scheduled(struct fixture *fixture)
{
    struct load_schedule schedule;
    int result;

    if (fixture->spec.mode != LOAD_OPEN)
        return 0;
    result = load_schedule_make(&fixture->spec, 0, 1, &schedule);
    if (result < 0)
        return result;
    for (size_t i = 0; i < schedule.count; i++)
        fixture->scheduled += schedule.due_ns[i] >= fixture->spec.warmup_ns;
    load_schedule_free(&schedule);
    return 0;
}

static int drive(struct fixture *fixture, char *why, size_t why_size)
{
    struct load *load;
    int64_t start_ns;
    int result;

    if (fixture->watched)
        machine_sample(&fixture->machine_first);
    result = load_start(&fixture->spec, &load, why, why_size);
    if (result < 0)
        return result;
    start_ns = load_begin(load);
    if (start_ns > 0 && fixture->during)
        fixture->during(fixture, start_ns);
    result = start_ns < 0 ? (int)start_ns : load_wait(load, fixture->result);
    if (fixture->watched)
        machine_sample(&fixture->machine_last);
    load_free(load);
    return result;
}

int fixture_generator(const struct fixture *fixture, pid_t *pids, int max)
{
    struct process_times all;
    int found = 0;

    process_times_read(&all);
    for (size_t i = 0; i < all.count && found < max; i++) {
        pid_t pid = all.all[i].pid;
        bool other =
            all.all[i].parent != getpid() || pid == fixture->reference.pid;

        for (int side = 0; side < STALLS_SIDES; side++)
            other |= pid == fixture->stalls.pids[side];
        if (!other)
            pids[found++] = pid;
    }
    process_times_free(&all);
    return found;
}

static int run(struct fixture *fixture, char *why, size_t why_size)
{
    int result;

    placement_split(PLACEMENT_SPLIT, &fixture->cpus);
    fixture->result = calloc(1, sizeof *fixture->result);
    fixture->spec.requests = reference_requests(FIXTURE_SEEDS);
    fixture->spec.request_count = FIXTURE_SEEDS;
    fixture->spec.cpus = &fixture->cpus.clients;
    if (!fixture->result || !fixture->spec.requests)
        return -ENOMEM;
    result = reference_start(&fixture->script, &fixture->cpus.server,
                             &fixture->reference);
    if (result < 0)
        return result;
    fixture->spec.address.v4 = fixture->reference.address;
    result = count_scheduled(fixture);
    if (result == 0)
        result = stalls_start(&fixture->cpus, &fixture->stalls);
    if (result == 0)
        result = drive(fixture, why, why_size);
    reference_stop(&fixture->reference);
    stalls_stop(&fixture->stalls);
    return result;
}

int fixture_run(struct fixture *fixture, struct outcome *outcome)
{
    char why[256] = "";
    int result = run(fixture, why, sizeof why);

    if (result < 0) {
        outcome_broken(outcome, why[0] ? why : "the load", result);
        return result;
    }
    judge(fixture);
    if (!fixture->hogged)
        stalls_note(&fixture->stalls, outcome);
    return 0;
}

void fixture_free(struct fixture *fixture)
{
    answers_free((struct load_request *)fixture->spec.requests, FIXTURE_SEEDS);
    reference_free(&fixture->reference);
    stalls_free(&fixture->stalls);
    free(fixture->result);
}

void fixture_gate(const struct fixture *fixture, struct outcome *outcome,
                  const char *id, bool fails)
{
    char what[48];

    snprintf(what, sizeof what, "gate %s", id);
    for (int i = 0; i < fixture->gate_count; i++)
        if (!strcmp(fixture->gates[i].id, id)) {
            outcome_words(outcome, what, fails ? "fails" : "passes",
                          fixture->gates[i].words,
                          fixture->gates[i].ok != fails);
            return;
        }
    outcome_words(outcome, what, "judged", "no such gate", false);
}

void fixture_passes(const struct fixture *fixture, struct outcome *outcome)
{
    char reason[OUTCOME_WORDS];
    bool ok =
        gate_all_ok(fixture->gates, fixture->gate_count, reason, sizeof reason);

    outcome_words(outcome, "all gates", "silent", ok ? "silent" : reason, ok);
}

void fixture_identity(const struct fixture *fixture, struct outcome *outcome)
{
    const struct load_result *load = fixture->result;

    fixture_gate(fixture, outcome, "identity", false);
    if (fixture->spec.mode == LOAD_OPEN)
        outcome_count(outcome, "scheduled", load->scheduled,
                      fixture->scheduled);
}

static double at(const struct histogram *histogram, double percentile)
{
    if (percentile < 0)
        return histogram_mean_ns(histogram);
    return (double)histogram_percentile_ns(histogram, percentile);
}

void fixture_near(const struct fixture *fixture, struct outcome *outcome,
                  const char *what, const struct histogram *seen,
                  const struct histogram *reference, double percentile,
                  double share)
{
    double known_ns = at(reference, percentile), seen_ns = at(seen, percentile);
    double most_ns = known_ns * (1 + share) + 100e3;
    double stall_ns =
        stalls_allow_ns(&fixture->stalls, percentile, seen->count);
    double allow_ns =
        fmin(stall_ns, fmax(EXPLAINED_MIN_NS, EXPLAINED_SHARE_MAX * known_ns));

    if (seen_ns > most_ns + allow_ns && seen_ns <= most_ns + stall_ns &&
        !fixture->hogged) {
        outcome->stalled++;
        outcome->stalled_max_ns =
            (int64_t)fmax((double)outcome->stalled_max_ns, stall_ns);
    }
    /* The lower limit allows for the histogram's resolution. */
    outcome_time(outcome, what, seen_ns, known_ns * 0.998, most_ns + allow_ns);
}
