/* SPDX-License-Identifier: MIT
 *
 * Which processes used the CPUs in a span: /proc/PID/stat (proc(5)) before and
 * after. This process and what it has started are left out.
 */
#pragma once

#include <stddef.h>

struct process_time {
    int pid;
    int parent;
    long long ticks; /* of sysconf(_SC_CLK_TCK) a second, user and system */
    char name[32];
};

struct process_times {
    struct process_time *all; /* or NULL */
    size_t count;
};

/* Reads all that there are. What cannot be read is left out. */
void process_times_read(struct process_times *times);
void process_times_free(struct process_times *times);

/* The processes that used most CPU since `before`, most first, with their ticks
 * since then; one that is new counts from its start. Returns how many. */
int process_times_most(const struct process_times *before,
                       struct process_time *most, int size);
