/* SPDX-License-Identifier: MIT
 *
 * Tasks, waits and the turn of the loop; then the socket calls, which try first
 * and wait only if the call would block.
 *
 * No task runs while a batch of events is handed out, so no event in it can be
 * stale. But before a ready task runs, another may close its descriptor, and
 * the number may be reused. So each descriptor has a generation, checked when
 * the waiter resumes and when an event arrives.
 *
 * libuv's own epoll set is a member of ours, and libuv runs only if its set has
 * an event. So libuv costs nothing while no handle of it is in use.
 *
 * No wake-up is lost between "would block" and the wait: an edge in between
 * stays in the epoll set until the turn's end, when the waiter is in the table.
 *
 * Adopted descriptors are registered once, edge-triggered, for both directions.
 * A read that returns less than was asked for has emptied the stream, so the
 * next read waits without a system call (epoll(7), question 9): bytes that come
 * later make an edge of their own. A short read can leave two things behind
 * that came with its edge, the stream's end and urgent data. The event reports
 * both, and such a descriptor is always read. Descriptors that are not adopted
 * (a client library's socket, whose number may be another file's by now) are
 * armed for every wait: EPOLL_CTL_MOD makes the kernel look at the present
 * state, and ENOENT tells that the file is new.
 */
#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "blocking.h"
#include "coroutine_overflow.h"
#include "timers.h"

enum {
    EVENTS_PER_TURN = 256,
    TASKS_PER_TURN = 1024, /* then the sockets are asked again */
    SETTLE_TURNS = 8,
    LONG_WAIT_NS = 10000000,
    /* Reads and writes that a task may do in one run. Without a limit, a peer
     * that sends fast enough could keep its task running for ever. */
    CALLS_PER_RUN = 64,
};

/* The event data of libuv's own set; no descriptor has this number. */
static const uint64_t uv_event = UINT64_MAX;

/* A wait lies in the waiting task's frame. Meanwhile the table of descriptors
 * and the heap of timers point to it. */
struct loop_wait {
    struct timer timer; /* first: the heap's handle is the wait */
    struct loop_task *task;
    int fd;     /* -1: time alone */
    int events; /* enum rt_events */
    int result; /* the events that hold, or a negative errno */
};

struct loop_task {
    struct coroutine *coroutine;
    struct loop_task *next_ready;
    struct loop_task *next, **link; /* in the list of all tasks */
    struct loop_task *joiner;
    struct loop_wait *wait; /* the wait that cancel_waits can end, or NULL */
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
    uint32_t generation; /* counts the owners of this number */
    bool adopted;        /* registered, and closed through loop_close only */
    bool drained;        /* a read took everything; no edge since then */
    bool eager;          /* the stream's end or urgent data came: always read */
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

static _Thread_local struct loop *loop_current;

static void enqueue(struct task_queue *queue, struct loop_task *task)
{
    task->next_ready = NULL;
    if (queue->head)
        queue->tail->next_ready = task;
    else
        queue->head = task;
    queue->tail = task;
}

/* Ends a wait: takes it out of the table and the heap, makes its task ready. */
static void loop_wake(struct loop_wait *wait, int result)
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

/* Suspends the running task until loop_wake(wait), and returns its result;
 * -ETIMEDOUT after the deadline. */
static int loop_suspend(struct loop_wait *wait, int64_t deadline_ns)
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
        return; /* for a file that had this number before */
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

void loop_expire(void)
{
    struct loop *loop = loop_current;
    struct timer *first = timers_first(&loop->timers);
    int64_t now_ns = first ? rt_now() : 0;
    for (; first && first->deadline_ns <= now_ns;
         first = timers_first(&loop->timers))
        loop_wake((struct loop_wait *)first, -ETIMEDOUT);
}

/* libuv hands out events and registers handles only while it runs, and it runs
 * only while some handle is referenced: hence `hold`. */
static void run_uv(struct loop *loop)
{
    uv_ref((uv_handle_t *)&loop->hold);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    uv_unref((uv_handle_t *)&loop->hold);
}

/* The time until something is due; RT_NEVER: nothing ever is. */
static int64_t idle_time(struct loop *loop, bool uv_alive)
{
    const struct timer *first = timers_first(&loop->timers);
    int64_t idle_ns = RT_NEVER;
    if (first) {
        int64_t now_ns = rt_now();
        idle_ns = first->deadline_ns > now_ns ? first->deadline_ns - now_ns : 0;
        /* To save wake-ups, the kernel may be late by a thousandth of the wait
         * (by a 200th for niced processes). So end a long wait early; the rest
         * is short. */
        if (idle_ns > LONG_WAIT_NS)
            idle_ns -= idle_ns / 128;
    }
    if (uv_alive) {
        int64_t uv_ms = uv_backend_timeout(&loop->uv);
        if (uv_ms >= 0 && uv_ms < idle_ns / 1000000)
            idle_ns = uv_ms * 1000000;
    }
    return idle_ns;
}

/* The thread sanitizer delays a signal until the interrupted stack makes a
 * blocking call that it knows, which a coroutine may never do. So in sanitized
 * builds one such call, the ppoll below, lets signals in, and no other code. */
static void hold_signals(struct loop *loop, bool hold)
{
#ifdef COROUTINE_SANITIZED
    sigset_t stop;
    blocking_stop_signals(&stop);
    if (hold)
        pthread_sigmask(SIG_BLOCK, &stop, &loop->let_in);
    else
        pthread_sigmask(SIG_SETMASK, &loop->let_in, NULL);
#else
    (void)loop, (void)hold;
#endif
}

/* Waits for up to `count` events, at most idle_ns. */
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

void loop_poll(void)
{
    struct loop *loop = loop_current;
    struct epoll_event events[EVENTS_PER_TURN];
    bool uv_ready = false, uv_alive = uv_loop_alive(&loop->uv);
    if (uv_alive) {
        run_uv(loop);
        uv_alive = uv_loop_alive(&loop->uv);
    }
    int64_t idle_ns = loop->ready.head ? 0 : idle_time(loop, uv_alive);
    int count = take_events(loop, events, EVENTS_PER_TURN, idle_ns);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == uv_event)
            uv_ready = true;
        else
            on_descriptor(&events[i]);
    }
    if (uv_ready)
        run_uv(loop);
}

