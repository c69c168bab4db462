/* SPDX-License-Identifier: MIT
 *
 * Combines the readings of the groups (cgroup.c) and of /proc (proc.c). How far
 * to trust the figures: docs/method/memory-and-cpu.md.
 */
#include "meter.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "kernel.h"
#include "models/runtime/base/clock.h"
#include "proc.h"

struct meter {
    struct meter_cgroup groups;
    bool attached; /* to a tree that is not ours */
    char tag[128]; /* TROIKA_TREE=name */
    pid_t root;
    uint64_t root_started;
    int64_t stack_bytes;
    struct meter_pids pids; /* kept between samples to avoid allocations */

    /* Results of the last snapshot, for the estimates until the next one. */
    struct meter_sockets sockets;
    int64_t shared_bytes; /* bytes that each process beyond the first shares
                             with others; -1: there was only one process */
    uint64_t members;     /* a number that stands for the set of processes */
};

const char *meter_source_name(enum meter_source source)
{
    static const char *const names[] = {"cgroup-v2", "cgroup-v1", "estimate"};

    return names[source];
}

enum meter_source meter_source(const struct meter *meter)
{
    if (meter->groups.v2_memory)
        return METER_CGROUP_V2;
    return meter_cgroup_has_memory(&meter->groups) ? METER_CGROUP_V1
                                                   : METER_PROC;
}

