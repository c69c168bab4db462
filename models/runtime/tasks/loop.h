/* SPDX-License-Identifier: MIT
 *
 * The runtime calls for tasks that are coroutines on a libuv loop. There is one
 * loop a thread: loop_init makes it, and only that thread may make the other
 * calls here.
 *
 * The loop's sockets live in an epoll set of its own, edge-triggered and
 * registered once each: arming and disarming a libuv handle around each wait
 * costs more than the wait does. Sleeps and deadlines share a heap, and the
 * earliest is the time-out of epoll, in nanoseconds: libuv's timers count in
 * milliseconds. libuv runs inside this loop: its thread pool and a model's own
 * handles are served when they have an event. Figures: docs/decisions/0006.
 */
#pragma once

#include <uv.h>

#include "coroutine.h"
#include "models/runtime/model.h"

/* A coroutine of a loop. One made by loop_spawn is a struct rt_task as well. */
struct loop_task;

/* Makes this thread's loop, with stacks of `stack_bytes` for its tasks.
 * Returns 0 or a negative errno. */
int loop_init(size_t stack_bytes);

/* Runs fn as the first task, and the loop until fn has returned; then cancels
 * every wait and goes on until every task has ended, so that no task is
 * abandoned half-way. Sets *result to what fn returned. Returns 0, or -ENOMEM
 * before anything ran. Once per loop_init. */
int loop_run(rt_fn *fn, const void *arg, size_t size, int64_t *result);

/* The parts of loop_run, for a model that shows its loop. loop_begin makes the
 * first task; returns 0 or -ENOMEM. loop_run_ready resumes the ready tasks,
 * each of which runs until it waits again or ends; returns how many tasks have
 * not ended. loop_poll waits in epoll until a descriptor is ready, at most
 * until the earliest deadline, and not at all while a task is ready; the tasks
 * whose descriptors are ready become ready. loop_expire makes tasks ready whose
 * deadline has passed: after loop_poll, so that data that came in time wins.
 * loop_end returns what the first task returned. */
int loop_begin(rt_fn *fn, const void *arg, size_t size);
int loop_run_ready(void);
void loop_poll(void);
void loop_expire(void);
int64_t loop_end(void);

/* Frees the loop. Open descriptors stay open: they are their owners'. */
void loop_deinit(void);

/* Starts a task that nobody joins, such as a connection. Returns 0 or
 * -ENOMEM. */
int loop_start(rt_fn *fn, const void *arg, size_t size);

/* Registers a descriptor that is new to the process (just accepted, just
 * created), stays with this thread, and will be closed by loop_close only;
 * loop_connect registers its own. Waits on such a descriptor need no system
 * call. Waits on others arm the descriptor each time, because a client library
 * may have replaced the file behind it. So loops must not share kept
 * connections. Returns 0 or a negative errno. */
int loop_adopt(int fd);

/* Ends waits on `fd` with -ECANCELED; it stays open. */
void loop_cancel_fd(int fd);

/* For models with other ways to wait, such as libuv's thread pool: loop_self is
 * the running task, loop_park suspends it, and loop_unpark, called from a
 * callback of the loop, makes it ready again. */
struct loop_task *loop_self(void);
void loop_park(void);
void loop_unpark(struct loop_task *task);

/* The libuv loop of this thread. A handle in it must be referenced (no
 * uv_unref), or it is not served. */
uv_loop_t *loop_uv(void);

/* Tells how far the tasks' stacks were ever used. */
void loop_stacks(struct coroutine_usage *usage);

/* Tasks that have not ended. */
int loop_tasks(void);

/* The calls below, as the set that a model names. */
extern const struct rt_operations loop_operations;

/* The runtime's calls; contracts in runtime.h. One task may wait to read a
 * descriptor and one to write it; a further task gets -EBUSY. A task gets
 * -EBADF when another closes the descriptor that it waits on. */
int loop_sleep(int64_t duration_ns);
int loop_connect(const struct sockaddr_in *address, int64_t deadline_ns);
ssize_t loop_read(int fd, void *buffer, size_t size, int64_t deadline_ns);
ssize_t loop_write(int fd, const void *buffer, size_t size,
                   int64_t deadline_ns);
int loop_wait_fd(int fd, int events, int64_t deadline_ns);
int loop_close(int fd);
int loop_spawn(rt_fn *fn, const void *arg, size_t size, struct rt_task **task);
int loop_join(struct rt_task *task, int64_t *result);
void loop_yield(void);
