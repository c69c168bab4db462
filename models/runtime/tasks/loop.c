/* SPDX-License-Identifier: MIT
 *
 * Tasks, waits and the turn of the loop; the socket calls are in loop_io.c.
 *
 * One turn: run the ready tasks, wait in epoll until something happens or the
 * earliest deadline has come, and make the waiters ready. As no task runs while
 * events are handed out, an event cannot be stale within its batch. Between
 * being made ready and running, though, a descriptor may be closed and its
 * number reused: each has a generation, checked when the waiter resumes and
 * when an event arrives.
 *
 * libuv's own epoll set is a member of ours. It only runs when it has something
 * to do: for whom nothing is left with libuv, it costs nothing.
 *
 * There is no lost wake-up between "would block" and the wait: both happen in
 * this thread, and an edge in between stays in the epoll set until the turn's
 * end, when the waiter is in the table.
 */
#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "coroutine.h"
#include "coroutine_overflow.h"
#include "loop_internal.h"

enum {
    EVENTS_PER_TURN = 256,
    TASKS_PER_TURN = 1024, /* then the sockets are looked at again */
    SETTLE_TURNS = 8,
    LONG_WAIT_NS = 10000000,
};

_Thread_local struct loop *loop_current;

static void enqueue(struct task_queue *queue, struct loop_task *task)
{
    task->next_ready = NULL;
    if (queue->head)
        queue->tail->next_ready = task;
    else
        queue->head = task;
    queue->tail = task;
}

void loop_wake(struct loop_wait *wait, int result)
{
    struct loop *loop = loop_current;
    timers_remove(&loop->timers, &wait->timer);
    if (wait->fd >= 0) {
        struct descriptor *descriptor = &loop->descriptors[wait->fd];
        if (descriptor->reader == wait)
            descriptor->reader = NULL;
        if (descriptor->writer == wait)
            descriptor->writer = NULL;
    }
    wait->task->wait = NULL;
    wait->result = result;
    enqueue(&loop->ready, wait->task);
}

int loop_suspend(struct loop_wait *wait, int64_t deadline_ns)
{
    struct loop *loop = loop_current;
    assert(loop->running); /* only tasks can wait */
    wait->task = loop->running;
    wait->task->wait = wait;
    wait->timer = (struct timer){.deadline_ns = deadline_ns};
    if (deadline_ns != RT_NEVER)
        timers_add(&loop->timers, &wait->timer); /* room: see task_new */
    coroutine_suspend();
    return wait->result;
}

static void on_descriptor(const struct epoll_event *event)
{
    struct loop *loop = loop_current;
    uint32_t fd = (uint32_t)event->data.u64;
    struct descriptor *descriptor = &loop->descriptors[fd];
    if (descriptor->generation != (uint32_t)(event->data.u64 >> 32))
        return; /* of a file that had this number before */
    int events = 0;
    if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        events |= RT_READABLE;
    if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        events |= RT_WRITABLE;
    if (event->events & (EPOLLRDHUP | EPOLLPRI | EPOLLHUP | EPOLLERR))
        descriptor->eager = true;
    if (events & RT_READABLE)
        descriptor->drained = false;
    struct loop_wait *reader = descriptor->reader;
    if (reader && (events & reader->events))
        loop_wake(reader, events & reader->events);
    struct loop_wait *writer = descriptor->writer;
    if (writer && (events & writer->events))
        loop_wake(writer, events & writer->events);
}

static void expire_timers(struct loop *loop)
{
    struct timer *first = timers_first(&loop->timers);
    if (!first)
        return;
    int64_t now_ns = loop_now();
    while ((first = timers_first(&loop->timers)) &&
           first->deadline_ns <= now_ns)
        loop_wake((struct loop_wait *)first, -ETIMEDOUT);
}

/* libuv hands out events and registers handles only while it runs, and runs
 * only while something counts. */
static void run_uv(struct loop *loop)
{
    uv_ref((uv_handle_t *)&loop->hold);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    uv_unref((uv_handle_t *)&loop->hold);
}

/* How long nothing will be due; RT_NEVER: for ever. */
static int64_t idle_time(struct loop *loop)
{
    const struct timer *first = timers_first(&loop->timers);
    int64_t idle_ns = RT_NEVER;
    if (first) {
        int64_t now_ns = loop_now();
        idle_ns = first->deadline_ns > now_ns ? first->deadline_ns - now_ns : 0;
        /* The kernel is late by a thousandth of the wait (a 200th for niced
         * processes), to save wake-ups. So a long one ends early, and what is
         * left is short. */
        if (idle_ns > LONG_WAIT_NS)
            idle_ns -= idle_ns / 128;
    }
    if (uv_loop_alive(&loop->uv)) {
        int64_t uv_ms = uv_backend_timeout(&loop->uv);
        if (uv_ms >= 0 && uv_ms < idle_ns / 1000000)
            idle_ns = uv_ms * 1000000;
    }
    return idle_ns;
}

