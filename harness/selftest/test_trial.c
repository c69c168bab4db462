/* SPDX-License-Identifier: MIT
 *
 * What goes wrong beside a trial: a backend that stops again and again, a
 * server that is killed, moved, taken out of its groups or starved of
 * descriptors, others on its CPU.
 *
 * One real trial of a good server; then, one at a time, a fact is written into
 * it that this machine cannot be made to show at will: a swapped page, a
 * stolen CPU, a suspended machine. Each must be noticed by its own gate.
 */
#include "tests.h"

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

#include "fixture.h"
#include "harness/load/load.h"
#include "scenario.h"

static const int64_t MS = 1000000;

void test_trial_good(struct outcome *outcome)
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

/* Stops and continues the backend: 20 ms of every 100. */
static void stutter(const struct scenario *scenario, pid_t server)
{
    pid_t victim = scenario->backend.process.pid;

    (void)server;
    for (;;) {
        kill(victim, SIGSTOP);
        fixture_sleep_until(load_now() + 20 * MS);
        kill(victim, SIGCONT);
        fixture_sleep_until(load_now() + 80 * MS);
    }
}

void test_trial_late_backend(struct outcome *outcome)
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

/* One disturber, one or two gates that must notice. */
static void disturbed(struct outcome *outcome,
                      void (*disturb)(const struct scenario *, pid_t),
                      const char *gate, const char *other)
{
    struct scenario scenario;

    if (scenario_prepare(&scenario, "wait", "delay=5ms", outcome) == 0) {
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

void test_trial_killed(struct outcome *outcome)
{
    disturbed(outcome, kill_server, "server_alive", "errors");
}

static void stop_server(const struct scenario *scenario, pid_t server)
{
    (void)scenario;
    kill(server, SIGSTOP);
}

/* Stopped for good: it does not end when told to. */
void test_trial_stopped(struct outcome *outcome)
{
    disturbed(outcome, stop_server, "server_clean", NULL);
}

static void move_server(const struct scenario *scenario, pid_t server)
{
    char path[64];
    struct dirent *entry;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%d/task", (int)server);
    tasks = opendir(path);
    while (tasks && (entry = readdir(tasks)))
        if (atoi(entry->d_name) > 0)
            sched_setaffinity((pid_t)atoi(entry->d_name),
                              sizeof scenario->cpus.clients,
                              &scenario->cpus.clients);
    if (tasks)
        closedir(tasks);
}

void test_trial_moved(struct outcome *outcome)
{
    struct cpu_split cpus;

    placement_split(PLACEMENT_SPLIT, &cpus);
    disturbed(outcome, move_server, "placement", NULL);
    if (!cpus.apart)
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "one CPU: there is none to move the server to");
}

/* Puts the process into the root group of every hierarchy that will have
 * it. */
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

void test_trial_left_group(struct outcome *outcome)
{
    disturbed(outcome, leave_groups, "server_in_group", NULL);
}

/* Busy loops: on the server's CPUs, enough for a fifth of the machine. */
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
    disturbed(outcome, burn, "foreign_cpu", NULL);
}

/* Leaves the server so few descriptors that it cannot take everybody. */
static void starve(const struct scenario *scenario, pid_t server)
{
    struct rlimit few = {16, 16};

    (void)scenario;
    prlimit(server, RLIMIT_NOFILE, &few, NULL);
}

void test_trial_descriptors(struct outcome *outcome)
{
    struct scenario scenario;

    if (scenario_prepare(&scenario, "wait", "delay=5ms", outcome) == 0) {
        scenario.on_start = starve;
        scenario_run(&scenario);
        scenario_gate_fails(&scenario, outcome, "limits");
    }
    scenario_end(&scenario);
}

static double window_ns(const struct trial *trial)
{
    return (double)(trial->load->window_end_ns - trial->load->window_start_ns);
}

static void miscount(struct scenario *scenario)
{
    scenario->trial->load->scheduled++;
}

static void lose_answers(struct scenario *scenario)
{
    struct load_result *load = scenario->trial->load;

    load->completed_in_window -= load->completed_in_window / 5;
}

static void rest_connections(struct scenario *scenario)
{
    scenario->trial->load->in_flight_integral_ns *= 0.8;
}

static void close_one(struct scenario *scenario)
{
    scenario->trial->load->connections_open--;
}

static void slope(struct scenario *scenario)
{
    for (int i = 0; i < LOAD_PARTS; i++)
        scenario->trial->load->parts[i] = (uint64_t)(10000 + 1000 * i);
}

