/* SPDX-License-Identifier: MIT
 *
 * The loop of one generator process, and the memory it shares with the caller
 * of load_start.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "load.h"

/* Written by the caller, read by every process. */
struct load_control {
    _Atomic int64_t begin_ns; /* start of the warm-up; 0: not yet */
    _Atomic int stop;         /* end the window now */
};

/* Written by one process, read by the caller once `done`. */
struct load_slot {
    _Atomic int ready; /* the ramp is over */
    _Atomic int done;
    int open;  /* connections at the end of the ramp */
    int error; /* negative errno: why the last connection failed, or why the
                  process could not start */
    char reason[LOAD_REASON_MAX]; /* the same in words, where they say more
                                     than the errno; or "" */
    struct load_result result;
};

/* What a process is given. */
struct load_task {
    const struct load_plan *plan;
    int process, processes;
    struct load_control *control;
    struct load_slot *slot;
    int control_fd; /* eventfd: control has changed */
    int report_fd;  /* eventfd: to be written when the slot has changed */
};

static inline int64_t load_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* CPU time of the calling process. */
static inline int64_t load_cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Connects, waits for the beginning, drives the load to its end. Leaves the
 * result in the slot. Returns 0 or a negative errno. */
int load_engine_run(const struct load_task *task);
