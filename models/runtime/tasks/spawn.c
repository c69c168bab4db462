/* SPDX-License-Identifier: MIT
 *
 * Child tasks for tasks that own a kernel thread: run at once (inline), as a
 * thread, or as a forked process whose result comes back through a pipe. All
 * three copy the argument first, so that it behaves alike in each.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blocking.h"
#include "coroutine.h"

enum {
    STACK_BYTES = 64 << 10, /* child tasks make a call or two */
    SANITIZED_STACK_BYTES = 512 << 10,
    ON_FORK_MAX = 8,
};

struct rt_task {
    rt_fn *fn;
    int64_t result;
    pthread_t thread;
    pid_t pid;
    int pipe_fd; /* read end */
    alignas(max_align_t) char arg[];
};

static struct rt_task *task_new(rt_fn *fn, const void *arg, size_t size)
{
    struct rt_task *task = malloc(sizeof *task + size);

    if (!task)
        return NULL;
    task->fn = fn;
    task->result = 0;
    task->pid = 0;
    task->pipe_fd = -1;
    if (size > 0)
        memcpy(task->arg, arg, size);
    return task;
}

int inline_spawn(rt_fn *fn, const void *arg, size_t size, struct rt_task **task)
{
    *task = task_new(fn, arg, size);
    if (!*task)
        return -ENOMEM;
    (*task)->result = fn((*task)->arg);
    return 0;
}

int inline_join(struct rt_task *task, int64_t *result)
{
    *result = task->result;
    free(task);
    return 0;
}

/* Sanitizers make every frame several times larger. */
static size_t stack_bytes(int64_t bytes)
{
#ifdef COROUTINE_SANITIZED
    if (bytes < SANITIZED_STACK_BYTES)
        return SANITIZED_STACK_BYTES;
#endif
    return (size_t)bytes;
}

void blocking_stop_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGALRM);
}

int blocking_thread_attributes(pthread_attr_t *attributes, int64_t bytes)
{
    sigset_t stop;
    blocking_stop_signals(&stop);
    pthread_attr_init(attributes);
    pthread_attr_setsigmask_np(attributes, &stop);
    return -pthread_attr_setstacksize(attributes, stack_bytes(bytes));
}

static void *run_thread(void *argument)
{
    struct rt_task *task = argument;

    task->result = task->fn(task->arg);
    return NULL;
}

int thread_spawn(rt_fn *fn, const void *arg, size_t size, struct rt_task **task)
{
    pthread_attr_t attributes;

    *task = task_new(fn, arg, size);
    if (!*task)
        return -ENOMEM;
    blocking_thread_attributes(&attributes, STACK_BYTES);
    int rc = pthread_create(&(*task)->thread, &attributes, run_thread, *task);
    pthread_attr_destroy(&attributes);
    if (rc)
        free(*task);
    return -rc;
}

int thread_join(struct rt_task *task, int64_t *result)
{
    pthread_join(task->thread, NULL);
    return inline_join(task, result);
}

static void (*on_fork[ON_FORK_MAX])(void);
static int on_fork_count;

void process_on_fork(void (*fn)(void))
{
    if (on_fork_count == ON_FORK_MAX)
        abort();
    on_fork[on_fork_count++] = fn;
}

void process_forked(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* the parent ended before the line above */
        _exit(1);
    for (int i = 0; i < on_fork_count; i++)
        on_fork[i]();
}

void process_close_all_but(int fd)
{
    if (fd > 3)
        close_range(3, (unsigned)fd - 1, 0);
    close_range((unsigned)fd + 1, ~0u, 0);
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void process_kill_child(pid_t pid)
{
    kill(pid, SIGKILL);
    reap(pid);
}

/* The whole life of a child process. */
static _Noreturn void run_process(struct rt_task *task, pid_t parent, int fd)
{
    process_forked(parent);
    task->result = task->fn(task->arg);
    ssize_t written =
        blocking_write(fd, &task->result, sizeof task->result, RT_NEVER);
    _exit(written == sizeof task->result ? 0 : 1);
}

int process_spawn(rt_fn *fn, const void *arg, size_t size,
                  struct rt_task **task)
{
    pid_t parent = getpid();
    int ends[2];
    int rc = 0;

    *task = task_new(fn, arg, size);
    if (!*task)
        return -ENOMEM;
    if (pipe2(ends, O_CLOEXEC)) {
        rc = -errno;
        free(*task);
        return rc;
    }
    (*task)->pid = fork();
    if ((*task)->pid == 0) {
        close(ends[0]);
        run_process(*task, parent, ends[1]);
    }
    if ((*task)->pid < 0)
        rc = -errno;
    close(ends[1]);
    (*task)->pipe_fd = ends[0];
    if (rc) {
        close(ends[0]);
        free(*task);
    }
    return rc;
}

int process_join(struct rt_task *task, int64_t *result)
{
    size_t got = 0;
    ssize_t rc = 1;

    while (got < sizeof *result && rc > 0) {
        rc = blocking_read(task->pipe_fd, (char *)&task->result + got,
                           sizeof task->result - got, RT_NEVER);
        got += rc > 0 ? (size_t)rc : 0;
    }
    close(task->pipe_fd);
    reap(task->pid);
    if (got == sizeof *result)
        *result = task->result;
    free(task);
    return got == sizeof *result ? 0 : -ECHILD;
}

/* The calls that are common to all three kinds of tasks. */
#define BLOCKING_CALLS                                                         \
    .sleep = blocking_sleep, .connect = blocking_connect,                      \
    .read = blocking_read, .write = blocking_write,                            \
    .wait_fd = blocking_wait_fd, .close = blocking_close,                      \
    .yield = blocking_yield

const struct rt_operations blocking_inline = {
    BLOCKING_CALLS, .spawn = inline_spawn, .join = inline_join};
const struct rt_operations blocking_threads = {
    BLOCKING_CALLS, .spawn = thread_spawn, .join = thread_join};
const struct rt_operations blocking_processes = {
    BLOCKING_CALLS, .spawn = process_spawn, .join = process_join};
