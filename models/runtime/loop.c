/* SPDX-License-Identifier: MIT
 *
 * Tasks, waits and the turn of the loop; the socket calls are in loop_io.c.
 *
 * One turn: libuv's poll phase reports our epoll set, `on_events` takes all
 * events out of it and only makes their waiters ready; the next prepare phase
 * runs the ready tasks, sets the timerfd if the earliest deadline came nearer,
 * and lets libuv block. As no task runs while events are handed out, an event
 * cannot be stale within its batch. Between being made ready and running,
 * though, a descriptor may be closed and its number reused: each has a
 * generation, checked when the waiter resumes and when an event arrives.
 *
 * There is no lost wake-up between "would block" and the wait: both happen in
 * this thread, and an edge in between stays in the epoll set until on_events
 * looks, when the waiter is in the table.
 */
#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "coroutine.h"
#include "loop_internal.h"

enum {
    EVENTS_PER_TURN = 256,
    TASKS_PER_TURN = 1024, /* then the sockets are looked at again */
    SETTLE_TURNS = 8,
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

static void on_events(uv_poll_t *poll, int status, int uv_events)
{
    struct loop *loop = poll->data;
    struct epoll_event events[EVENTS_PER_TURN];
    (void)status, (void)uv_events;
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_TURN, 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 != LOOP_TIMER_EVENT)
            on_descriptor(&events[i]);
        else
            loop->armed_ns = RT_NEVER;
    }
    /* After the sockets: data that came in time beats its deadline. */
    if (loop->armed_ns == RT_NEVER)
        expire_timers(loop);
}

/* Nearer deadlines move the timerfd, removed ones do not: a tick too many now
 * and then is cheaper than a system call for every wait that ends early. */
static void arm_timer(struct loop *loop)
{
    const struct timer *first = timers_first(&loop->timers);
    if (!first || first->deadline_ns >= loop->armed_ns)
        return;
    /* Zero would disarm it. */
    int64_t at_ns = first->deadline_ns > 0 ? first->deadline_ns : 1;
    struct itimerspec spec = {
        .it_value = {at_ns / 1000000000, at_ns % 1000000000}};
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    loop->armed_ns = first->deadline_ns;
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
    if (loop->task_count == 0)
        uv_stop(&loop->uv);
}

static void run_ready(struct loop *loop)
{
    for (int i = 0; i < TASKS_PER_TURN && loop->ready.head; i++) {
        struct loop_task *task = loop->ready.head;
        loop->ready.head = task->next_ready;
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

/* An active idle handle is libuv's way to poll without blocking. */
static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    run_ready(loop);
    arm_timer(loop);
    if (loop->ready.head)
        uv_idle_start(&loop->idle, on_idle);
    else
        uv_idle_stop(&loop->idle);
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
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    if (result)
        *result = loop->main->result;
    task_free(loop->main);
    return 0;
}

/* What libuv needs: one poll handle for all sockets and timers. */
static int open_handles(struct loop *loop)
{
    int error = uv_loop_init(&loop->uv);
    if (error < 0)
        return error;
    error = uv_poll_init(&loop->uv, &loop->poll, loop->epoll_fd);
    if (error < 0) {
        uv_loop_close(&loop->uv);
        return error;
    }
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_idle_init(&loop->uv, &loop->idle);
    loop->poll.data = loop->prepare.data = loop;
    uv_poll_start(&loop->poll, UV_READABLE, on_events);
    uv_prepare_start(&loop->prepare, on_prepare);
    return 0;
}

int loop_init(size_t stack_bytes)
{
    assert(!loop_current);
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return -ENOMEM;
    loop->armed_ns = RT_NEVER;
    loop->timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET,
                                .data.u64 = LOOP_TIMER_EVENT};
    int error = 0;
    if (loop->timer_fd < 0 || loop->epoll_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) < 0)
        error = -errno;
    if (error == 0)
        error = coroutine_pool_new(stack_bytes, &loop->pool);
    if (error == 0)
        error = open_handles(loop);
    if (error < 0) {
        coroutine_pool_free(loop->pool);
        if (loop->timer_fd >= 0)
            close(loop->timer_fd);
        if (loop->epoll_fd >= 0)
            close(loop->epoll_fd);
        free(loop);
        return error;
    }
    loop_current = loop;
    return 0;
}

void loop_deinit(void)
{
    struct loop *loop = loop_current;
    uv_close((uv_handle_t *)&loop->poll, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    /* Handles of a model's own are the model's to close; a few turns let
     * their callbacks come. */
    for (int i = 0; i < SETTLE_TURNS && uv_loop_close(&loop->uv) < 0; i++)
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    close(loop->timer_fd);
    close(loop->epoll_fd);
    coroutine_pool_free(loop->pool);
    timers_deinit(&loop->timers);
    free(loop->descriptors);
    free(loop);
    loop_current = NULL;
}
