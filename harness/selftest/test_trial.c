/* SPDX-License-Identifier: MIT
 *
 * What goes wrong beside a trial: a backend that stops again and again, a
 * server that is killed, moved, taken out of its groups or starved of
 * descriptors, others on its CPU; and facts that cannot be made to happen
 * (swap, steal, a suspended machine), written into a good trial.
 */
#include "test_trial.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/load/load.h"
#include "play.h"
#include "scene.h"

static const int64_t MS = 1000000;

void test_trial_good(struct outcome *outcome)
{
    struct play play;

    if (play_prepare(&play, "wait", "delay=5ms", outcome) == 0) {
        play_carry_out(&play);
        play_silent(&play, outcome);
        if (play.trial->end == TRIAL_DONE) {
            outcome_count(outcome, "wrong bodies", play.trial->load->wrong, 0);
            outcome_time(outcome, "mean",
                         histogram_mean_ns(&play.trial->load->service), 5e6,
                         8e6);
        }
    }
    play_end(&play);
}

/* Stops and continues the backend: 20 ms of every 100. */
static void stutter(const struct play *play, pid_t server)
{
    pid_t victim = play->backend.process.pid;

    (void)server;
    for (;;) {
        kill(victim, SIGSTOP);
        scene_sleep_until(load_now() + 20 * MS);
        kill(victim, SIGCONT);
        scene_sleep_until(load_now() + 80 * MS);
    }
}

void test_trial_late_backend(struct outcome *outcome)
{
    struct play play;
    char why[256] = "";
    int result = play_prepare(&play, "fetch", "delay=5ms&calls=1", outcome);

    if (result == 0) {
        result = backend_server_ensure(&play.backend, &play.cpus.clients, 0,
                                       why, sizeof(why));
        if (result < 0)
            outcome_broken(outcome, "the backend", result);
    }
    if (result == 0) {
        play.greet = stutter;
        play_carry_out(&play);
        kill(play.backend.process.pid, SIGCONT);
        play_loud(&play, outcome, "backend_lateness");
    }
    play_end(&play);
}

/* One intruder, one or two gates that must notice. */
static void intruded(struct outcome *outcome,
                     void (*intrude)(const struct play *, pid_t),
                     const char *gate, const char *other)
{
    struct play play;

    if (play_prepare(&play, "wait", "delay=5ms", outcome) == 0) {
        play.intrude = intrude;
        play_carry_out(&play);
        play_loud(&play, outcome, gate);
        if (other != NULL)
            play_loud(&play, outcome, other);
    }
    play_end(&play);
}

static void assassinate(const struct play *play, pid_t server)
{
    (void)play;
    kill(server, SIGKILL);
}

void test_trial_killed(struct outcome *outcome)
{
    intruded(outcome, assassinate, "server_alive", "errors");
}

static void hang(const struct play *play, pid_t server)
{
    (void)play;
    kill(server, SIGSTOP);
}

/* Stopped for good: it does not end when told to. */
void test_trial_stopped(struct outcome *outcome)
{
    intruded(outcome, hang, "server_clean", NULL);
}

static void displace(const struct play *play, pid_t server)
{
    char path[64];
    struct dirent *entry;
    DIR *tasks;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)server);
    tasks = opendir(path);
    while (tasks != NULL && (entry = readdir(tasks)) != NULL)
        if (atoi(entry->d_name) > 0)
            sched_setaffinity((pid_t)atoi(entry->d_name),
                              sizeof(play->cpus.clients), &play->cpus.clients);
    if (tasks != NULL)
        closedir(tasks);
}

void test_trial_moved(struct outcome *outcome)
{
    struct cpu_split cpus;

    placement_split(PLACEMENT_SPLIT, &cpus);
    intruded(outcome, displace, "placement", NULL);
    if (!cpus.apart)
        snprintf(outcome->skipped, sizeof(outcome->skipped),
                 "one CPU: there is none to move the server to");
}

/* Puts the process into the root group of every hierarchy that will have
 * it. */
static void deport(const struct play *play, pid_t server)
{
    char line[4096], at[1024], type[64], path[1100];
    FILE *mounts = fopen("/proc/self/mounts", "re");

    (void)play;
    while (mounts != NULL && fgets(line, sizeof(line), mounts) != NULL) {
        FILE *file;

        if (sscanf(line, "%*s %1023s %63s", at, type) != 2 ||
            strncmp(type, "cgroup", 6) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/cgroup.procs", at);
        file = fopen(path, "we");
        if (file == NULL)
            continue;
        fprintf(file, "%d\n", (int)server);
        fclose(file);
    }
    if (mounts != NULL)
        fclose(mounts);
}

void test_trial_left_group(struct outcome *outcome)
{
    intruded(outcome, deport, "server_in_group", NULL);
}

/* Busy loops: on the server's CPUs, enough for a fifth of the machine. */
static void burn(const struct play *play, pid_t server)
{
    long loops = sysconf(_SC_NPROCESSORS_ONLN) / 5 + 1;
    volatile uint64_t turns = 0;

    (void)server;
    sched_setaffinity(0, sizeof(play->cpus.server), &play->cpus.server);
    while (--loops > 0) {
        pid_t parent = getpid();

        if (fork() != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        break;
    }
    for (;;)
        turns++;
}

void test_trial_foreign(struct outcome *outcome)
{
    intruded(outcome, burn, "foreign_cpu", NULL);
}

/* Leaves the server so few descriptors that it cannot take everybody. */
static void starve(const struct play *play, pid_t server)
{
    struct rlimit few = {16, 16};

    (void)play;
    prlimit(server, RLIMIT_NOFILE, &few, NULL);
}

void test_trial_descriptors(struct outcome *outcome)
{
    struct play play;

    if (play_prepare(&play, "wait", "delay=5ms", outcome) == 0) {
        play.greet = starve;
        play_carry_out(&play);
        play_loud(&play, outcome, "limits");
    }
    play_end(&play);
}
