/* SPDX-License-Identifier: MIT
 *
 * Reads from /proc which processes belong to a tree, and sums over its
 * processes and threads. Processes may end meanwhile; one that is gone counts
 * as nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A growing list. Zero-initialise; free with meter_proc_free. */
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

/* When the process started, in ticks since boot; 0: the process is gone. */
uint64_t meter_proc_started(pid_t pid);

/* Collects the live processes of the tree: `root`, its descendants, those of
 * its session, and those whose environment holds `tag`. Once the root has been
 * waited for, its number may belong to another process. If the process with
 * that number did not start at `started` (0: unknown), only the tag counts. */
int meter_proc_tree(pid_t root, uint64_t started, const char *tag,
                    struct meter_pids *pids);

enum {
    METER_PROC_PROCESSES = 0,
    METER_PROC_THREADS = 1, /* also read every thread's context switches */
    METER_PROC_PSS = 2,
};

/* Sums over a tree. */
struct meter_sums {
    int processes, threads;
    int64_t rss_bytes, anonymous_bytes;
    int64_t anonymous_max_bytes; /* of the process that has most */
    int64_t shared_max_bytes; /* shared memory of the process that has most */
    int64_t page_table_bytes;
    int64_t pss_bytes, pss_user_bytes; /* pss_user_bytes: without file pages */
    /* Children that were waited for included. */
    int64_t cpu_user_ns, cpu_system_ns;
    int64_t switches_voluntary, switches_involuntary;
    int threads_ready; /* that run or wait for a CPU at this moment */
    /* Time that live threads waited for a CPU; -1: unknown. */
    int64_t run_wait_ns;
    int64_t live_cpu_ns; /* CPU time of the live threads; -1: unknown */
    /* Both of the one live thread that has most of their sum; -1: unknown. */
    int64_t thread_wanted_ns;
};

void meter_proc_sum(const struct meter_pids *pids, int what,
                    struct meter_sums *sums);

/* Number of threads of one process; 0: it is gone. The cost does not depend on
 * the number. */
int meter_proc_threads(pid_t pid);

/* The size of one kernel stack as kernels are built (16 KiB or a page on 64-bit
 * machines, without KASAN); the kernel does not report it. KernelStack in
 * /proc/meminfo over the number of threads is no substitute: it lags by seconds
 * and includes stacks kept for reuse. */
int64_t meter_proc_stack_bytes(void);
