/* SPDX-License-Identifier: MIT
 *
 * What loop.c (tasks and turns) and loop_io.c (descriptors) share; not for
 * anybody else. A wait is a struct in the waiting task's own frame; the
 * descriptor table and the timer heap point to it while it lasts.
 */
#pragma once

#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "coroutine.h"
#include "loop.h"
#include "timers.h"

/* Marks libuv's own set among the events; no descriptor has this number. */
#define LOOP_UV_EVENT UINT64_MAX

/* Reads and writes that a task may do without a wait before others get their
 * turn: a peer that sends fast enough would otherwise keep it running. */
enum { LOOP_CALLS_PER_RUN = 64 };

struct loop_wait {
    struct timer timer; /* first: the heap's handle is the wait */
    struct loop_task *task;
    int fd;     /* -1: time alone */
    int events; /* enum rt_events */
    int result; /* events that hold, or a negative errno */
};

struct loop_task {
    struct coroutine *coroutine;
    struct loop_task *next_ready;
    struct loop_task *next, **link; /* in the list of all that live */
    struct loop_task *joiner;
    struct loop_wait *wait; /* what loop_cancel can end, or NULL */
    rt_fn *fn;
    int64_t result;
    int calls_left;
    bool detached, ended;
    alignas(16) char arg[];
};

struct task_queue {
    struct loop_task *head, *tail; /* tail is valid while head is not NULL */
};

struct descriptor {
    struct loop_wait *reader, *writer;
    uint32_t generation; /* of the number's present owner */
    bool adopted;        /* registered, and closed through loop_close only */
    bool drained;        /* a read took all there was; no edge since then */
    bool eager;          /* more than data came: never count on `drained` */
};

struct loop {
    uv_loop_t uv;
    uv_prepare_t hold; /* see run_uv */
    int epoll_fd;
    struct timers timers;
    struct coroutine_pool *pool;
    struct descriptor *descriptors; /* by number */
    int descriptor_count;
    struct task_queue ready, yielded;
    struct loop_task *running, *main, *tasks;
    int task_count;
    bool cancelled;
#ifdef COROUTINE_SANITIZED
    sigset_t let_in; /* the signal mask of the wait for events */
#endif
};

extern _Thread_local struct loop *loop_current;

/* Suspends the running task until loop_wake(wait) or the deadline, which is
 * -ETIMEDOUT. Returns the result. */
int loop_suspend(struct loop_wait *wait, int64_t deadline_ns);

/* Ends a wait: takes it out of table and heap and makes its task ready. */
void loop_wake(struct loop_wait *wait, int result);

static inline int64_t loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