/* Group names must be one path component. */
static void make_name(const char *name, char *text, size_t size)
{
    static atomic_uint sequence;

    int length = snprintf(text, size, "troika-%d-%u-%.60s", getpid(),
                          atomic_fetch_add(&sequence, 1), name ? name : "");
    for (int i = 0; i < length && (size_t)i < size && text[i]; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_.", text[i]))
            text[i] = '_';
}

int meter_open(const char *name, struct meter **meter, char *note,
               size_t note_size)
{
    const char *only = getenv("TROIKA_METER");
    char group[112];
    struct meter *made = calloc(1, sizeof *made);

    *meter = NULL;
    if (!made)
        return -ENOMEM;
    make_name(name, group, sizeof group);
    snprintf(made->tag, sizeof made->tag, "TROIKA_TREE=%s", group);
    bool any = !only || !*only;
    meter_cgroup_make(&made->groups, group, any || !strcmp(only, "v1"),
                      any || !strcmp(only, "v2"), note, note_size);
    if (!any && !meter_cgroup_has_memory(&made->groups))
        snprintf(note, note_size,
                 "TROIKA_METER=%.16s leaves no cgroup with memory accounting, "
                 "so memory is an estimate from /proc",
                 only);
    made->stack_bytes = meter_proc_stack_bytes();
    made->shared_bytes = -1;
    *meter = made;
    return 0;
}

int meter_attach(const char *name, pid_t root, struct meter **meter)
{
    struct meter *made = calloc(1, sizeof *made);
    char group[112];

    *meter = made;
    if (!made)
        return -ENOMEM;
    for (int i = 0; i < METER_GROUPS; i++)
        made->groups.enter_fd[i] = -1;
    make_name(name, group, sizeof group);
    snprintf(made->tag, sizeof made->tag, "TROIKA_TREE=%s", group);
    made->attached = true;
    made->stack_bytes = meter_proc_stack_bytes();
    made->shared_bytes = -1;
    if (root > 0)
        meter_set_root(made, root);
    return 0;
}

int meter_limit_cpu(struct meter *meter, double cpus)
{
    return meter_cgroup_limit_cpu(&meter->groups,
                                  meter->tag + strlen("TROIKA_TREE="), cpus);
}

void meter_throttled(const struct meter *meter,
                     struct meter_throttled *throttled)
{
    meter_cgroup_throttled(&meter->groups, throttled);
}

const char *meter_tag(const struct meter *meter)
{
    return meter->tag;
}

int meter_enter(const struct meter *meter)
{
    return meter_cgroup_enter(&meter->groups);
}

void meter_set_root(struct meter *meter, pid_t root)
{
    meter->root = root;
    meter->root_started = meter_proc_started(root);
}

const char *meter_group_v2(const struct meter *meter)
{
    return meter->groups.path[METER_GROUP_V2];
}

bool meter_has_group(const struct meter *meter)
{
    return meter_cgroup_any(&meter->groups);
}

static int list_members(const struct meter *meter, struct meter_pids *pids)
{
    if (meter_has_group(meter))
        return meter_cgroup_pids(&meter->groups, pids);
    return meter_proc_tree(meter->root, meter->root_started, meter->tag, pids);
}

/* Hashes the set of processes; their order does not matter. */
static uint64_t members_of(const struct meter_pids *pids)
{
    uint64_t sum = (uint64_t)pids->count;

    for (int i = 0; i < pids->count; i++) {
        uint64_t pid = (uint64_t)pids->pid[i] * 0x9e3779b97f4a7c15;

        sum += (pid ^ pid >> 29) * 0xbf58476d1ce4e5b9;
    }
    return sum;
}

/* Keeps what later samples need of a snapshot. */
static void learn(struct meter *meter, const struct meter_sums *sums)
{
    int others = sums->processes - 1;
    int64_t excess_bytes =
        sums->anonymous_bytes + sums->shared_max_bytes - sums->pss_user_bytes;

    meter->members = members_of(&meter->pids);
    if (others > 0)
        meter->shared_bytes = excess_bytes > 0 ? excess_bytes / others : 0;
}

/* Anonymous and shared memory, in which pages shared since a fork count once.
 * PSS counts them so; without PSS, what the processes shared in the last
 * snapshot is subtracted. If the processes are not those of the snapshot, what
 * they share is unknown. */
static int64_t user_bytes(const struct meter *meter,
                          const struct meter_sums *sums, bool pss,
                          int *is_least)
{
    int64_t all = sums->anonymous_bytes + sums->shared_max_bytes;
    int64_t least = sums->anonymous_max_bytes + sums->shared_max_bytes;

    if (pss && sums->pss_user_bytes > 0)
        return sums->pss_user_bytes;
    if (sums->processes < 2)
        return all;
    *is_least =
        meter->shared_bytes < 0 || meter->members != members_of(&meter->pids);
    if (*is_least)
        return least;
    all -= meter->shared_bytes * (sums->processes - 1);
    return all > least ? all : least;
}

/* Estimates memory without a group. Unknown parts are left out of the total. */
static void estimate_memory(const struct meter *meter,
                            const struct meter_sums *sums, bool pss,
                            struct meter_sample *sample)
{
    sample->user_is_least = 0;
    sample->user_bytes = user_bytes(meter, sums, pss, &sample->user_is_least);
    sample->page_table_bytes = sums->page_table_bytes;
    sample->total_bytes =
        sample->user_bytes + sample->kernel_stack_bytes +
        sample->page_table_bytes +
        meter_kernel_ahead_bytes(meter->root, sample->threads);
    if (!meter->sockets.known)
        return;
    sample->socket_bytes = meter->sockets.buffer_bytes;
    sample->slab_bytes = meter_kernel_slab_bytes(
        sample->processes, sample->threads, meter->sockets.count);
    sample->total_bytes += sample->socket_bytes;
    sample->total_bytes += sample->slab_bytes > 0 ? sample->slab_bytes : 0;
}

/* The context switches of ended threads are lost. CPU time shows whether that
 * matters, since the group keeps it: the live threads' sum stands for the tree
 * only if they hold 98 % of the CPU time, or all but 20 ms. */
static bool live_threads_did_it(const struct meter_sums *sums,
                                const struct meter_sample *sample)
{
    int64_t total_ns = sample->cpu_user_ns + sample->cpu_system_ns;
    int64_t missing_ns = total_ns - sums->live_cpu_ns;

    return sums->live_cpu_ns >= 0 && sample->cpu_user_ns >= 0 &&
           (missing_ns <= 20000000 || missing_ns * 50 <= total_ns);
}

static void use_sums(struct meter *meter, const struct meter_sums *sums,
                     int what, int64_t kernel_bytes,
                     struct meter_sample *sample)
{
    if (!meter_has_group(meter)) {
        sample->processes = sums->processes;
        sample->threads = sums->threads;
        sample->cpu_user_ns = sums->cpu_user_ns;
        sample->cpu_system_ns = sums->cpu_system_ns;
    }
    if (sample->kernel_stack_bytes < 0)
        sample->kernel_stack_bytes = sample->threads * meter->stack_bytes;
    if (meter_source(meter) == METER_PROC) {
        if (what & METER_PROC_PSS)
            learn(meter, sums);
        estimate_memory(meter, sums, what & METER_PROC_PSS, sample);
    }
    if (what == METER_PROC_PROCESSES)
        return;
    if (meter_source(meter) == METER_CGROUP_V1) {
        sample->page_table_bytes = sums->page_table_bytes;
        int64_t known = sample->kernel_stack_bytes + sample->page_table_bytes;
        if (kernel_bytes >= 0)
            sample->slab_bytes =
                kernel_bytes > known ? kernel_bytes - known : 0;
    }
    sample->threads_ready = sums->threads_ready;
    sample->rss_sum_bytes = sums->rss_bytes;
    sample->pressure_ns = meter_cgroup_pressure_ns(&meter->groups);
    if (live_threads_did_it(sums, sample)) {
        sample->switches_voluntary = sums->switches_voluntary;
        sample->switches_involuntary = sums->switches_involuntary;
        sample->run_wait_ns = sums->run_wait_ns;
    }
    if (what & METER_PROC_PSS)
        sample->pss_sum_bytes = sums->pss_bytes;
}

/* Reading a process's number of threads costs no more if it has many, unlike
 * listing them. With many small processes, the group's lists are cheaper. */
static void count_members(struct meter *meter, struct meter_sample *sample)
{
    if (meter_cgroup_pids(&meter->groups, &meter->pids) < 0 ||
        meter->pids.count > 64) {
        meter_cgroup_count(&meter->groups, &sample->processes,
                           &sample->threads);
        return;
    }
    sample->processes = meter->pids.count;
    sample->threads = 0;
    for (int i = 0; i < meter->pids.count; i++)
        sample->threads += meter_proc_threads(meter->pids.pid[i]);
}

static void take(struct meter *meter, int what, struct meter_sample *sample)
{
    struct meter_sums sums = {0};
    int64_t kernel_bytes = -1;

    /* All bits set is -1 in every field. */
    memset(sample, 0xff, sizeof *sample);
    sample->at_ns = clock_now_ns();
    if (meter->attached && meter->root <= 0)
        return;
    meter_cgroup_cpu(&meter->groups, sample);
    meter_cgroup_memory(&meter->groups, sample, &kernel_bytes);
    if (meter_has_group(meter))
        count_members(meter, sample);
    if (what != METER_PROC_PROCESSES || meter_source(meter) == METER_PROC) {
        list_members(meter, &meter->pids);
        /* Sockets come first: while PSS is read, the server falls behind and
         * its sockets fill. */
        if (meter_source(meter) == METER_PROC && (what & METER_PROC_PSS))
            meter_kernel_sockets(&meter->pids, &meter->sockets);
        meter_proc_sum(&meter->pids, what, &sums);
    }
    use_sums(meter, &sums, what, kernel_bytes, sample);
}

void meter_sample(struct meter *meter, struct meter_sample *sample)
{
    take(meter, METER_PROC_PROCESSES, sample);
}

void meter_walk(struct meter *meter, struct meter_sample *sample)
{
    take(meter, METER_PROC_THREADS, sample);
}

void meter_snapshot(struct meter *meter, struct meter_sample *sample)
{
    take(meter, METER_PROC_THREADS | METER_PROC_PSS, sample);
}

/* Whether a process is gone or a zombie. An orphan stays a zombie until its new
 * parent collects it, which may take seconds on a busy machine. */
static bool has_ended(pid_t pid)
{
    char path[64], text[512];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *state = strrchr(text, ')');
    return n == 0 || (state && (state[2] == 'Z' || state[2] == 'X'));
}

int meter_alive(const struct meter *meter)
{
    struct meter_pids pids = {0};
    int count = 0;

    list_members(meter, &pids);
    for (int i = 0; i < pids.count; i++)
        count += !has_ended(pids.pid[i]);
    meter_proc_free(&pids);
    return count;
}

static int kill_listed(const struct meter *meter)
{
    struct meter_pids pids = {0};
    int64_t tries = 1000;

    for (; tries > 0; tries--) {
        list_members(meter, &pids);
        if (pids.count == 0)
            break;
        for (int i = 0; i < pids.count; i++)
            kill(pids.pid[i], SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    meter_proc_free(&pids);
    return tries > 0 ? 0 : -EBUSY;
}

int meter_kill(struct meter *meter)
{
    int result = 0;

    if (meter->attached)
        return 0;
    if (!meter_has_group(meter))
        return meter->root > 1 ? kill_listed(meter) : 0;
    for (int i = 0; i < METER_GROUPS; i++)
        if (*meter->groups.path[i] &&
            meter_cgroup_kill_at(meter->groups.path[i], 5000000000) < 0)
            result = -EBUSY;
    return result;
}

void meter_close(struct meter *meter)
{
    if (!meter)
        return;
    meter_kill(meter);
    meter_cgroup_free(&meter->groups);
    meter_proc_free(&meter->pids);
    free(meter);
}

int meter_paths(const struct meter *meter, char *text, size_t size)
{
    int length = 0;

    if (size)
        text[0] = '\0';
    for (int i = 0; i < METER_GROUPS; i++)
        if (*meter->groups.path[i] && (size_t)length < size)
            length += snprintf(text + length, size - (size_t)length, "%s\n",
                               meter->groups.path[i]);
    return length;
}
