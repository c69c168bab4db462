/* SPDX-License-Identifier: MIT
 *
 * The runtime calls for tasks that own a kernel thread: blocking system calls
 * with deadlines. A model names one of the sets below, so that a reader sees
 * which parts the model invents and which it borrows.
 *
 * Sockets may be blocking or not. On a blocking socket, a call without deadline
 * is one system call; otherwise ppoll carries the deadline.
 */
#pragma once

#include <pthread.h>
#include <signal.h>

#include "models/runtime/model.h"

/* The sets that models name. They differ in what a child task is: a function
 * that runs to its end inside rt_spawn, a thread, or a forked process. */
extern const struct rt_operations blocking_inline, blocking_threads,
    blocking_processes;

int blocking_sleep(int64_t duration_ns);
int blocking_connect(const struct sockaddr_in *address, int64_t deadline_ns);
ssize_t blocking_read(int fd, void *buffer, size_t size, int64_t deadline_ns);
ssize_t blocking_write(int fd, const void *buffer, size_t size,
                       int64_t deadline_ns);
int blocking_wait_fd(int fd, int events, int64_t deadline_ns);
int blocking_close(int fd);
void blocking_yield(void);

/* A task that runs to its end inside rt_spawn: no concurrency (serial). */
int inline_spawn(rt_fn *fn, const void *arg, size_t size,
                 struct rt_task **task);
int inline_join(struct rt_task *task, int64_t *result);

/* The signals that stop a server: SIGTERM, SIGINT, and SIGALRM for the limit of
 * the drain. Only the main thread handles them. */
void blocking_stop_signals(sigset_t *signals);

/* Makes the attributes of a task's thread with a stack of `bytes`; the caller
 * destroys them. They block the stop signals, which the main thread waits for:
 * in a thread that is inside a blocking call a handler may be delayed (under
 * the thread sanitizer, until that call returns). Returns 0 or a negative
 * errno.
 */
int blocking_thread_attributes(pthread_attr_t *attributes, int64_t bytes);

/* A task that is a thread. */
int thread_spawn(rt_fn *fn, const void *arg, size_t size,
                 struct rt_task **task);
int thread_join(struct rt_task *task, int64_t *result);

/* A task that is a forked process; its result comes back through a pipe. The
 * child dies with its parent and never returns into the caller. */
int process_spawn(rt_fn *fn, const void *arg, size_t size,
                  struct rt_task **task);
int process_join(struct rt_task *task, int64_t *result);

/* process_on_fork registers a function that a forked child must run first, for
 * example to drop inherited backend connections; at most 8. process_forked runs
 * these functions; every model that forks calls it in the child. From then on
 * the child dies with `parent`, or exits at once with status 1 if `parent` has
 * already ended. */
void process_on_fork(void (*fn)(void));
void process_forked(pid_t parent);

/* Closes every descriptor but the standard ones and `fd`. */
void process_close_all_but(int fd);

/* Kills a child and waits for its end. */
void process_kill_child(pid_t pid);