static void task_free(struct loop_task *task)
{
    coroutine_free(loop_current->pool, task->coroutine);
}

/* Ends every wait of every task with -ECANCELED, now and from now on: a task
 * must end after that error, not try again. Joins and parked tasks go on
 * waiting. */
static __attribute__((noinline)) void cancel_waits(struct loop *loop)
{
    loop->cancelled = true;
    for (struct loop_task *task = loop->tasks; task; task = task->next)
        if (task->wait)
            loop_wake(task->wait, -ECANCELED);
}

static void task_ended(struct loop *loop, struct loop_task *task)
{
    *task->link = task->next;
    if (task->next)
        task->next->link = task->link;
    loop->task_count--;
    task->ended = true;
    if (task == loop->main)
        cancel_waits(loop);
    if (task->joiner)
        enqueue(&loop->ready, task->joiner);
    else if (task->detached)
        task_free(task);
}

int loop_run_ready(void)
{
    struct loop *loop = loop_current;
    for (int i = 0; i < TASKS_PER_TURN && loop->ready.head; i++) {
        struct loop_task *task = loop->ready.head;
        loop->ready.head = task->next_ready;
        if (task->next_ready)
            coroutine_prefetch(task->next_ready->coroutine);
        task->calls_left = CALLS_PER_RUN;
        loop->running = task;
        coroutine_resume(task->coroutine);
        loop->running = NULL;
        if (coroutine_done(task->coroutine))
            task_ended(loop, task);
    }
    /* Tasks that yielded come after tasks that have not run yet. */
    if (loop->yielded.head) {
        if (loop->ready.head)
            loop->ready.tail->next_ready = loop->yielded.head;
        else
            loop->ready.head = loop->yielded.head;
        loop->ready.tail = loop->yielded.tail;
        loop->yielded.head = NULL;
    }
    return loop->task_count;
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
    /* A task waits for at most one deadline. With room for all of them now, no
     * wait can fail later. */
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
    int64_t now_ns = rt_now();
    struct loop_wait wait = {.fd = -1};
    int result = loop_suspend(&wait, duration_ns < RT_NEVER - now_ns
                                         ? now_ns + duration_ns
                                         : RT_NEVER);
    return result == -ETIMEDOUT ? 0 : result;
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

int loop_begin(rt_fn *fn, const void *arg, size_t size)
{
    struct loop *loop = loop_current;
    int error = task_new(fn, arg, size, &loop->main);
    if (error == 0)
        hold_signals(loop, true);
    return error;
}

int64_t loop_end(void)
{
    struct loop *loop = loop_current;
    int64_t result = loop->main->result;
    hold_signals(loop, false);
    task_free(loop->main);
    return result;
}

int loop_run(rt_fn *fn, const void *arg, size_t size, int64_t *result)
{
    int error = loop_begin(fn, arg, size);
    if (error < 0)
        return error;
    while (loop_run_ready() > 0) {
        loop_poll();
        loop_expire();
    }
    *result = loop_end();
    return 0;
}

static void close_sets(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->hold, NULL);
    /* A model closes its own handles; a few turns let their callbacks run. */
    for (int i = 0; i < SETTLE_TURNS && uv_loop_close(&loop->uv) < 0; i++)
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
}

