/* SPDX-License-Identifier: MIT
 *
 * The intruder is told nothing by the trial: it finds the server by its name
 * among the children of the test, and waits until it holds as many sockets as
 * the load has connections.
 */
#include "play.h"
#include "harness/trial/trial_run.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "harness/load/load.h"
#include "scene.h"

enum { CHILDREN_MAX = 256 };

static const int64_t MS = 1000000;
static const int64_t PATIENCE_NS = 20000000000;
static const char MODEL[] = "event-loop";

static int start_metronome(struct play *play)
{
    cpu_set_t all;
    int result;

    CPU_OR(&all, &play->cpus.server, &play->cpus.clients);
    result = metronome_start(&all, &play->metronome);
    play->plan.metronome = play->metronome;
    return result;
}

int play_prepare(struct play *play, const char *workload, const char *query,
                 struct outcome *outcome)
{
    static const volatile sig_atomic_t never;
    const struct model_info *model = models_find(models_all(), MODEL);
    char why[256];
    int result = -ENOENT;

    *play = (struct play){
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
    play->plan.point = &play->point;
    play->plan.model = model;
    play->plan.backend = &play->backend;
    placement_split(PLACEMENT_SPLIT, &play->cpus);
    play->trial = calloc(1, sizeof(*play->trial));
    if (play->trial != NULL && model != NULL && model->available &&
        play->point.workload != NULL) {
        play->backend.path = model->path;
        result = parameters_parse_query(
            play->point.workload->workload->parameters, query, strlen(query),
            &play->point.arguments, why, sizeof(why));
    }
    if (result == 0)
        result = start_metronome(play);
    if (result < 0)
        outcome_broken(outcome, "a trial of event-loop", result);
    return result;
}

/* The child of `parent` whose program is the model, or -1. */
static pid_t find_server(pid_t parent)
{
    struct child children[CHILDREN_MAX];
    int count = children_of(parent, children, CHILDREN_MAX);

    for (int i = 0; i < count; i++)
        if (!strcmp(children[i].name, MODEL))
            return children[i].pid;
    return -1;
}

static int count_sockets(pid_t pid)
{
    char path[64], target[32];
    struct dirent *entry;
    int count = 0;
    DIR *files;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    files = opendir(path);
    while (files != NULL && (entry = readdir(files)) != NULL) {
        ssize_t size =
            readlinkat(dirfd(files), entry->d_name, target, sizeof(target) - 1);

        count += size > 7 && !strncmp(target, "socket:", 7);
    }
    if (files != NULL)
        closedir(files);
    return count;
}

/* In the intruder's process: waits for the server, then for its connections,
 * and until the warm-up is over. The backend, which is of the same program,
 * is known by then. */
static _Noreturn void lurk(const struct play *play, pid_t parent)
{
    int64_t give_up_ns = load_now() + PATIENCE_NS;
    pid_t server = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (server < 0 && load_now() < give_up_ns && getppid() == parent) {
        scene_sleep_until(load_now() + 5 * MS);
        server = find_server(parent);
    }
    if (server > 0 && play->greet != NULL)
        play->greet(play, server);
    while (server > 0 && play->intrude != NULL && load_now() < give_up_ns &&
           getppid() == parent) {
        if (count_sockets(server) > play->point.connections) {
            scene_sleep_until(load_now() + play->point.warmup_ns + 200 * MS);
            play->intrude(play, server);
            break;
        }
        scene_sleep_until(load_now() + 5 * MS);
    }
    _exit(0);
}

void play_judge(struct play *play)
{
    play->gate_count = gate_judge(&play->plan, play->trial, play->gates);
}

void play_carry_out(struct play *play)
{
    pid_t parent = getpid(), intruder = -1;

    if (play->intrude != NULL || play->greet != NULL)
        intruder = fork();
    if (intruder == 0)
        lurk(play, parent);
    trial_run(&play->plan, play->trial);
    if (intruder > 0) {
        kill(intruder, SIGKILL);
        while (waitpid(intruder, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    play_judge(play);
}

void play_end(struct play *play)
{
    backend_server_stop(&play->backend);
    metronome_stop(play->metronome);
    if (play->trial != NULL)
        trial_free(play->trial);
    free(play->trial);
    play->trial = NULL;
}

const struct gate *play_gate(const struct play *play, const char *id)
{
    for (int i = 0; i < play->gate_count; i++)
        if (!strcmp(play->gates[i].id, id))
            return &play->gates[i];
    return NULL;
}

void play_loud(const struct play *play, struct outcome *outcome, const char *id)
{
    const struct gate *gate = play_gate(play, id);
    char what[48], seen[OUTCOME_WORDS] = "no such gate";

    snprintf(what, sizeof(what), "gate %s", id);
    if (gate != NULL)
        snprintf(seen, sizeof(seen), "%.150s", gate->words);
    if (gate != NULL && gate->ok && !gate->applied)
        snprintf(outcome->skipped, sizeof(outcome->skipped), "%s: %.120s", id,
                 gate->words);
    if (play->trial->end != TRIAL_DONE)
        snprintf(seen, sizeof(seen), "%.150s", play->trial->failure);
    outcome_words(outcome, what, "fails", seen, gate != NULL && !gate->ok);
}

void play_silent(const struct play *play, struct outcome *outcome)
{
    const struct histogram *late = &play->trial->platform.lateness;
    char reason[OUTCOME_WORDS];
    bool ok =
        gate_all_ok(play->gates, play->gate_count, reason, sizeof(reason));

    outcome->stalls_p99_ns = histogram_percentile_ns(late, 99);
    outcome->stalls_max_ns = late->max_ns;
    outcome_words(outcome, "all gates", "silent", ok ? "silent" : reason, ok);
}
