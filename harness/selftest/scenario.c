/* SPDX-License-Identifier: MIT
 *
 * The trial tells the disturber nothing. So the disturber finds the server by
 * its name among the children of the test, and waits until the server holds as
 * many sockets as the load has connections.
 */
#include "scenario.h"
#include "harness/trial/trial_run.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "harness/base/child.h"
#include "harness/load/load.h"
#include "harness/machine/process_times.h"

static const int64_t MS = 1000000;
static const int64_t PATIENCE_NS = 20000000000;
static const char MODEL[] = "event-loop";

static int start_metronome(struct scenario *scenario)
{
    cpu_set_t all;
    int result;

    CPU_OR(&all, &scenario->cpus.server, &scenario->cpus.clients);
    result = metronome_start(&all, &scenario->metronome);
    scenario->plan.metronome = scenario->metronome;
    return result;
}

int scenario_prepare(struct scenario *scenario, const char *workload,
                     const char *query, struct outcome *outcome)
{
    static const volatile sig_atomic_t never;
    const struct model_info *model = models_find(models_all(), MODEL);
    char why[256];
    int result = -ENOENT;

    *scenario = (struct scenario){
        .point = {.id = "selftest",
                  .section = "selftest",
                  .workload = workload_find(workload),
                  .mode = LOAD_CLOSED,
                  .connections = 16,
                  .placement = PLACEMENT_SPLIT,
                  .warmup_ns = 300 * MS,
                  .window_ns = 1500 * MS,
                  .timeout_ns = 5000 * MS},
        .plan = {.seed = 7, .stop = &never},
    };
    scenario->plan.point = &scenario->point;
    scenario->plan.model = model;
    scenario->plan.backend = &scenario->backend;
    placement_split(PLACEMENT_SPLIT, &scenario->cpus);
    scenario->trial = calloc(1, sizeof *scenario->trial);
    if (scenario->trial && model && model->available &&
        scenario->point.workload) {
        scenario->backend.path = model->path;
        result = parameters_parse_query(
            scenario->point.workload->workload->parameters, query,
            strlen(query), &scenario->point.arguments, why, sizeof why);
    }
    if (result == 0)
        result = start_metronome(scenario);
    if (result < 0)
        outcome_broken(outcome, "a trial of event-loop", result);
    return result;
}

/* Finds the child of `parent` whose program is the model; -1: none. If there is
 * a backend, which runs that program too, the child found may be the backend.
 */
static pid_t find_server(pid_t parent)
{
    struct process_times all;
    pid_t server = -1;

    process_times_read(&all);
    for (size_t i = 0; i < all.count && server < 0; i++)
        if (all.all[i].parent == parent && !strcmp(all.all[i].name, MODEL))
            server = all.all[i].pid;
    process_times_free(&all);
    return server;
}

static int count_sockets(pid_t pid)
{
    char path[64], target[32];
    struct dirent *entry;
    int count = 0;
    DIR *files;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    files = opendir(path);
    while (files && (entry = readdir(files))) {
        ssize_t size =
            readlinkat(dirfd(files), entry->d_name, target, sizeof target - 1);

        count += size > 7 && !strncmp(target, "socket:", 7);
    }
    if (files)
        closedir(files);
    return count;
}

/* The disturber's life: waits for the server, for its connections and for the
 * end of the warm-up, then disturbs. */
static _Noreturn void wait_and_disturb(const struct scenario *scenario,
                                       pid_t parent)
{
    int64_t give_up_ns = clock_now_ns() + PATIENCE_NS;
    pid_t server = -1;

    child_dies_with(parent);
    while (server < 0 && clock_now_ns() < give_up_ns) {
        clock_sleep_until(clock_now_ns() + 5 * MS);
        server = find_server(parent);
    }
    if (server > 0 && scenario->on_start)
        scenario->on_start(scenario, server);
    while (server > 0 && scenario->disturb && clock_now_ns() < give_up_ns) {
        if (count_sockets(server) > scenario->point.connections) {
            clock_sleep_until(clock_now_ns() + scenario->point.warmup_ns +
                              200 * MS);
            scenario->disturb(scenario, server);
            break;
        }
        clock_sleep_until(clock_now_ns() + 5 * MS);
    }
    _exit(0);
}

void scenario_judge(struct scenario *scenario)
{
    scenario->gate_count =
        gate_judge(&scenario->plan, scenario->trial, scenario->gates);
}

void scenario_run(struct scenario *scenario)
{
    pid_t parent = getpid(), disturber = -1;

    if (scenario->disturb || scenario->on_start)
        disturber = fork();
    if (disturber == 0)
        wait_and_disturb(scenario, parent);
    trial_run(&scenario->plan, scenario->trial);
    if (disturber > 0)
        child_end(disturber);
    scenario_judge(scenario);
}

void scenario_end(struct scenario *scenario)
{
    backend_server_stop(&scenario->backend);
    metronome_stop(scenario->metronome);
    if (scenario->trial)
        trial_free(scenario->trial);
    free(scenario->trial);
    scenario->trial = NULL;
}

const struct gate *scenario_gate(const struct scenario *scenario,
                                 const char *id)
{
    for (int i = 0; i < scenario->gate_count; i++)
        if (!strcmp(scenario->gates[i].id, id))
            return &scenario->gates[i];
    return NULL;
}

void scenario_gate_fails(const struct scenario *scenario,
                         struct outcome *outcome, const char *id)
{
    const struct gate *gate = scenario_gate(scenario, id);
    char what[48], seen[OUTCOME_WORDS] = "no such gate";

    snprintf(what, sizeof what, "gate %s", id);
    if (gate)
        snprintf(seen, sizeof seen, "%.150s", gate->words);
    if (gate && gate->ok && !gate->applied)
        snprintf(outcome->skipped, sizeof outcome->skipped, "%s: %.120s", id,
                 gate->words);
    if (scenario->trial->end != TRIAL_DONE)
        snprintf(seen, sizeof seen, "%.150s", scenario->trial->failure);
    outcome_words(outcome, what, "fails", seen, gate && !gate->ok);
}

void scenario_passes(const struct scenario *scenario, struct outcome *outcome)
{
    const struct histogram *late = &scenario->trial->platform.lateness;
    char reason[OUTCOME_WORDS];
    bool ok = gate_all_ok(scenario->gates, scenario->gate_count, reason,
                          sizeof reason);

    outcome->stalls_p99_ns = histogram_percentile_ns(late, 99);
    outcome->stalls_max_ns = late->max_ns;
    outcome_words(outcome, "all gates", "silent", ok ? "silent" : reason, ok);
}
