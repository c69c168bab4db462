/* SPDX-License-Identifier: MIT
 *
 * Measures memory, kernel memory included, and CPU time of a server's whole
 * tree of processes.
 *
 * The tree is put into cgroups of its own: v1 memory and cpuacct groups where
 * those hierarchies are mounted and writable, a v2 group where that one is, or
 * both on hybrid systems. Without a memory group, memory is estimated to within
 * 15 % from what any user may read (kernel.h). Without any group, the tree's
 * processes are found through /proc by parent, session and a mark in the
 * environment.
 *
 * Three kinds of readings, by their cost for the server:
 *   meter_sample    a few cgroup files: any time, also in the window
 *   meter_walk      one file per process and two per thread (10-15 us each):
 *                   at the edges of the window, unless threads are too many
 *   meter_snapshot  a walk with PSS, which holds each process's memory lock:
 *                   never in the window
 *
 * Why not RSS: it counts shared pages once per process and leaves out kernel
 * stacks, page tables, slab and socket buffers (docs/method/memory-and-cpu.md).
 *
 * The environment variable TROIKA_METER = v1 | v2 | proc restricts the
 * sources of the figures; it is for tests and for comparing the sources.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum meter_source {
    METER_CGROUP_V2,
    METER_CGROUP_V1,
    METER_PROC, /* an estimate */
};

/* "cgroup-v2", "cgroup-v1", "estimate". */
const char *meter_source_name(enum meter_source source);

/* Values that the source or this kind of reading does not give are -1, never 0.
 */
struct meter_sample {
    int64_t at_ns;
    int64_t total_bytes; /* the headline: all memory charged to the tree, minus
                            file cache */
    int64_t user_bytes;  /* anonymous, shared and tmpfs pages */
    int user_is_least;   /* METER_PROC: 1 if processes came or went since the
                            snapshot. Which pages they share is then unknown, and
                            user_bytes is that of the largest process alone */
    int64_t kernel_stack_bytes;
    /* V2: always; v1: walk; METER_PROC: slab is estimated from the numbers of
     * processes, threads and sockets (kernel.h); -1 if that is impossible. */
    int64_t page_table_bytes, slab_bytes;
    int64_t socket_bytes;  /* TCP buffers */
    int64_t rss_sum_bytes; /* walk; leaves out kernel memory, counts shared
                              pages once per process */
    int64_t pss_sum_bytes; /* snapshot */
    /* Since the tree started, ended children included. The sum is exact; the
     * split is sampled by the scheduler's tick and is a guess below about 1 s
     * of CPU time. */
    int64_t cpu_user_ns, cpu_system_ns;
    int threads, processes;
    int threads_ready; /* walk; that run or wait for a CPU */
    /* Walk: context switches of the live threads since each started. The kernel
     * forgets those of ended threads, so the value is -1 if ended threads used
     * more than 2 % of the tree's CPU time and more than 20 ms. */
    int64_t switches_voluntary, switches_involuntary;
    int64_t run_wait_ns; /* walk; time that the live threads waited for a CPU
                            since each started; -1 as for switches */
    int64_t pressure_ns; /* walk, v2: time in which at least one task of the
                            tree waited for a CPU, ended tasks included */
};

struct meter;

/* Makes the tree's groups, named troika-PID-N-`name` after this process.
 * Empty groups of earlier runs are removed first. A missing permission is no
 * failure: another source is used, and `note` gets a sentence that says what
 * was tried and what would help, or "". Returns 0 or -ENOMEM. */
int meter_open(const char *name, struct meter **meter, char *note,
               size_t note_size);

/* Lets the tree use so many CPUs at most (meter_cgroup_limit_cpu). Call before
 * anything enters. Returns 0 or a negative errno. */
int meter_limit_cpu(struct meter *meter, double cpus);

/* How long a quota kept tasks from running, since each group exists, summed
 * over CPUs; -1: nothing counts it. `around` may be more than the tree's tasks
 * had to wait, and a quota that is set around a container counts only if the
 * container may read that group. */
struct meter_throttled {
    int64_t own_ns;    /* by the groups of the tree */
    int64_t around_ns; /* by the groups around them */
};
void meter_throttled(const struct meter *meter,
                     struct meter_throttled *throttled);

/* Makes the meter of a tree that runs already. It gets no group, is seen
 * through /proc, and is never killed. Of root 0 nothing is known: every reading
 * is -1. Returns 0 or -ENOMEM. */
int meter_attach(const char *name, pid_t root, struct meter **meter);

/* "TROIKA_TREE=...", to be put into the server's environment, so that
 * daemonised processes are found without a cgroup. Valid as long as the meter.
 */
const char *meter_tag(const struct meter *meter);

/* Called in the forked child before exec: enters the groups. Only async-
 * signal-safe calls. Returns 0 or a negative errno. */
int meter_enter(const struct meter *meter);

/* Sets the tree's root, which the /proc readings need. */
void meter_set_root(struct meter *meter, pid_t root);

/* Where the memory figures come from. CPU time comes from a group if there is
 * one, even if memory is an estimate. */
enum meter_source meter_source(const struct meter *meter);

/* The directory of the tree's v2 group, or "". */
const char *meter_group_v2(const struct meter *meter);

/* Whether a group holds the tree, so that no process can escape. */
bool meter_has_group(const struct meter *meter);

/* Takes the cheap sample. Its cost does not grow with memory: about 0.1 ms,
 * plus at worst 1 us per process beyond 64 and per 10 threads. With METER_PROC
 * it reads one or two files per process of the machine. */
void meter_sample(struct meter *meter, struct meter_sample *sample);

/* Takes a sample that includes what each process and thread must be visited
 * for. */
void meter_walk(struct meter *meter, struct meter_sample *sample);

/* Takes a walk with PSS, which stalls the tree for milliseconds. With
 * METER_PROC it also reads the sockets; later samples and walks reuse its
 * numbers of shared pages and of socket memory. */
void meter_snapshot(struct meter *meter, struct meter_sample *sample);

/* Number of processes of the tree that have not ended; zombies do not count. */
int meter_alive(const struct meter *meter);

/* Kills every process of the tree and waits (bounded) until it is empty.
 * Returns 0, or -EBUSY with processes left. */
int meter_kill(struct meter *meter);

/* Kills the tree, removes the groups, frees the meter. NULL is allowed. */
void meter_close(struct meter *meter);

/* Writes the directories of the tree's groups, one per line, for the guardian,
 * which cleans up if the harness is killed. Returns the length. */
int meter_paths(const struct meter *meter, char *text, size_t size);
