/* SPDX-License-Identifier: MIT
 *
 * The generator is disturbed in ways that happen: work between being due and
 * being sent, other processes on its CPU, a rate beyond its reach.
 */
#include "test_generator.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/load/load_engine.h"
#include "scene.h"

static const int64_t MS = 1000000;

enum { HOGS = 6 };

static struct scene open_scene(double rate_per_s, int64_t window_ns)
{
    return (struct scene){
        .script = {.delay = {DRAW_FIXED, 5 * MS, 0, 0}},
        .plan = {.mode = LOAD_OPEN,
                 .arrivals = ARRIVALS_POISSON,
                 .rate_per_s = rate_per_s,
                 .connections = 256,
                 .processes = 1,
                 .seed = 3,
                 .warmup_ns = 200 * MS,
                 .window_ns = window_ns,
                 .timeout_ns = 5000 * MS},
    };
}

void test_generator_good_open(struct outcome *outcome)
{
    struct scene scene = open_scene(300, 2000 * MS);

    if (scene_run(&scene, outcome) == 0) {
        scene_silent(&scene, outcome);
        scene_identity(&scene, outcome);
    }
    scene_free(&scene);
}

void test_generator_good_closed(struct outcome *outcome)
{
    struct scene scene = open_scene(0, 2000 * MS);

    scene.plan.mode = LOAD_CLOSED;
    scene.plan.connections = 10;
    if (scene_run(&scene, outcome) == 0)
        scene_silent(&scene, outcome);
    scene_free(&scene);
}

void test_generator_slow(struct outcome *outcome)
{
    struct scene scene = open_scene(300, 1500 * MS);

    scene.plan.mutation = MUTATION_SLOW;
    if (scene_run(&scene, outcome) == 0) {
        scene_identity(&scene, outcome);
        scene_gate(&scene, outcome, "generator_lag", true);
        scene_gate(&scene, outcome, "generator_lag_median", true);
    }
    scene_free(&scene);
}

static _Noreturn void hog(const cpu_set_t *cpus, pid_t parent)
{
    volatile uint64_t turns = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    sched_setaffinity(0, sizeof(*cpus), cpus);
    for (;;)
        turns++;
}

static void starve(struct scene *scene, int64_t window_start_ns)
{
    pid_t pids[HOGS * 64], parent = getpid();
    int count = HOGS * scene->cpus.clients_count;

    count = count < HOGS * 64 ? count : HOGS * 64;
    for (int i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            hog(&scene->cpus.clients, parent);
    }
    scene_sleep_until(window_start_ns + scene->plan.window_ns);
    for (int i = 0; i < count; i++) {
        if (pids[i] < 0)
            continue;
        kill(pids[i], SIGKILL);
        while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
    }
}

void test_generator_starved(struct outcome *outcome)
{
    struct scene scene = open_scene(500, 1500 * MS);

    scene.during = starve;
    scene.hogged = true;
    if (scene_run(&scene, outcome) == 0) {
        scene_identity(&scene, outcome);
        scene_gate(&scene, outcome, "generator_lag", true);
    }
    scene_free(&scene);
}

/* Far more than one process can send; the answers come at once. */
void test_generator_saturated(struct outcome *outcome)
{
    struct scene scene = open_scene(1e6, 500 * MS);

    scene.script.delay.mean_ns = 0;
    scene.hogged = true;
    scene.plan.warmup_ns = 0;
    scene.plan.timeout_ns = 1000 * MS;
    if (scene_run(&scene, outcome) == 0) {
        scene_identity(&scene, outcome);
        scene_gate(&scene, outcome, "generator_busy", true);
    }
    scene_free(&scene);
}

/* How often, on the whole machine, an accept queue was full. */
static long long overflows(void)
{
    char names[4096] = "", values[4096] = "", *at = names, *value = values;
    FILE *file = fopen("/proc/net/netstat", "re");
    long long found = -1;

    if (file == NULL)
        return -1;
    if (fgets(names, sizeof(names), file) == NULL ||
        fgets(values, sizeof(values), file) == NULL)
        names[0] = values[0] = '\0';
    fclose(file);
    for (;;) {
        const char *name = strsep(&at, " \n"), *word = strsep(&value, " \n");

        if (name == NULL || word == NULL)
            return found;
        if (!strcmp(name, "ListenOverflows"))
            found = atoll(word);
    }
}

void test_generator_backlog(struct outcome *outcome)
{
    struct scene scene = open_scene(0, 500 * MS);
    long long before = overflows(), after;

    scene.script.deaf = true;
    scene.plan.mode = LOAD_CLOSED;
    scene.plan.connections = 32;
    scene.plan.connect_ns = 500 * MS;
    scene.plan.timeout_ns = 1000 * MS;
    if (scene_run(&scene, outcome) == 0) {
        after = overflows();
        scene_gate(&scene, outcome, "connections", true);
        scene_gate(&scene, outcome, "answers", true);
        outcome_count(outcome, "right answers", scene.result->ok, 0);
        if (before >= 0 && after >= 0)
            outcome_number(outcome, "accept queue overflows",
                           (double)(after - before), 1, 1e9);
    }
    scene_free(&scene);
}
