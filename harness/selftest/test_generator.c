/* SPDX-License-Identifier: MIT
 *
 * The generator is disturbed in realistic ways: sends delayed, other processes
 * on its CPU, a rate that it cannot reach.
 */
#include "tests.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fixture.h"
#include "harness/base/child.h"
#include "harness/load/load.h"

static const int64_t MS = 1000000;

enum { HOGS = 6 };

static struct fixture open_fixture(double rate_per_s, int64_t window_ns)
{
    return (struct fixture){
        .script = {.delay = {DELAY_FIXED, 5 * MS, 0, 0}},
        .spec = {.mode = LOAD_OPEN,
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

static void test_generator_good_open(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(300, 2000 * MS);

    if (fixture_run(&fixture, outcome) == 0) {
        fixture_passes(&fixture, outcome);
        fixture_identity(&fixture, outcome);
    }
    fixture_free(&fixture);
}

static void test_generator_good_closed(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(0, 2000 * MS);

    fixture.spec.mode = LOAD_CLOSED;
    fixture.spec.connections = 10;
    if (fixture_run(&fixture, outcome) == 0)
        fixture_passes(&fixture, outcome);
    fixture_free(&fixture);
}

static void test_generator_slow(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(300, 1500 * MS);

    fixture.spec.mutation = MUTATION_SLOW;
    if (fixture_run(&fixture, outcome) == 0) {
        fixture_identity(&fixture, outcome);
        /* The gate allows 5 % of the p99. If the machine's stalls raise the
         * p99 above 20 ms, the planted millisecond rightly passes. */
        if (stalls_allow_ns(&fixture.stalls, 99,
                            fixture.result->response.count) < 15e6)
            fixture_gate(&fixture, outcome, "generator_lag", true);
        fixture_gate(&fixture, outcome, "generator_lag_median", true);
    }
    fixture_free(&fixture);
}

static _Noreturn void hog(const cpu_set_t *cpus, pid_t parent)
{
    volatile uint64_t turns = 0;

    child_dies_with(parent);
    sched_setaffinity(0, sizeof *cpus, cpus);
    for (;;)
        turns++;
}

static void starve(struct fixture *fixture, int64_t window_start_ns)
{
    pid_t pids[HOGS * 64], parent = getpid();
    int count = HOGS * fixture->cpus.clients_count;

    count = count < HOGS * 64 ? count : HOGS * 64;
    for (int i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            hog(&fixture->cpus.clients, parent);
    }
    clock_sleep_until(window_start_ns + fixture->spec.window_ns);
    for (int i = 0; i < count; i++) {
        if (pids[i] > 0)
            child_end(pids[i]);
    }
}

static void test_generator_starved(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(500, 1500 * MS);

    fixture.during = starve;
    fixture.hogged = true;
    if (fixture_run(&fixture, outcome) == 0) {
        fixture_identity(&fixture, outcome);
        fixture_gate(&fixture, outcome, "generator_lag", true);
    }
    fixture_free(&fixture);
}

/* The rate is far above what one process can send; answers come at once. */
static void test_generator_saturated(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(1e6, 500 * MS);

    fixture.script.delay.mean_ns = 0;
    fixture.hogged = true;
    fixture.spec.warmup_ns = 0;
    fixture.spec.timeout_ns = 1000 * MS;
    if (fixture_run(&fixture, outcome) == 0) {
        fixture_identity(&fixture, outcome);
        fixture_gate(&fixture, outcome, "generator_busy", true);
    }
    fixture_free(&fixture);
}

/* Stops the generator for a tenth of a second. */
static void stop_generator(struct fixture *fixture, int64_t window_start_ns)
{
    pid_t pids[64];
    int count = fixture_generator(fixture, pids, 64);

    clock_sleep_until(window_start_ns + fixture->spec.window_ns / 2);
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGSTOP);
    clock_sleep_until(clock_now_ns() + 100 * MS);
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGCONT);
}

static void test_generator_stopped(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(300, 1500 * MS);

    fixture.during = stop_generator;
    if (fixture_run(&fixture, outcome) == 0) {
        fixture_identity(&fixture, outcome);
        fixture_gate(&fixture, outcome, "generator_lag", true);
    }
    fixture_free(&fixture);
}

static void test_generator_backlog(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(0, 500 * MS);

    fixture.script.deaf = true;
    fixture.watched = true;
    fixture.spec.mode = LOAD_CLOSED;
    fixture.spec.connections = 32;
    fixture.spec.connect_ns = 500 * MS;
    fixture.spec.timeout_ns = 1000 * MS;
    if (fixture_run(&fixture, outcome) == 0) {
        fixture_gate(&fixture, outcome, "connections", true);
        fixture_gate(&fixture, outcome, "answers", true);
        if (machine_grown(&fixture.machine_first, &fixture.machine_last,
                          MACHINE_LISTEN_OVERFLOWS) >= 0)
            fixture_gate(&fixture, outcome, "kernel_drops", true);
        outcome_count(outcome, "right answers", fixture.result->ok, 0);
    }
    fixture_free(&fixture);
}

/* Moves this process to a new network namespace with eight ports to connect
 * from. Returns 0 or a negative errno. */
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
    if (!file)
        return -errno;
    fprintf(file, "40000 40007\n");
    return fclose(file) == 0 ? result : -errno;
}

static void test_generator_ports(struct outcome *outcome)
{
    struct fixture fixture = open_fixture(0, 500 * MS);
    int result = narrow_ports();

    if (result < 0) {
        snprintf(outcome->skipped, sizeof outcome->skipped,
                 "a network with few ports cannot be made: %s",
                 strerror(-result));
        return;
    }
    fixture.spec.mode = LOAD_CLOSED;
    fixture.spec.connections = 32;
    fixture.spec.connect_ns = 500 * MS;
    fixture.spec.timeout_ns = 1000 * MS;
    if (fixture_run(&fixture, outcome) == 0) {
        fixture_gate(&fixture, outcome, "limits", true);
        fixture_gate(&fixture, outcome, "connections", true);
    }
    fixture_free(&fixture);
}

const struct selftest_test selftest_generator_tests[] = {
    {"good-open", "generator", "a server of 5 ms, 300 requests/s",
     "no gate at all", test_generator_good_open, .alone = true, .noisy = true},
    {"good-closed", "generator", "a server of 5 ms, 10 connections",
     "no gate at all", test_generator_good_closed, .alone = true,
     .noisy = true},
    {"generator-slow", "generator", "each send 1 ms late",
     "gates generator_lag and generator_lag_median", test_generator_slow,
     .alone = true},
    {"generator-starved", "generator",
     "six busy loops on each of the generator's CPUs", "gate generator_lag",
     test_generator_starved, .alone = true, .noisy = true},
    {"generator-saturated", "generator", "a million requests/s asked for",
     "gate generator_busy", test_generator_saturated, .alone = true,
     .noisy = true},
    {"backlog-overflow", "generator",
     "a server with the shortest backlog that accepts nobody",
     "gates connections, answers and kernel_drops", test_generator_backlog,
     .alone = true},
    {"generator-stopped", "generator", "a generator stopped for 0.1 s of 1.5",
     "gate generator_lag", test_generator_stopped, .alone = true},
    {"generator-ports", "generator", "eight local ports for 32 connections",
     "gates limits and connections", test_generator_ports, .alone = true},
    {0},
};
