/* SPDX-License-Identifier: MIT
 *
 * Whole trials with a real fault: a backend that stops again and again, a
 * server that is killed, moved, taken out of its groups or starved of
 * descriptors, other processes on its CPU. And one good trial, into which the
 * faults of planted.h are written.
 */
#include "tests.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"
#include "harness/base/child.h"
#include "harness/load/load.h"
#include "planted.h"
#include "scenario.h"

static const int64_t MS = 1000000;

static void test_trial_good(struct outcome *outcome)
{
    struct scenario scenario;

    if (scenario_prepare(&scenario, "wait", "delay=5ms", outcome) == 0) {
        scenario_run(&scenario);
        scenario_passes(&scenario, outcome);
        if (scenario.trial->end == TRIAL_DONE) {
            outcome_count(outcome, "wrong bodies", scenario.trial->load->wrong,
                          0);
            outcome_time(outcome, "mean",
                         histogram_mean_ns(&scenario.trial->load->service), 5e6,
                         8e6);
        }
    }
    scenario_end(&scenario);
}

/* Stops the backend for 20 ms of every 100. */
static void stutter(const struct scenario *scenario, pid_t server)
{
    pid_t victim = scenario->backend.process.pid;

    (void)server;
    for (;;) {
        kill(victim, SIGSTOP);
        clock_sleep_until(clock_now_ns() + 20 * MS);
        kill(victim, SIGCONT);
        clock_sleep_until(clock_now_ns() + 80 * MS);
    }
}

static void test_trial_late_backend(struct outcome *outcome)
{
    struct scenario scenario;
    char why[256] = "";
    int result =
        scenario_prepare(&scenario, "fetch", "delay=5ms&calls=1", outcome);

    if (result == 0) {
        result = backend_server_ensure(
            &scenario.backend, &scenario.cpus.clients, 0, why, sizeof why);
        if (result < 0)
            outcome_broken(outcome, "the backend", result);
    }
    if (result == 0) {
        scenario.on_start = stutter;
        scenario_run(&scenario);
        kill(scenario.backend.process.pid, SIGCONT);
        scenario_gate_fails(&scenario, outcome, "backend_lateness");
    }
    scenario_end(&scenario);
}

/* Runs a trial with a disturber; one or two gates must fail. */
static void disturbed(struct outcome *outcome,
                      void (*on_start)(const struct scenario *, pid_t),
                      void (*disturb)(const struct scenario *, pid_t),
                      const char *gate, const char *other)
{
    struct scenario scenario;

    if (scenario_prepare(&scenario, "wait", "delay=5ms", outcome) == 0) {
        scenario.on_start = on_start;
        scenario.disturb = disturb;
        scenario_run(&scenario);
        scenario_gate_fails(&scenario, outcome, gate);
        if (other)
            scenario_gate_fails(&scenario, outcome, other);
    }
    scenario_end(&scenario);
}

static void kill_server(const struct scenario *scenario, pid_t server)
{
    (void)scenario;
    kill(server, SIGKILL);
}

static void test_trial_killed(struct outcome *outcome)
{
    disturbed(outcome, NULL, kill_server, "server_alive", "errors");
}

static void stop_server(const struct scenario *scenario, pid_t server)
{
    (void)scenario;
    kill(server, SIGSTOP);
}

/* A server that is stopped for good does not end when told to. */
static void test_trial_stopped(struct outcome *outcome)
{
    disturbed(outcome, NULL, stop_server, "server_clean", NULL);
}

static void move_server(const struct scenario *scenario, pid_t server)
{
    placement_move(server, &scenario->cpus.clients);
}

static void test_trial_moved(struct outcome *outcome)
{
    struct cpu_split cpus;

    placement_split(PLACEMENT_SPLIT, &cpus);
    disturbed(outcome, NULL, move_server, "placement", NULL);
    if (!cpus.apart)
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "one CPU: there is none to move the server to");
}

/* Moves the server into the root group of every hierarchy that allows it. */
static void leave_groups(const struct scenario *scenario, pid_t server)
{
    char line[4096], at[1024], type[64], path[1100];
    FILE *mounts = fopen("/proc/self/mounts", "re");

    (void)scenario;
    while (mounts && fgets(line, sizeof line, mounts)) {
        FILE *file;

        if (sscanf(line, "%*s %1023s %63s", at, type) != 2 ||
            strncmp(type, "cgroup", 6) != 0)
            continue;
        snprintf(path, sizeof path, "%s/cgroup.procs", at);
        file = fopen(path, "we");
        if (!file)
            continue;
        fprintf(file, "%d\n", (int)server);
        fclose(file);
    }
    if (mounts)
        fclose(mounts);
}

static void test_trial_left_group(struct outcome *outcome)
{
    disturbed(outcome, NULL, leave_groups, "server_in_group", NULL);
}

/* Runs busy loops on the server's CPUs, enough to use a fifth of the machine.
 */
