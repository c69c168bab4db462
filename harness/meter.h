/* SPDX-License-Identifier: MIT
 *
 * Memory and CPU of a whole server tree, kernel memory included.
 *
 * The tree is put into cgroups of its own: a v1 memory and cpuacct group
 * where those hierarchies are mounted and writable, a v2 group where that is;
 * both at once on hybrid systems. Where neither may be written, the tree is
 * followed through /proc (children of the server, found by parent, session
 * and subreaper), and every figure is labelled an estimate.
 *
 * Why not RSS: it counts shared pages once per process and leaves out kernel
 * stacks, page tables, slab and socket buffers (docs/method.md).
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

/* What cannot be known from the source is -1, never 0. */
struct meter_sample {
    int64_t at_ns;
    int64_t total_bytes; /* the headline: all that is charged to the tree,
                            less file cache */
    int64_t user_bytes;  /* anonymous and shared user pages */
    int64_t kernel_stack_bytes, page_table_bytes, slab_bytes, socket_bytes;
    int64_t rss_sum_bytes; /* hides kernel memory, counts shared pages twice */
    int64_t pss_sum_bytes; /* only from meter_snapshot; else -1 */
    int64_t cpu_user_ns, cpu_system_ns; /* since the tree started, children
                                           that ended included */
    int threads, processes;
    int64_t switches_voluntary, switches_involuntary; /* of live and ended
                                        threads as far as the kernel tells */
};

struct meter;

/* Makes the tree's groups, named after this process and `name`. Never fails
 * for want of permission: it falls back to METER_PROC and says in `note` (a
 * sentence, or "") what was tried. Returns 0 or -ENOMEM. */
int meter_open(const char *name, struct meter **meter, char *note,
               size_t note_size);

/* Called in the forked child before exec: enters the groups. Only async-
 * signal-safe calls. Returns 0 or a negative errno. */
int meter_enter(const struct meter *meter);

/* Names the tree's root for the /proc parts. */
void meter_set_root(struct meter *meter, pid_t root);

enum meter_source meter_source(const struct meter *meter);

/* A cheap sample (no PSS), fit for the window: its cost grows with the number
 * of processes, not of pages. */
void meter_sample(struct meter *meter, struct meter_sample *sample);

/* A full sample with PSS, which stalls the tree for milliseconds: never
 * inside the window. */
void meter_snapshot(struct meter *meter, struct meter_sample *sample);

/* Kills every process of the tree and waits (bounded) until it is empty.
 * Returns 0, or -EBUSY with processes left. */
int meter_kill(struct meter *meter);

/* Kills the tree, removes the groups, frees the meter. NULL is allowed. */
void meter_close(struct meter *meter);

/* The directories of this tree's groups, one per line, for the guardian that
 * cleans up when the harness itself is killed. Returns the length. */
int meter_paths(const struct meter *meter, char *text, size_t size);