/* The thread sanitizer puts a signal off until the stack that it came upon
 * makes the next call that it knows to wait; a coroutine may never make one.
 * Under it signals arrive in one place only, which is such a call. */
static void hold_signals(struct loop *loop)
{
#ifdef COROUTINE_SANITIZED
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &stop, &loop->let_in);
#else
    (void)loop;
#endif
}

static void let_signals_in(const struct loop *loop)
{
#ifdef COROUTINE_SANITIZED
    pthread_sigmask(SIG_SETMASK, &loop->let_in, NULL);
#else
    (void)loop;
#endif
}

/* Up to `count` events, at the latest after idle_ns. */
static int take_events(struct loop *loop, struct epoll_event *events, int count,
                       int64_t idle_ns)
{
    const struct timespec time = {idle_ns / 1000000000, idle_ns % 1000000000};
    const struct timespec *limit = idle_ns == RT_NEVER ? NULL : &time;
#ifdef COROUTINE_SANITIZED
    const struct timespec at_once = {0};
    struct pollfd set = {.fd = loop->epoll_fd, .events = POLLIN};
    ppoll(&set, 1, limit, &loop->let_in);
    limit = &at_once;
#endif
    return epoll_pwait2(loop->epoll_fd, events, count, limit, NULL);
}

static void wait_for_events(struct loop *loop)
{
    struct epoll_event events[EVENTS_PER_TURN];
    bool uv_ready = false;
    int64_t idle_ns = loop->ready.head ? 0 : idle_time(loop);
    int count = take_events(loop, events, EVENTS_PER_TURN, idle_ns);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == LOOP_UV_EVENT)
            uv_ready = true;
        else
            on_descriptor(&events[i]);
    }
    /* After the sockets: data that came in time beats its deadline. */
    expire_timers(loop);
    if (uv_ready)
        run_uv(loop);
}

static void task_free(struct loop_task *task)
{
    coroutine_free(loop_current->pool, task->coroutine);
}

static void task_ended(struct loop *loop, struct loop_task *task)
{
    *task->link = task->next;
    if (task->next)
        task->next->link = task->link;
    loop->task_count--;
    task->ended = true;
    if (task == loop->main)
        loop_cancel();
    if (task->joiner)
        enqueue(&loop->ready, task->joiner);
    else if (task->detached)
        task_free(task);
}

static void run_ready(struct loop *loop)
{
    for (int i = 0; i < TASKS_PER_TURN && loop->ready.head; i++) {
        struct loop_task *task = loop->ready.head;
        loop->ready.head = task->next_ready;
        if (task->next_ready)
            coroutine_prefetch(task->next_ready->coroutine);
        task->calls_left = LOOP_CALLS_PER_RUN;
        loop->running = task;
        coroutine_resume(task->coroutine);
        loop->running = NULL;
        if (coroutine_done(task->coroutine))
            task_ended(loop, task);
    }
    /* Those that yielded stand behind those that never ran. */
    if (loop->yielded.head) {
        if (loop->ready.head)
            loop->ready.tail->next_ready = loop->yielded.head;
        else
            loop->ready.head = loop->yielded.head;
        loop->ready.tail = loop->yielded.tail;
        loop->yielded.head = NULL;
    }
}

static void task_main(void *local)
{
    struct loop_task *task = local;
    task->result = task->fn(task->arg);
}

static int task_new(rt_fn *fn, const void *arg, size_t size,
                    struct loop_task **made)
{
    struct loop *loop = loop_current;
    /* A task waits for one deadline at most: room for all of them now means
     * that no wait can fail later. */
    if (timers_reserve(&loop->timers, (uint32_t)loop->task_count + 1) < 0 ||
        size > SIZE_MAX / 2)
        return -ENOMEM;
    struct coroutine *coroutine =
        coroutine_new(loop->pool, task_main, sizeof(struct loop_task) + size);
    if (!coroutine)
        return -ENOMEM;
    struct loop_task *task = coroutine_local(coroutine);
    *task = (struct loop_task){.coroutine = coroutine, .fn = fn};
    if (size > 0)
        memcpy(task->arg, arg, size);
    task->next = loop->tasks;
    task->link = &loop->tasks;
    if (task->next)
        task->next->link = &task->next;
    loop->tasks = task;
    loop->task_count++;
    enqueue(&loop->ready, task);
    *made = task;
    return 0;
}