static void burn(const struct scenario *scenario, pid_t server)
{
    long loops = sysconf(_SC_NPROCESSORS_ONLN) / 5 + 1;
    volatile uint64_t turns = 0;

    (void)server;
    sched_setaffinity(0, sizeof scenario->cpus.server, &scenario->cpus.server);
    while (--loops > 0) {
        pid_t parent = getpid();

        if (fork() != 0)
            continue;
        child_dies_with(parent);
        break;
    }
    for (;;)
        turns++;
}

static void test_trial_foreign(struct outcome *outcome)
{
    disturbed(outcome, NULL, burn, "foreign_cpu", NULL);
}

/* A server that may use 3 % of a CPU, and a judge who was not told. */
static void test_trial_quota(struct outcome *outcome)
{
    struct scenario scenario;

    if (scenario_prepare(&scenario, "wait", "delay=5ms", outcome) == 0) {
        scenario.point.cpu_quota = 0.03;
        scenario_run(&scenario);
        if (scenario.trial->end != TRIAL_DONE &&
            strstr(scenario.trial->failure, "with a CPU quota"))
            snprintf(outcome->skipped, sizeof outcome->skipped, "%.150s",
                     scenario.trial->failure);
        scenario.point.cpu_quota = 0;
        scenario_judge(&scenario);
        scenario_gate_fails(&scenario, outcome, "cpu_quota");
    }
    scenario_end(&scenario);
}

/* Leaves the server too few descriptors for all connections. */
static void starve(const struct scenario *scenario, pid_t server)
{
    struct rlimit few = {16, 16};

    (void)scenario;
    prlimit(server, RLIMIT_NOFILE, &few, NULL);
}

static void test_trial_descriptors(struct outcome *outcome)
{
    disturbed(outcome, starve, NULL, "limits", NULL);
}

/* Plants one fault after another, each into the trial as it was. */
static void check_all(struct scenario *scenario, struct outcome *outcome)
{
    const struct good_trial good = {&scenario->plan, &scenario->point,
                                    scenario->trial};
    const struct trial trial = *scenario->trial;
    const struct trial_spec plan = scenario->plan;
    const struct load_point point = scenario->point;
    struct load_result *load = malloc(sizeof *load);

    if (!load) {
        outcome_broken(outcome, "memory", -ENOMEM);
        return;
    }
    *load = *trial.load;
    for (const struct planted_fault *fault = planted_faults; fault->gate;
         fault++) {
        char expected[64];

        fault->plant(&good);
        scenario_judge(scenario);
        const struct gate *gate = scenario_gate(scenario, fault->gate);

        snprintf(expected, sizeof expected, "gate %s fails", fault->gate);
        outcome_words(outcome, fault->what, expected,
                      gate ? gate->words : "no such gate", gate && !gate->ok);
        scenario->plan = plan;
        scenario->point = point;
        *scenario->trial = trial;
        *scenario->trial->load = *load;
    }
    free(load);
}

static void test_trial_facts(struct outcome *outcome)
{
    struct scenario scenario;

    if (scenario_prepare(&scenario, "wait", "delay=5ms", outcome) == 0) {
        scenario_run(&scenario);
        if (scenario.trial->end == TRIAL_DONE)
            check_all(&scenario, outcome);
        else
            outcome_words(outcome, "a good trial", "is carried out",
                          scenario.trial->failure, false);
    }
    scenario_end(&scenario);
}

const struct selftest_test selftest_trial_tests[] = {
    {"trial-good", "trial", "a whole trial of event-loop, nothing wrong",
     "no gate at all", test_trial_good, .alone = true, .noisy = true},
    {"trial-late-backend", "trial", "a backend stopped for 20 ms of every 100",
     "gate backend_lateness", test_trial_late_backend, .alone = true},
    {"trial-killed", "trial", "a server killed in the window",
     "gates server_alive and errors", test_trial_killed, .alone = true},
    {"trial-stopped", "trial", "a server stopped for good in the window",
     "gate server_clean", test_trial_stopped, .alone = true},
    {"trial-moved", "trial", "a server moved to other CPUs in the window",
     "gate placement", test_trial_moved, .alone = true},
    {"trial-left-group", "trial", "a server that leaves its groups",
     "gate server_in_group", test_trial_left_group, .alone = true},
    {"trial-foreign", "trial", "other work on the server's CPUs",
     "gate foreign_cpu", test_trial_foreign, .alone = true},
    {"trial-quota", "trial", "a server under a CPU quota that nobody asked for",
     "gate cpu_quota", test_trial_quota, .alone = true},
    {"trial-descriptors", "trial", "a server with too few descriptors",
     "gate limits", test_trial_descriptors, .alone = true},
    {"trial-facts", "trial",
     "a fault for every gate, one by one, written into a good trial",
     "the gate of each", test_trial_facts, .alone = true},
    {0},
};