static void be_busy(struct scenario *scenario)
{
    struct load_result *load = scenario->trial->load;
    double cpus = load->processes;

    load->cpu_ns = (int64_t)(0.95 * cpus * window_ns(scenario->trial));
}

static void sample_late(struct scenario *scenario)
{
    scenario->trial->last.at_ns += 100 * MS;
}

static void stand_still(struct scenario *scenario)
{
    histogram_record(&scenario->trial->platform.lateness, 60 * MS);
}

static void suspend(struct scenario *scenario)
{
    scenario->trial->machine_last.asleep_ns += 5000 * MS;
}

static void slow_down(struct scenario *scenario)
{
    scenario->plan.usual_speed = 1.3 * scenario->trial->platform.speed_per_us;
}

static void watch_closely(struct scenario *scenario)
{
    struct metronome_report *platform = &scenario->trial->platform;

    platform->cost_ns =
        (int64_t)(0.05 * platform->cpus * window_ns(scenario->trial));
}

static void steal(struct scenario *scenario)
{
    struct machine_sample *last = &scenario->trial->machine_last;

    last->steal_ns += (int64_t)(0.05 * last->cpus * window_ns(scenario->trial));
}

static void count_one(struct scenario *scenario, enum machine_counter counter)
{
    scenario->trial->machine_last.counters[counter]++;
}

static void swap(struct scenario *scenario)
{
    count_one(scenario, MACHINE_SWAPPED_OUT);
}

static void kill_for_memory(struct scenario *scenario)
{
    count_one(scenario, MACHINE_OOM_KILLS);
}

static void drop_connection(struct scenario *scenario)
{
    count_one(scenario, MACHINE_LISTEN_DROPS);
}

static void read_page(struct scenario *scenario)
{
    scenario->trial->faults_last++;
}

static void answer_early(struct scenario *scenario)
{
    histogram_record(&scenario->trial->load->service, 1 * MS);
}

static void start_again(struct scenario *scenario)
{
    scenario->trial->listeners_last++;
}

static void look_too_long(struct scenario *scenario)
{
    scenario->trial->sampler.cpu_ns += 100 * MS;
}

static const struct fact {
    const char *gate, *what;
    void (*write)(struct scenario *scenario);
} facts[] = {
    {"identity", "one request more than accounted for", miscount},
    {"service_floor", "an answer after 1 ms of 5", answer_early},
    {"server_restarted", "another listening socket", start_again},
    {"sampler_cost", "looks that took 100 ms more", look_too_long},
    {"little", "a fifth of the answers not counted", lose_answers},
    {"in_flight", "connections idle for a fifth", rest_connections},
    {"connections", "one connection less", close_one},
    {"steady", "a rate that rises", slope},
    {"generator_busy", "a generator at 95 %", be_busy},
    {"sampler", "a sample 100 ms late", sample_late},
    {"clock", "a machine that stood still", stand_still},
    {"clock", "a machine that was suspended", suspend},
    {"machine_speed", "a machine 30 % slower", slow_down},
    {"metronome_cost", "a metronome that takes 5 %", watch_closely},
    {"steal", "5 % of the CPUs stolen", steal},
    {"swap", "a page swapped out", swap},
    {"swap", "a process killed for memory", kill_for_memory},
    {"major_faults", "a page read from the disk", read_page},
    {"kernel_drops", "a connection dropped", drop_connection},
};

/* A gate that cannot judge on this machine has nothing to be checked. */
static void check(struct scenario *scenario, struct outcome *outcome,
                  const struct fact *fact)
{
    const struct gate *gate;
    char expected[64];

    fact->write(scenario);
    scenario_judge(scenario);
    gate = scenario_gate(scenario, fact->gate);
    if (gate && gate->ok && !gate->applied)
        return;
    snprintf(expected, sizeof expected, "gate %s fails", fact->gate);
    outcome_words(outcome, fact->what, expected,
                  gate ? gate->words : "no such gate", gate && !gate->ok);
}

static void check_all(struct scenario *scenario, struct outcome *outcome)
{
    struct trial trial = *scenario->trial;
    struct trial_spec plan = scenario->plan;
    struct load_result *load = malloc(sizeof *load);

    if (!load) {
        outcome_broken(outcome, "memory", -ENOMEM);
        return;
    }
    *load = *trial.load;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        check(scenario, outcome, &facts[i]);
        scenario->plan = plan;
        *scenario->trial = trial;
        *scenario->trial->load = *load;
    }
    free(load);
}

void test_trial_facts(struct outcome *outcome)
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
