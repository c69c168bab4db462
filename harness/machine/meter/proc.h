/* SPDX-License-Identifier: MIT
 *
 * What /proc tells about the processes of a tree, for the meter: who belongs
 * to it, and the sums over its processes and threads. Everything here races
 * with processes that end meanwhile; one that is gone counts as nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A growing list; zero-initialise, free with meter_proc_free. */
struct meter_pids {
    pid_t *pid;
    int count, size;
};

int meter_proc_add(struct meter_pids *pids, pid_t pid);
void meter_proc_free(struct meter_pids *pids);

/* Reads a small file whole into `text`, null-terminated and cut at size - 1.
 * Returns the length or a negative errno. */
int meter_proc_read(const char *path, char *text, size_t size);

/* The number after `name` at the start of a line ("VmRSS:  12 kB", "anon
 * 4096"), or -1. */
int64_t meter_proc_field(const char *text, const char *name);

/* When the process started, in ticks since the machine did; 0: it is gone. */
uint64_t meter_proc_started(pid_t pid);

/* Collects the live processes of the tree: `root`, its descendants, those of
 * its session, and those whose environment holds `tag`. A root that has been
 * waited for leaves its number to others: where the number's holder did not
 * start at `started` (0: unknown), the tag alone counts. */
int meter_proc_tree(pid_t root, uint64_t started, const char *tag,
                    struct meter_pids *pids);

enum {
    METER_PROC_PROCESSES = 0,
    METER_PROC_THREADS = 1, /* visit every thread for its switches */
    METER_PROC_PSS = 2,
};

/* Sums over a tree. */
struct meter_sums {
    int processes, threads;
    int64_t rss_bytes, anonymous_bytes;
    int64_t anonymous_max_bytes; /* of the process with most */
    int64_t shared_max_bytes;    /* shared memory of the process with most */
    int64_t page_table_bytes;
    int64_t pss_bytes, pss_user_bytes;  /* the second without file pages */
    int64_t cpu_user_ns, cpu_system_ns; /* with children waited for */
    int64_t switches_voluntary, switches_involuntary;
    int64_t run_wait_ns; /* of the live threads, for a CPU; -1: unknown */
    int64_t live_cpu_ns; /* CPU of the live threads alone; -1: unknown */
};

void meter_proc_sum(const struct meter_pids *pids, int what,
                    struct meter_sums *sums);

/* Threads of one process, 0 when it is gone. Costs the same however many. */
int meter_proc_threads(pid_t pid);

/* The size of one kernel stack. The kernel does not tell; this is what it is
 * built with (16 KiB or a page on 64-bit machines, KASAN aside). KernelStack
 * in /proc/meminfo over the number of threads would tell, but it lags by
 * seconds and has stacks kept for reuse in it. */
int64_t meter_proc_stack_bytes(void);
