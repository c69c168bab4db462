/* SPDX-License-Identifier: MIT
 *
 * The narrow waist between models and workloads. READ THIS FIRST.
 *
 * A workload is written once, in direct style, against the calls below; each
 * model decides what a task is (a thread, a coroutine, a process) and what a
 * wait costs. A workload never names a model, a model never names a workload,
 * and nothing but these calls may block inside a workload.
 *
 * Conventions of every call:
 *   - times are int64 nanoseconds of CLOCK_MONOTONIC;
 *   - a call that can wait takes an absolute deadline (RT_NEVER = none) and
 *     returns -ETIMEDOUT when it passes; only rt_sleep takes a duration;
 *   - results are >= 0, or a negative errno; the errno variable is not part
 *     of the contract.
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* No deadline. */
#define RT_NEVER INT64_MAX

/* What rt_wait_fd waits for: a set of these. */
enum rt_events {
    RT_READABLE = 1,
    RT_WRITABLE = 2,
};

/* A child task between rt_spawn and rt_join. Owned by the model. */
struct rt_task;

/* The body of a task or an offloaded call. `arg` is the task's own copy. */
typedef int64_t rt_fn(void *arg);

/* The clock, in ns. Never goes back. */
int64_t rt_now(void);

/* Suspends only this task for `duration_ns` (<= 0 returns at once); other tasks
 * go on if the model has any. Wakes within 0.1 ms of the time asked for on an
 * idle machine, in every model. Returns 0. */
int rt_sleep(int64_t duration_ns);

/* Opens a TCP connection (TCP_NODELAY set, close-on-exec). Returns the
 * descriptor, which the caller gives back with rt_close; or -ECONNREFUSED,
 * -ETIMEDOUT, -EMFILE, ... */
int rt_connect(const struct sockaddr_in *address, int64_t deadline_ns);

/* Reads the bytes that are there, and waits for at least one. Returns the
 * count, 0 at the end of the stream, or a negative errno. */
ssize_t rt_read(int fd, void *buffer, size_t size, int64_t deadline_ns);

/* Writes all bytes. Returns `size`, or a negative errno; the stream is then in
 * an unknown state, and rt_close is the only call left to make. Never raises
 * SIGPIPE. */
ssize_t rt_write(int fd, const void *buffer, size_t size, int64_t deadline_ns);

/* Waits until `fd` can be read or written, for client libraries that own
 * their socket (libpq, hiredis). Returns the events that hold (errors and
 * hang-ups count as both), or a negative errno. */
int rt_wait_fd(int fd, int events, int64_t deadline_ns);

/* Closes a descriptor obtained from rt_connect, or one given to rt_read,
 * rt_write or rt_wait_fd before. Returns 0. */
int rt_close(int fd);

/* Starts a task that runs fn on a copy of the `size` bytes at `arg` (a copy, so
 * that the argument survives a fork). The caller joins the task exactly once,
 * before its own end, so a task's children never outlive the task. A model
 * without concurrency (serial) runs fn to its end inside rt_spawn. Returns 0
 * and sets *task, or -EAGAIN or -ENOMEM when the model is out of tasks. */
int rt_spawn(rt_fn *fn, const void *arg, size_t size, struct rt_task **task);

/* Waits for the task's end, takes its result and releases it. Returns 0, or
 * -ECHILD when the task died without a result (a crashed process). */
int rt_join(struct rt_task *task, int64_t *result);

/* Runs CPU work or a blocking call where it cannot stall other tasks, if the
 * model has such a place; otherwise inline. Returns 0 and sets *result. */
int rt_offload(rt_fn *fn, const void *arg, size_t size, int64_t *result);

/* Lets other tasks run. May do nothing. */
void rt_yield(void);
