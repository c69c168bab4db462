/* SPDX-License-Identifier: MIT
 *
 * Which processes used CPU time in a span, by /proc/PID/stat (proc(5)) before
 * and after it.
 */
#pragma once

#include <stddef.h>

struct process_time {
    int pid;
    int parent;
    long long ticks; /* CPU time, user and system; sysconf(_SC_CLK_TCK) ticks
                        are a second */
    char name[32];
};

struct process_times {
    struct process_time *all; /* or NULL */
    size_t count;
};

/* Reads all processes. Those that cannot be read are left out. */
void process_times_read(struct process_times *times);
void process_times_free(struct process_times *times);

/* Finds the `size` processes that used most CPU time since `before`, with their
 * ticks since then, the largest first. A new process counts from its start.
 * This process and its descendants are left out. Returns how many were found.
 */
int process_times_most(const struct process_times *before,
                       struct process_time *most, int size);
