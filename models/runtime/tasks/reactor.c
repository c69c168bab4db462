/* SPDX-License-Identifier: MIT
 *
 * One turn: libuv's poll phase reports that our epoll set is readable.
 * on_events takes a batch of events from the set, calls the watches that these
 * are for, and then the timers that are due. The prepare phase moves the
 * timerfd if there is an earlier deadline now, and libuv blocks.
 */
#include "reactor.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "models/runtime/runtime.h"

enum { EVENTS_PER_TURN = 256 };

static struct {
    uv_loop_t uv;
    uv_poll_t poll;
    uv_prepare_t prepare;
    int epoll_fd, timer_fd;
    int64_t armed_ns; /* the timerfd's deadline; RT_NEVER: not set */
    struct timers timers;
    struct reactor_timer stop;
    void (*after)(void);
} reactor;

/* The timerfd's watch. Its address tells its events from others. */
static struct reactor_watch timer_watch;

static void call_due(void)
{
    struct timer *first = timers_first(&reactor.timers);
    if (!first)
        return;
    int64_t now_ns = rt_now();
    while ((first = timers_first(&reactor.timers)) &&
           first->deadline_ns <= now_ns) {
        struct reactor_timer *timer = (struct reactor_timer *)first;
        timers_remove(&reactor.timers, first);
        timer->due(timer);
    }
}

static void on_events(uv_poll_t *poll, int status, int uv_events)
{
    struct epoll_event events[EVENTS_PER_TURN];
    (void)poll, (void)status, (void)uv_events;
    int count = epoll_wait(reactor.epoll_fd, events, EVENTS_PER_TURN, 0);
    for (int i = 0; i < count; i++) {
        struct reactor_watch *watch = events[i].data.ptr;
        if (watch != &timer_watch)
            watch->ready(watch, events[i].events);
        else
            reactor.armed_ns = RT_NEVER;
    }
    /* Deadlines come after the sockets, so that data that came in time wins. */
    if (reactor.armed_ns == RT_NEVER)
        call_due();
    reactor.after();
}

/* An earlier deadline moves the timerfd, a removed timer does not: an
 * unnecessary wake-up now and then is cheaper than a system call for every
 * timer. */
static void on_prepare(uv_prepare_t *prepare)
{
    const struct timer *first = timers_first(&reactor.timers);
    (void)prepare;
    if (!first || first->deadline_ns >= reactor.armed_ns)
        return;
    /* Zero would disarm the timerfd. */
    int64_t at_ns = first->deadline_ns > 0 ? first->deadline_ns : 1;
    struct itimerspec spec = {
        .it_value = {at_ns / 1000000000, at_ns % 1000000000}};
    timerfd_settime(reactor.timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
    reactor.armed_ns = first->deadline_ns;
}

int reactor_add(struct reactor_watch *watch, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(reactor.epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

void reactor_remove(int fd)
{
    epoll_ctl(reactor.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

int reactor_reserve(uint32_t timers)
{
    return timers_reserve(&reactor.timers, timers + 1); /* reactor.stop */
}

void reactor_set(struct reactor_timer *timer, int64_t deadline_ns)
{
    timers_remove(&reactor.timers, &timer->timer);
    timer->timer.deadline_ns = deadline_ns;
    timers_add(&reactor.timers, &timer->timer);
}

void reactor_clear(struct reactor_timer *timer)
{
    timers_remove(&reactor.timers, &timer->timer);
}

static int open_descriptors(void)
{
    reactor.timer_fd =
        timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (reactor.timer_fd < 0)
        return -errno;
    reactor.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (reactor.epoll_fd < 0) {
        int error = -errno;
        close(reactor.timer_fd);
        return error;
    }
    return reactor_add(&timer_watch, reactor.timer_fd, EPOLLIN | EPOLLET);
}

int reactor_open(void (*after)(void))
{
    reactor.after = after;
    reactor.armed_ns = RT_NEVER;
    int error = open_descriptors();
    if (error == 0)
        error = reactor_reserve(0);
    if (error == 0)
        error = uv_loop_init(&reactor.uv);
    if (error == 0)
        error = uv_poll_init(&reactor.uv, &reactor.poll, reactor.epoll_fd);
    if (error < 0)
        return error;
    uv_prepare_init(&reactor.uv, &reactor.prepare);
    uv_poll_start(&reactor.poll, UV_READABLE, on_events);
    uv_prepare_start(&reactor.prepare, on_prepare);
    return 0;
}

void reactor_run(void)
{
    uv_run(&reactor.uv, UV_RUN_DEFAULT);
}

void reactor_stop(void)
{
    uv_stop(&reactor.uv);
}

static void stop_due(struct reactor_timer *timer)
{
    (void)timer;
    reactor_stop();
}

void reactor_stop_at(int64_t deadline_ns)
{
    reactor.stop.due = stop_due;
    reactor_set(&reactor.stop, deadline_ns);
}

void reactor_close(void)
{
    uv_close((uv_handle_t *)&reactor.poll, NULL);
    uv_close((uv_handle_t *)&reactor.prepare, NULL);
    uv_run(&reactor.uv, UV_RUN_NOWAIT);
    uv_loop_close(&reactor.uv);
    close(reactor.timer_fd);
    close(reactor.epoll_fd);
    timers_deinit(&reactor.timers);
}
