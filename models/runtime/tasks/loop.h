/* SPDX-License-Identifier: MIT
 *
 * The runtime calls for tasks that are coroutines on a libuv loop. One loop a
 * thread: loop_init makes the calling thread's, and every other call here is
 * for that thread alone.
 *
 * The loop's sockets live in an epoll set of its own, edge-triggered and
 * registered once each, because arming and disarming a libuv handle around each
 * wait costs more than the wait does. Sleeps and deadlines share a heap, and
 * the earliest is epoll's own time-out, in nanoseconds, because libuv's timers
 * count in milliseconds. libuv runs within: its thread pool and handles of a
 * model's own are served when they have something. Figures:
 * docs/decisions/0006.
 */
#pragma once

#include <uv.h>

#include "coroutine.h"
#include "models/runtime/model.h"

/* A coroutine of a loop. As a struct rt_task when it came from loop_spawn. */
struct loop_task;

/* Makes this thread's loop, with stacks of `stack_bytes` for its tasks.
 * Returns 0 or a negative errno. */
int loop_init(size_t stack_bytes);

/* Runs fn as the first task and the loop until fn has returned; then cancels
 * what still waits and goes on until every task has ended, so that nothing is
 * abandoned half-way. Sets *result (may be NULL) to what fn returned. Returns
 * 0, or -ENOMEM before anything ran. Once per loop_init. */
int loop_run(rt_fn *fn, const void *arg, size_t size, int64_t *result);

/* Frees the loop. Open descriptors stay open: they are their owners'. */
void loop_deinit(void);

/* Starts a task that nobody joins (a connection). Returns 0 or -ENOMEM. */
int loop_start(rt_fn *fn, const void *arg, size_t size);

/* Registers a descriptor that is new to the process (just accepted, just
 * made), stays with this thread and will be closed with loop_close alone;
 * loop_connect does it by itself. Waits on it are then free of system calls; on
 * others every wait arms it again, for nobody can know what a library did with
 * them. So a list of kept connections must not be shared by loops. Returns 0 or
 * a negative errno. */
int loop_adopt(int fd);

/* Ends waits on `fd` with -ECANCELED; it stays open. */
void loop_cancel_fd(int fd);

/* Ends every wait of every task with -ECANCELED, and every later one at once.
 * For the end: a task must take the error for an end, not try again. Joins
 * and parked tasks still wait for what they wait for. */
void loop_cancel(void);

/* For models with other ways to wait (libuv's thread pool): the running task,
 * parking it, and making it ready again from a callback of the loop. */
struct loop_task *loop_self(void);
void loop_park(void);
void loop_unpark(struct loop_task *task);

/* The libuv loop of this thread. A handle in it must count (not uv_unref), or
 * it is not served. */
uv_loop_t *loop_uv(void);

/* How far the tasks' stacks were ever used. */
void loop_stacks(struct coroutine_usage *usage);

/* Tasks that have not ended. */
int loop_tasks(void);

/* The calls below as the set that models name. */
extern const struct rt_operations loop_operations;

/* The runtime's calls; contracts in runtime.h. One task may wait to read and
 * one to write a descriptor: a further one gets -EBUSY. Whoever waits on a
 * descriptor that another task closes gets -EBADF. */
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