int loop_start(rt_fn *fn, const void *arg, size_t size)
{
    struct loop_task *task;
    int error = task_new(fn, arg, size, &task);
    if (error == 0)
        task->detached = true;
    return error;
}

int loop_spawn(rt_fn *fn, const void *arg, size_t size, struct rt_task **task)
{
    return task_new(fn, arg, size, (struct loop_task **)task);
}

int loop_join(struct rt_task *rt_task, int64_t *result)
{
    struct loop_task *task = (struct loop_task *)rt_task;
    assert(!task->joiner && !task->detached);
    if (!task->ended) {
        task->joiner = loop_current->running;
        coroutine_suspend();
    }
    *result = task->result;
    task_free(task);
    return 0;
}

void loop_yield(void)
{
    struct loop *loop = loop_current;
    enqueue(&loop->yielded, loop->running);
    coroutine_suspend();
}

struct loop_task *loop_self(void)
{
    return loop_current->running;
}

void loop_park(void)
{
    coroutine_suspend();
}

void loop_unpark(struct loop_task *task)
{
    enqueue(&loop_current->ready, task);
}

int loop_sleep(int64_t duration_ns)
{
    if (duration_ns <= 0)
        return 0;
    if (loop_current->cancelled)
        return -ECANCELED;
    int64_t now_ns = loop_now();
    struct loop_wait wait = {.fd = -1};
    int result = loop_suspend(&wait, duration_ns < RT_NEVER - now_ns
                                         ? now_ns + duration_ns
                                         : RT_NEVER);
    return result == -ETIMEDOUT ? 0 : result;
}

void loop_cancel(void)
{
    struct loop *loop = loop_current;
    loop->cancelled = true;
    for (struct loop_task *task = loop->tasks; task; task = task->next)
        if (task->wait)
            loop_wake(task->wait, -ECANCELED);
}

uv_loop_t *loop_uv(void)
{
    return &loop_current->uv;
}

void loop_stacks(struct coroutine_usage *usage)
{
    coroutine_pool_usage(loop_current->pool, usage);
}

int loop_tasks(void)
{
    return loop_current->task_count;
}

int loop_run(rt_fn *fn, const void *arg, size_t size, int64_t *result)
{
    struct loop *loop = loop_current;
    int error = task_new(fn, arg, size, &loop->main);
    if (error < 0)
        return error;
    hold_signals(loop);
    for (;;) {
        run_ready(loop);
        if (loop->task_count == 0)
            break;
        if (uv_loop_alive(&loop->uv))
            run_uv(loop);
        wait_for_events(loop);
    }
    let_signals_in(loop);
    if (result)
        *result = loop->main->result;
    task_free(loop->main);
    return 0;
}

static void close_sets(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->hold, NULL);
    /* Handles of a model's own are the model's to close; a few turns let
     * their callbacks come. */
    for (int i = 0; i < SETTLE_TURNS && uv_loop_close(&loop->uv) < 0; i++)
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
}

static void on_hold(uv_prepare_t *hold)
{
    (void)hold;
}

/* Our epoll set with libuv's in it, and its one handle of ours. */
static int open_sets(struct loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = LOOP_UV_EVENT};
    const struct timespec at_once = {0};
    int error = uv_loop_init(&loop->uv);
    if (error < 0)
        return error;
    uv_prepare_init(&loop->uv, &loop->hold);
    uv_prepare_start(&loop->hold, on_hold);
    uv_unref((uv_handle_t *)&loop->hold);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    /* The last one asks whether the kernel has it. */
    if (loop->epoll_fd >= 0 &&
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, uv_backend_fd(&loop->uv),
                  &event) == 0 &&
        epoll_pwait2(loop->epoll_fd, &event, 1, &at_once, NULL) >= 0)
        return 0;
    error = -errno;
    close_sets(loop);
    return error;
}

int loop_init(size_t stack_bytes)
{
    assert(!loop_current);
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return -ENOMEM;
    int error = coroutine_pool_new(stack_bytes, &loop->pool);
    if (error == 0)
        error = coroutine_overflow_watch(loop->pool);
    if (error == 0)
        error = open_sets(loop);
    if (error < 0) {
        coroutine_overflow_end();
        coroutine_pool_free(loop->pool);
        free(loop);
        return error;
    }
    loop_current = loop;
    return 0;
}

void loop_deinit(void)
{
    struct loop *loop = loop_current;
    close_sets(loop);
    coroutine_overflow_end();
    coroutine_pool_free(loop->pool);
    timers_deinit(&loop->timers);
    free(loop->descriptors);
    free(loop);
    loop_current = NULL;
}