static void on_hold(uv_prepare_t *hold)
{
    (void)hold;
}

/* Makes our epoll set, with libuv's in it, and the handle `hold`. */
static int open_sets(struct loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = uv_event};
    const struct timespec at_once = {0};
    int error = uv_loop_init(&loop->uv);
    if (error < 0)
        return error;
    uv_prepare_init(&loop->uv, &loop->hold);
    uv_prepare_start(&loop->hold, on_hold);
    uv_unref((uv_handle_t *)&loop->hold);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    /* The last call asks whether the kernel has epoll_pwait2. */
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

/* The table's entry for `fd`, which is created if necessary. NULL: no
 * memory. */
static struct descriptor *descriptor_of(int fd)
{
    struct loop *loop = loop_current;
    if (fd < loop->descriptor_count)
        return &loop->descriptors[fd];
    int count = loop->descriptor_count ? loop->descriptor_count : 64;
    while (count <= fd)
        count = count <= INT32_MAX / 2 ? count * 2 : INT32_MAX;
    struct descriptor *grown = reallocarray(loop->descriptors, (size_t)count,
                                            sizeof *loop->descriptors);
    if (!grown)
        return NULL;
    memset(grown + loop->descriptor_count, 0,
           (size_t)(count - loop->descriptor_count) * sizeof *grown);
    loop->descriptors = grown;
    loop->descriptor_count = count;
    return &grown[fd];
}

static int watch_fd(int operation, int fd)
{
    struct loop *loop = loop_current;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
        .data.u64 =
            (uint64_t)loop->descriptors[fd].generation << 32 | (uint32_t)fd,
    };
    return epoll_ctl(loop->epoll_fd, operation, fd, &event) == 0 ? 0 : -errno;
}

static void end_waits(struct descriptor *descriptor, int error)
{
    if (descriptor->reader)
        loop_wake(descriptor->reader, error);
    if (descriptor->writer) /* loop_wake has cleared both entries of a wait */
        loop_wake(descriptor->writer, error);
}

int loop_adopt(int fd)
{
    if (fd < 0)
        return -EBADF;
    struct descriptor *descriptor = descriptor_of(fd);
    if (!descriptor)
        return -ENOMEM;
    end_waits(descriptor, -EBADF); /* somebody closed it without loop_close */
    descriptor->generation++;
    descriptor->drained = descriptor->eager = false;
    int error = watch_fd(EPOLL_CTL_ADD, fd);
    if (error == -EEXIST)
        error = watch_fd(EPOLL_CTL_MOD, fd);
    descriptor->adopted = error == 0;
    return error;
}

void loop_cancel_fd(int fd)
{
    if (fd >= 0 && fd < loop_current->descriptor_count)
        end_waits(&loop_current->descriptors[fd], -ECANCELED);
}

int loop_close(int fd)
{
    if (fd >= 0 && fd < loop_current->descriptor_count) {
        struct descriptor *descriptor = &loop_current->descriptors[fd];
        descriptor->generation++;
        descriptor->adopted = false;
        end_waits(descriptor, -EBADF);
    }
    return close(fd) == 0 || errno == EINTR ? 0 : -errno;
}

/* Waits on a registered descriptor. */
static int wait_registered(int fd, int events, int64_t deadline_ns)
{
    struct descriptor *descriptor = &loop_current->descriptors[fd];
    uint32_t generation = descriptor->generation;
    struct loop_wait wait = {.fd = fd, .events = events};
    if (loop_current->cancelled)
        return -ECANCELED;
    if (((events & RT_READABLE) && descriptor->reader) ||
        ((events & RT_WRITABLE) && descriptor->writer))
        return -EBUSY;
    if (events & RT_READABLE)
        descriptor->reader = &wait;
    if (events & RT_WRITABLE)
        descriptor->writer = &wait;
    int result = loop_suspend(&wait, deadline_ns);
    /* Since the event, another task may have closed the descriptor, and its
     * number may have a new owner. (The table may have moved too.) */
    if (result > 0 && loop_current->descriptors[fd].generation != generation)
        return -EBADF;
    return result;
}

