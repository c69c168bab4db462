/* SPDX-License-Identifier: MIT
 *
 * The runtime calls for tasks that own a kernel thread: blocking system calls
 * with deadlines. A model names one of the sets below, so that a reader sees
 * which parts the model invents and which it borrows.
 *
 * Sockets may be blocking or not: with RT_NEVER on a blocking socket a call
 * is one system call; otherwise ppoll carries the deadline.
 */
#pragma once

#include <pthread.h>

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

/* The stack size to ask for when `bytes` would do: more under the sanitizers,
 * which make every frame several times larger. */
size_t blocking_stack_bytes(int64_t bytes);

/* Attributes of a task's thread with a stack of `bytes`, to be destroyed by
 * the caller. The stop signals are left to the main thread: it waits for them,
 * and a handler run in a thread that is deep in a call may be put off (under
 * the thread sanitizer until that call returns). Returns 0 or a negative errno.
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

/* Registers what a forked child must do before anything else (drop inherited
 * backend connections, ...); at most 8. process_forked runs them: every model
 * that forks calls it in the child. From here on the child dies with `parent`,
 * or ends at once with status 1 when that has ended before. */
void process_on_fork(void (*fn)(void));
void process_forked(pid_t parent);

/* Leaves the process no descriptor but the standard ones and `fd`. */
void process_close_all_but(int fd);

/* Kills a child and waits for its end. */
void process_kill_child(pid_t pid);
