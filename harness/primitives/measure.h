/* SPDX-License-Identifier: MIT
 *
 * The measurements in the table of primitives.c; each is a primitive.run.
 */
#pragma once

#include "models/runtime/base/clock.h"

/* Where the two threads of a hand-over run. */
enum measure_placement {
    MEASURE_SAME_CPU,
    MEASURE_TWO_CPUS,
    MEASURE_ANYWHERE,
};

/* For primitives that involve two tasks of the kernel. */
static inline int64_t measure_wall(void)
{
    return clock_now_ns();
}

/* For primitives that this thread does alone: other work on its CPU does not
 * count. */
static inline int64_t measure_cpu(void)
{
    return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* switching.c; switching_turns takes the number of coroutines that take turns.
 */
int64_t switching_turns(int64_t operations, int coroutines);
int64_t switching_spawn(int64_t operations, int variant);
int64_t switching_spawn_fresh(int64_t operations, int variant);
int64_t switching_ucontext(int64_t operations, int variant);

/* tasks.c; tasks_fork takes the MiB of memory that the process has touched. */
int64_t tasks_thread(int64_t operations, int variant);
int64_t tasks_fork(int64_t operations, int mib);

/* handover.c; `placement` is an enum measure_placement. */
int64_t handover_futex(int64_t operations, int placement);
int64_t handover_pipe(int64_t operations, int placement);
int64_t handover_epoll(int64_t operations, int placement);

/* basics.c */
int64_t basics_timer(int64_t operations, int others);
int64_t basics_timerfd(int64_t operations, int variant);
int64_t basics_clock(int64_t operations, int variant);
int64_t basics_syscall(int64_t operations, int variant);
int64_t basics_touch(int64_t operations, int variant);