int loop_wait_fd(int fd, int events, int64_t deadline_ns)
{
    if (fd < 0)
        return -EBADF;
    if (!(events & (RT_READABLE | RT_WRITABLE)))
        return -EINVAL;
    struct descriptor *descriptor = descriptor_of(fd);
    if (!descriptor)
        return -ENOMEM;
    int error = watch_fd(EPOLL_CTL_MOD, fd);
    if (error == -ENOENT) {
        descriptor->generation++;
        descriptor->adopted = false;
        end_waits(descriptor, -EBADF);
        error = watch_fd(EPOLL_CTL_ADD, fd);
    }
    if (error == -EPERM) /* a regular file: it never blocks */
        return events;
    if (error < 0)
        return error;
    return wait_registered(fd, events, deadline_ns);
}

/* Waits when a read or a write would block. */
static int wait_ready(int fd, int events, int64_t deadline_ns)
{
    if (fd < loop_current->descriptor_count &&
        loop_current->descriptors[fd].adopted)
        return wait_registered(fd, events, deadline_ns);
    return loop_wait_fd(fd, events, deadline_ns);
}

/* Pipes and other non-sockets have no MSG_DONTWAIT. */
static int set_non_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 ||
        (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
        return -errno;
    return 0;
}

static ssize_t try_read(int fd, void *buffer, size_t size)
{
    ssize_t count = recv(fd, buffer, size, MSG_DONTWAIT);
    if (count < 0 && errno == ENOTSOCK && set_non_blocking(fd) == 0)
        count = read(fd, buffer, size);
    return count >= 0 ? count : -errno;
}

static ssize_t try_write(int fd, const void *buffer, size_t size)
{
    ssize_t count = send(fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == ENOTSOCK && set_non_blocking(fd) == 0)
        count = write(fd, buffer, size);
    return count >= 0 ? count : -errno;
}

static void spend_call(void)
{
    if (--loop_current->running->calls_left <= 0)
        loop_yield();
}

/* Whether nothing can be there to read; see the head of this file. */
static bool known_empty(int fd)
{
    return fd >= 0 && fd < loop_current->descriptor_count &&
           loop_current->descriptors[fd].drained;
}

static void note_short_read(int fd)
{
    struct loop *loop = loop_current;
    if (fd < loop->descriptor_count && loop->descriptors[fd].adopted)
        loop->descriptors[fd].drained = !loop->descriptors[fd].eager;
}

ssize_t loop_read(int fd, void *buffer, size_t size, int64_t deadline_ns)
{
    for (;;) {
        ssize_t count = known_empty(fd) ? -EAGAIN : try_read(fd, buffer, size);
        if (count > 0 && (size_t)count < size)
            note_short_read(fd);
        if (count >= 0)
            spend_call();
        if (count != -EAGAIN && count != -EINTR)
            return count;
        int ready =
            count == -EINTR ? 0 : wait_ready(fd, RT_READABLE, deadline_ns);
        if (ready < 0)
            return ready;
    }
}

ssize_t loop_write(int fd, const void *buffer, size_t size, int64_t deadline_ns)
{
    size_t written = 0;
    while (written < size) {
        ssize_t count =
            try_write(fd, (const char *)buffer + written, size - written);
        if (count >= 0) {
            written += (size_t)count;
            continue;
        }
        if (count == -EINTR)
            continue;
        if (count != -EAGAIN)
            return count;
        int ready = wait_ready(fd, RT_WRITABLE, deadline_ns);
        if (ready < 0)
            return ready;
    }
    /* Not between the parts: while others run, the descriptor may be reused. */
    spend_call();
    return (ssize_t)size;
}

int loop_connect(const struct sockaddr_in *address, int64_t deadline_ns)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int error = connect(fd, (const struct sockaddr *)address, sizeof *address);
    bool pending = error < 0 && (errno == EINPROGRESS || errno == EINTR);
    error = error < 0 && !pending ? -errno : 0;
    /* Adopt the socket only now: before connect() it would count as hung up. */
    if (error == 0)
        error = loop_adopt(fd);
    if (error == 0 && pending) {
        int ready = wait_registered(fd, RT_WRITABLE, deadline_ns);
        socklen_t size = sizeof error;
        if (ready < 0)
            error = ready;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
            error = -error;
        else
            error = -errno;
    }
    if (error < 0) {
        loop_close(fd);
        return error;
    }
    return fd;
}

const struct rt_operations loop_operations = {.sleep = loop_sleep,
                                              .connect = loop_connect,
                                              .read = loop_read,
                                              .write = loop_write,
                                              .wait_fd = loop_wait_fd,
                                              .close = loop_close,
                                              .spawn = loop_spawn,
                                              .join = loop_join,
                                              .yield = loop_yield};
