/* SPDX-License-Identifier: MIT
 *
 * The generator is disturbed in ways that happen: work between being due and
 * being sent, other processes on its CPU, a rate beyond its reach.
 */
#include "test_generator.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/load/load.h"
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
        /* The gate allows 5 % of the p99: beside a machine that stands still
         * for longer than 15 ms, one millisecond is rightly none. */
        if (stalls_allow_ns(&scene.stalls, 99, scene.result->response.count) <
            15e6)
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

/* What Little's law says of ten connections, with and without the slow
 * answers. */
static void law(struct outcome *outcome, enum load_mutation mutation)
{
    struct scene scene = open_scene(0, 1500 * MS);

    scene.script.delay = (struct draw){DRAW_BIMODAL, MS, 100 * MS, 0};
    scene.plan.mode = LOAD_CLOSED;
    scene.plan.connections = 10;
    scene.plan.mutation = mutation;
    if (scene_run(&scene, outcome) == 0)
        scene_gate(&scene, outcome, "little", mutation != MUTATION_NONE);
    scene_free(&scene);
}

void test_mutant_outliers(struct outcome *outcome)
{
    law(outcome, MUTATION_NONE);
    law(outcome, MUTATION_OUTLIERS);
}

/* A tenth of a second in which the generator does nothing. */
static void stop_generator(struct scene *scene, int64_t window_start_ns)
{
    pid_t pids[64];
    int count = scene_generator(scene, pids, 64);

    scene_sleep_until(window_start_ns + scene->plan.window_ns / 2);
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGSTOP);
    scene_sleep_until(load_now() + 100 * MS);
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGCONT);
}

void test_generator_stopped(struct outcome *outcome)
{
    struct scene scene = open_scene(300, 1500 * MS);

    scene.during = stop_generator;
    if (scene_run(&scene, outcome) == 0) {
        scene_identity(&scene, outcome);
        scene_gate(&scene, outcome, "generator_lag", true);
    }
    scene_free(&scene);
}

void test_generator_backlog(struct outcome *outcome)
{
    struct scene scene = open_scene(0, 500 * MS);

    scene.script.deaf = true;
    scene.watched = true;
    scene.plan.mode = LOAD_CLOSED;
    scene.plan.connections = 32;
    scene.plan.connect_ns = 500 * MS;
    scene.plan.timeout_ns = 1000 * MS;
    if (scene_run(&scene, outcome) == 0) {
        scene_gate(&scene, outcome, "connections", true);
        scene_gate(&scene, outcome, "answers", true);
        if (machine_grown(&scene.machine_first, &scene.machine_last,
                          MACHINE_LISTEN_OVERFLOWS) >= 0)
            scene_gate(&scene, outcome, "kernel_drops", true);
        outcome_count(outcome, "right answers", scene.result->ok, 0);
    }
    scene_free(&scene);
}

/* A network of this process's own, with eight ports to connect from. Returns
 * 0 or a negative errno. */
static int narrow_ports(void)
{
    struct ifreq interface = {.ifr_name = "lo"};
    int fd, result = 0;
    FILE *file;

    if (unshare(CLONE_NEWNET) < 0)
        return -errno;
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    interface.ifr_flags = IFF_UP;
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &interface) < 0)
        result = -errno;
    if (fd >= 0)
        close(fd);
    file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "we");
    if (file == NULL)
        return -errno;
    fprintf(file, "40000 40007\n");
    return fclose(file) == 0 ? result : -errno;
}

void test_generator_ports(struct outcome *outcome)
{
    struct scene scene = open_scene(0, 500 * MS);
    int result = narrow_ports();

    if (result < 0) {
        snprintf(outcome->skipped, sizeof(outcome->skipped),
                 "a network with few ports cannot be made: %s",
                 strerror(-result));
        return;
    }
    scene.plan.mode = LOAD_CLOSED;
    scene.plan.connections = 32;
    scene.plan.connect_ns = 500 * MS;
    scene.plan.timeout_ns = 1000 * MS;
    if (scene_run(&scene, outcome) == 0) {
        scene_gate(&scene, outcome, "limits", true);
        scene_gate(&scene, outcome, "connections", true);
    }
    scene_free(&scene);
}
