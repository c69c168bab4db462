/* SPDX-License-Identifier: MIT
 *
 * Each process writes its beats to a ring in shared memory and publishes a beat
 * by incrementing `count`. A slot is reused after 13 minutes, so a reader of
 * the last trial's beats needs no lock.
 *
 * The work is measured in the thread's CPU time, since being preempted does not
 * mean that the CPU is slow. After a beat that is more than a period late, the
 * beats in between are not caught up: they count as missed.
 */
#include "metronome.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/base/child.h"
#include "models/runtime/base/clock.h"
#include "urgency.h"

enum { RING = 16384, CPUS_MAX = 256, CALIBRATION = 20000 };

static const int64_t PERIOD_NS = 50000000;
static const int64_t WORK_NS = 100000;

struct beat {
    int64_t due_ns, late_ns, work_ns,
        cost_ns; /* cost: CPU time since the process started */
};

struct pulse {
    _Atomic uint64_t count; /* beats written so far */
    _Atomic bool realtime;
    struct beat ring[RING];
};

struct metronome {
    int cpus, steps;
    pid_t pids[CPUS_MAX];
    struct pulse *pulses; /* of each CPU */
    size_t pulses_bytes;
};

/* Arithmetic in registers, so that a server cannot slow it down through the
 * cache. */
static uint64_t work(uint64_t x, int steps)
{
    for (int i = 0; i < steps; i++) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        x *= UINT64_C(0x2545f4914f6cdd1d);
    }
    return x;
}

static int64_t time_work(int steps)
{
    static volatile uint64_t kept = 1;
    int64_t start_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);

    kept = work(kept, steps);
    return clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns;
}

/* Returns how many steps take WORK_NS. All CPUs use this number for the whole
 * run. */
static int calibrate(void)
{
    int64_t best_ns = INT64_MAX;

    for (int i = 0; i < 20; i++) {
        int64_t ns = time_work(CALIBRATION);

        best_ns = ns < best_ns ? ns : best_ns;
    }
    return (int)(WORK_NS * CALIBRATION / (best_ns > 0 ? best_ns : 1)) + 1;
}

static void beat(struct pulse *pulse, int64_t due_ns, int steps)
{
    uint64_t count = atomic_load(&pulse->count);
    struct beat *entry = &pulse->ring[count % RING];

    clock_sleep_until(due_ns);
    entry->late_ns = clock_now_ns() - due_ns;
    entry->due_ns = due_ns;
    time_work(steps / 10); /* warm-up: after a sleep the code is cold */
    entry->work_ns = time_work(steps);
    entry->cost_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    atomic_store(&pulse->count, count + 1);
}

static _Noreturn void child(struct pulse *pulse, int cpu, int steps,
                            int64_t first_ns, pid_t parent)
{
    int null = open("/dev/null", O_RDWR);
    cpu_set_t one;

    child_dies_with(parent);
    child_ignore_signals();
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    close_range(3, ~0U, 0);
    prctl(PR_SET_TIMERSLACK, 1UL);
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    atomic_store(&pulse->realtime, urgency_give(0, URGENCY_METRONOME));
    for (int64_t due_ns = first_ns;; due_ns += PERIOD_NS) {
        int64_t behind_ns = clock_now_ns() - due_ns;

        if (behind_ns > PERIOD_NS)
            due_ns += behind_ns / PERIOD_NS * PERIOD_NS;
        beat(pulse, due_ns, steps);
    }
}

static int fork_all(struct metronome *metronome, const cpu_set_t *cpus)
{
    int64_t first_ns = clock_now_ns() + 10000000;
    pid_t parent = getpid();

    for (int cpu = 0; cpu < CPU_SETSIZE && metronome->cpus < CPUS_MAX; cpu++) {
        /* The CPUs beat one after another, not at one moment. */
        int64_t shift_ns = PERIOD_NS / CPU_COUNT(cpus) * metronome->cpus;
        pid_t pid;

        if (!CPU_ISSET(cpu, cpus))
            continue;
        pid = fork();
        if (pid < 0)
            return -errno;
        if (pid == 0)
            child(&metronome->pulses[metronome->cpus], cpu, metronome->steps,
                  first_ns + shift_ns, parent);
        metronome->pids[metronome->cpus++] = pid;
    }
    return 0;
}

int metronome_start(const cpu_set_t *cpus, struct metronome **out)
{
    struct metronome *metronome = calloc(1, sizeof *metronome);

    *out = NULL;
    if (!metronome)
        return -ENOMEM;
    metronome->pulses_bytes =
        (size_t)CPU_COUNT(cpus) * sizeof *metronome->pulses;
    metronome->pulses = child_share(metronome->pulses_bytes);
    if (!metronome->pulses) {
        free(metronome);
        return -ENOMEM;
    }
    metronome->steps = calibrate();
    int result = fork_all(metronome, cpus);
    if (result < 0) {
        metronome_stop(metronome);
        return result;
    }
    *out = metronome;
    return 0;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Adds one CPU's beats to the report; `works` has room for a ring. Returns the
 * median time of the work in ns; 0: no beats. */
static int64_t read_pulse(const struct pulse *pulse, int64_t start_ns,
                          int64_t end_ns, int64_t *works,
                          struct metronome_report *report)
{
    uint64_t count = atomic_load(&pulse->count);
    /* Skips the slot that may be written just now. */
    uint64_t from = count > RING - 1 ? count - (RING - 1) : 0;
    int64_t cost_from_ns = 0, cost_to_ns = 0;
    int beats = 0;

    for (uint64_t i = from; i < count; i++) {
        const struct beat *beat = &pulse->ring[i % RING];

        if (beat->due_ns >= end_ns)
            break;
        if (beat->due_ns >= start_ns) {
            works[beats++] = beat->work_ns;
            histogram_record(&report->lateness, beat->late_ns);
        } else {
            cost_from_ns = beat->cost_ns;
        }
        cost_to_ns = beat->cost_ns;
    }
    report->cost_ns += cost_to_ns - cost_from_ns;
    report->beats += beats;
    if (beats == 0)
        return 0;
    qsort(works, (size_t)beats, sizeof *works, ascending);
    return works[beats / 2];
}

void metronome_read(const struct metronome *metronome, int64_t start_ns,
                    int64_t end_ns, struct metronome_report *report)
{
    int64_t *works = malloc(RING * sizeof *works);
    int64_t slowest_ns = 0;
    int due = (int)((end_ns - start_ns) / PERIOD_NS) * metronome->cpus;

    *report = (struct metronome_report){.realtime = true};
    histogram_reset(&report->lateness);
    for (int i = 0; works && i < metronome->cpus; i++) {
        int64_t median =
            read_pulse(&metronome->pulses[i], start_ns, end_ns, works, report);

        report->realtime &= atomic_load(&metronome->pulses[i].realtime);
        if (median > slowest_ns)
            slowest_ns = median;
    }
    if (slowest_ns > 0)
        report->speed_per_us = 1e3 * metronome->steps / (double)slowest_ns;
    report->missed = due > report->beats ? due - report->beats : 0;
    report->cpus = report->beats > 0 ? metronome->cpus : 0;
    free(works);
}

void metronome_stop(struct metronome *metronome)
{
    if (!metronome)
        return;
    for (int i = 0; i < metronome->cpus; i++)
        child_end(metronome->pids[i]);
    munmap(metronome->pulses, metronome->pulses_bytes);
    free(metronome);
}
