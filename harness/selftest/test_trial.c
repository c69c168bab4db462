/* SPDX-License-Identifier: MIT
 *
 * The event-loop model with real handlers, started, measured and judged as in
 * a run; a disturber beside it stops the backend again and again, or kills the
 * server in the window.
 */
#include "test_trial.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/gate/gate.h"
#include "harness/load/load_engine.h"
#include "scene.h"

static const int64_t MS = 1000000;

struct stage {
    struct load_point point;
    struct trial_plan plan;
    struct trial *trial;
    struct backend_server backend;
    struct gate gates[GATES_MAX];
    int gate_count;
};

static int prepare(struct stage *stage, const char *workload, const char *query)
{
    static const volatile sig_atomic_t never;
    const struct model_info *model = models_find(models_all(), "event-loop");
    char why[256];

    *stage = (struct stage){
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
    stage->plan.point = &stage->point;
    stage->plan.model = model;
    stage->plan.backend = &stage->backend;
    stage->trial = calloc(1, sizeof(*stage->trial));
    if (stage->trial == NULL)
        return -ENOMEM;
    if (model == NULL || !model->available || stage->point.workload == NULL)
        return -ENOENT;
    stage->backend.path = model->path;
    return parameters_parse_query(stage->point.workload->workload->parameters,
                                  query, strlen(query), &stage->point.arguments,
                                  why, sizeof(why));
}

static void carry_out(struct stage *stage)
{
    trial_run(&stage->plan, stage->trial);
    stage->gate_count = gate_judge(&stage->plan, stage->trial, stage->gates);
}

static void end(struct stage *stage)
{
    backend_server_stop(&stage->backend);
    if (stage->trial != NULL)
        trial_free(stage->trial);
    free(stage->trial);
}

static void check_gate(const struct stage *stage, struct outcome *outcome,
                       const char *id)
{
    char what[48], seen[OUTCOME_WORDS] = "no such gate";
    bool loud = false;

    snprintf(what, sizeof(what), "gate %s", id);
    for (int i = 0; i < stage->gate_count; i++)
        if (!strcmp(stage->gates[i].id, id)) {
            loud = !stage->gates[i].ok;
            snprintf(seen, sizeof(seen), "%.150s", stage->gates[i].words);
        }
    if (stage->trial->end != TRIAL_DONE)
        snprintf(seen, sizeof(seen), "%.150s", stage->trial->failure);
    outcome_words(outcome, what, "fails", seen, loud);
}

void test_trial_good(struct outcome *outcome)
{
    struct stage stage;
    int result = prepare(&stage, "wait", "delay=5ms");
    char reason[OUTCOME_WORDS];
    bool ok;

    if (result < 0) {
        outcome_broken(outcome, "a trial of event-loop", result);
        end(&stage);
        return;
    }
    carry_out(&stage);
    ok = gate_all_ok(stage.gates, stage.gate_count, reason, sizeof(reason));
    outcome_words(outcome, "all gates", "silent", ok ? "silent" : reason, ok);
    if (stage.trial->end == TRIAL_DONE) {
        outcome_count(outcome, "wrong bodies", stage.trial->load->wrong, 0);
        outcome_time(outcome, "mean",
                     histogram_mean_ns(&stage.trial->load->service), 5e6, 8e6);
    }
    end(&stage);
}

/* Stops and continues the process: 20 ms of every 100. */
static _Noreturn void disturb(pid_t victim, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (;;) {
        kill(victim, SIGSTOP);
        scene_sleep_until(load_now() + 20 * MS);
        kill(victim, SIGCONT);
        scene_sleep_until(load_now() + 80 * MS);
    }
}

static void finish(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void test_trial_late_backend(struct outcome *outcome)
{
    struct stage stage;
    struct cpu_split cpus;
    char why[256];
    pid_t parent = getpid(), pid = -1;
    int result = prepare(&stage, "fetch", "delay=5ms&calls=1");

    placement_split(PLACEMENT_SPLIT, &cpus);
    if (result == 0)
        result = backend_server_ensure(&stage.backend, &cpus.clients, why,
                                       sizeof(why));
    if (result < 0) {
        outcome_broken(outcome, "a trial of event-loop", result);
        end(&stage);
        return;
    }
    pid = fork();
    if (pid == 0)
        disturb(stage.backend.process.pid, parent);
    carry_out(&stage);
    finish(pid);
    kill(stage.backend.process.pid, SIGCONT);
    check_gate(&stage, outcome, "backend_lateness");
    end(&stage);
}

/* The child of `parent` whose program has this name, or -1. */
static pid_t child_named(pid_t parent, const char *name)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t found = -1;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        char path[300], comm[32] = "";
        int pid = atoi(entry->d_name), ppid = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        file = pid > 0 ? fopen(path, "re") : NULL;
        if (file == NULL)
            continue;
        if (fscanf(file, "%*d (%31[^)]) %*c %d", comm, &ppid) == 2 &&
            ppid == parent && !strcmp(comm, name))
            found = pid;
        fclose(file);
    }
    if (proc != NULL)
        closedir(proc);
    return found;
}

/* Waits for the server to appear and kills it when the window is open. */
static _Noreturn void assassinate(pid_t parent)
{
    int64_t give_up_ns = load_now() + 8000 * MS;
    pid_t victim = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (victim < 0 && load_now() < give_up_ns && getppid() == parent) {
        victim = child_named(parent, "event-loop");
        scene_sleep_until(load_now() + 10 * MS);
    }
    scene_sleep_until(load_now() + 1000 * MS);
    if (victim > 0)
        kill(victim, SIGKILL);
    _exit(0);
}

void test_trial_killed(struct outcome *outcome)
{
    struct stage stage;
    pid_t parent = getpid(), pid;
    int result = prepare(&stage, "wait", "delay=5ms");

    if (result < 0) {
        outcome_broken(outcome, "a trial of event-loop", result);
        end(&stage);
        return;
    }
    pid = fork();
    if (pid == 0)
        assassinate(parent);
    carry_out(&stage);
    finish(pid);
    check_gate(&stage, outcome, "server_alive");
    check_gate(&stage, outcome, "errors");
    end(&stage);
}
