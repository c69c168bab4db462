/* SPDX-License-Identifier: MIT
 *
 * Memory and CPU of a whole server tree, kernel memory included.
 *
 * The tree is put into cgroups of its own: a v1 memory and cpuacct group
 * where those hierarchies are mounted and writable, a v2 group where that is;
 * both at once on hybrid systems. Where no memory group can be had, memory is
 * estimated from what any user may read, to within 15 % (kernel.h). Where
 * no group at all can be had, the tree is followed through /proc by parent,
 * session and a mark in the environment.
 *
 * Three readings, by what they cost the server:
 *   meter_sample    a few cgroup files: any time, also inside the window
 *   meter_walk      one file per process and two per thread (10-15 us each):
 *                   at the edges of the window, unless threads are too many
 *   meter_snapshot  a walk with PSS, which holds each process's memory lock:
 *                   never inside the window
 *
 * Why not RSS: it counts shared pages once per process and leaves out kernel
 * stacks, page tables, slab and socket buffers (docs/method/memory-and-cpu.md).
 *
 * The environment variable TROIKA_METER = v1 | v2 | proc restricts where the
 * figures may come from; it exists for tests and for comparing the sources.
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

/* What cannot be known from the source, or not from this kind of reading, is
 * -1, never 0. */
struct meter_sample {
    int64_t at_ns;
    int64_t total_bytes; /* the headline: all that is charged to the tree,
                            less file cache */
    int64_t user_bytes;  /* anonymous, shared and tmpfs pages */
    int user_is_least;   /* METER_PROC: 1 where processes came or went since the
                            snapshot, so that nobody knows which pages they
                            share: user_bytes is that of the largest alone */
    int64_t kernel_stack_bytes;
    int64_t page_table_bytes, slab_bytes; /* v2: always; v1: walk;
                            METER_PROC: slab is worked out from what there is
                            (kernel.h), -1 where that is not possible */
    int64_t socket_bytes;                 /* TCP buffers */
    int64_t rss_sum_bytes; /* walk; hides kernel memory, counts shared pages
                              once per process */
    int64_t pss_sum_bytes; /* snapshot */
    int64_t cpu_user_ns, cpu_system_ns; /* since the tree started, children
            that ended included. The sum is exact; the split is sampled by the
            scheduler's tick, a guess for less than about 1 s of CPU */
    int threads, processes;
    /* Walk; of the live threads since each started. -1 when threads that have
     * ended did a share of the tree's CPU work that matters: the kernel forgets
     * their switches. */
    int64_t switches_voluntary, switches_involuntary;
    int64_t run_wait_ns; /* walk; how long the live threads have waited for a
                            CPU since each started; -1 as for switches */
    int64_t pressure_ns; /* walk; v2: the time in which one task of the tree
                            or more waited for a CPU, ended ones included */
};

struct meter;

/* Makes the tree's groups, named troika-PID-N-`name` after this process.
 * Groups left empty by runs that are no more are removed first. Never fails
 * for want of permission: it falls back and says in `note` (a sentence, or
 * "") what was tried and what would help. Returns 0 or -ENOMEM. */
int meter_open(const char *name, struct meter **meter, char *note,
               size_t note_size);

/* "TROIKA_TREE=...", to be put into the server's environment: without a
 * cgroup it is how daemonised processes are still found. Lives as long as the
 * meter. */
const char *meter_tag(const struct meter *meter);

/* Called in the forked child before exec: enters the groups. Only async-
 * signal-safe calls. Returns 0 or a negative errno. */
int meter_enter(const struct meter *meter);

/* Names the tree's root for the /proc parts. */
void meter_set_root(struct meter *meter, pid_t root);

/* Where the memory figures come from. CPU is from a group whenever there is
 * one, also when memory is an estimate. */
enum meter_source meter_source(const struct meter *meter);

/* The directory of the tree's v2 group, or "". */
const char *meter_group_v2(const struct meter *meter);

/* True when the tree is held by a group, so that none can escape. */
bool meter_has_group(const struct meter *meter);

/* The cheap sample. Its cost does not grow with memory: about 0.1 ms, plus
 * 1 us per process beyond 64 and per 10 threads at worst. With METER_PROC it
 * reads a file or two per process of the machine. */
void meter_sample(struct meter *meter, struct meter_sample *sample);

/* A sample with what takes a visit to each process and thread. */
void meter_walk(struct meter *meter, struct meter_sample *sample);

/* A walk with PSS: stalls the tree for milliseconds. With METER_PROC it also
 * looks at the sockets; samples and walks after it take from it how many pages
 * processes share and what sockets hold. */
void meter_snapshot(struct meter *meter, struct meter_sample *sample);

/* Processes of the tree that have not ended (zombies do not count). */
int meter_alive(const struct meter *meter);

/* Kills every process of the tree and waits (bounded) until it is empty.
 * Returns 0, or -EBUSY with processes left. */
int meter_kill(struct meter *meter);

/* Kills the tree, removes the groups, frees the meter. NULL is allowed. */
void meter_close(struct meter *meter);

/* The directories of this tree's groups, one per line, for the guardian that
 * cleans up when the harness itself is killed. Returns the length. */
int meter_paths(const struct meter *meter, char *text, size_t size);
