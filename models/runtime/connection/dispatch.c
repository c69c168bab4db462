/* SPDX-License-Identifier: MIT
 *
 * The dispatcher's loop. Three things keep it simple:
 *
 * - every connection has one owner, and only the owner runs its wire: the
 *   dispatcher, or the task that serves its request;
 * - if requests are served elsewhere, connections are registered with
 *   EPOLLONESHOT: an event disarms a connection, dispatch_done arms it again.
 *   When the dispatcher must go on at once (pipelined requests, the end of the
 *   connection), dispatch_done arms for EPOLLOUT, which is reported
 *   immediately;
 * - before a descriptor is closed, it is removed from the epoll set explicitly:
 *   while a forked child holds a copy, closing alone would leave the descriptor
 *   registered and reporting.
 */
#include "dispatch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "models/runtime/tasks/blocking.h"
#include "models/runtime/tasks/timers.h"
#include "server.h"
#include "wire.h"

enum {
    EVENTS_MAX = 256,
    DRAIN_TICK_MS = 10,
};

enum owner {
    OURS,   /* the dispatcher owns it */
    TASKS,  /* a task serves its request */
    NOBODY, /* closed, and freed after the current batch of events */
};

struct dispatch_connection {
    struct dispatch_source source; /* first: the callbacks cast it back */
    struct timer timer;            /* set to wire.deadline_ns */
    struct wire wire;
    _Atomic enum owner owner;
    bool upgraded; /* its request may have become a session */
    struct dispatch_connection *next, *previous;
};

static struct {
    int epoll_fd, listen_fd, stop_fd;
    dispatch_serve *serve;
    bool later, stopping;
    atomic_int in_flight;
    struct dispatch_source listener, stopper;
    struct dispatch_connection *connections, *closed;
    uint32_t connection_count;
    struct timers timers;
    struct wire_hand hand;
} dispatch;

static int control(int operation, struct dispatch_source *source, int fd,
                   uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(dispatch.epoll_fd, operation, fd, &event) ? -errno : 0;
}

int dispatch_watch(struct dispatch_source *source, int fd)
{
    return control(EPOLL_CTL_ADD, source, fd, EPOLLIN);
}

void dispatch_unwatch(int fd)
{
    (void)control(EPOLL_CTL_DEL, NULL, fd, 0);
}

/* The memory is freed after the current batch of events, which may still point
 * to it. */
static void close_connection(struct dispatch_connection *c)
{
    timers_remove(&dispatch.timers, &c->timer);
    dispatch_unwatch(c->wire.fd);
    shutdown(c->wire.fd, SHUT_RDWR); /* a child may have a copy */
    close(c->wire.fd);
    wire_free(&c->wire);
    atomic_store_explicit(&c->owner, NOBODY, memory_order_relaxed);
    *(c->previous ? &c->previous->next : &dispatch.connections) = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->next = dispatch.closed;
    dispatch.closed = c;
    dispatch.connection_count--;
}

static void free_closed(void)
{
    while (dispatch.closed) {
        struct dispatch_connection *c = dispatch.closed;
        dispatch.closed = c->next;
        free(c);
    }
}

static void set_timer(struct dispatch_connection *c)
{
    if (c->timer.position != 0 && c->timer.deadline_ns == c->wire.deadline_ns)
        return;
    timers_remove(&dispatch.timers, &c->timer);
    c->timer.deadline_ns = c->wire.deadline_ns;
    if (c->wire.deadline_ns != RT_NEVER)
        timers_add(&dispatch.timers, &c->timer);
}

/* Hands the current request to a task. Until the result is known, the
 * connection may belong to another thread. */
static int begin_task(struct dispatch_connection *c,
                      const struct http_request *request)
{
    if (!wire_suspend(&c->wire))
        return -ENOMEM;
    set_timer(c);
    c->upgraded = request->upgrade == HTTP_WEBSOCKET;
    atomic_fetch_add(&dispatch.in_flight, 1);
    atomic_store(&c->owner, TASKS);
    int result = dispatch.serve(c, request);
    if (result == DISPATCH_LATER)
        return result;
    atomic_store(&c->owner, OURS);
    atomic_fetch_sub(&dispatch.in_flight, 1);
    return result;
}

/* Returns false when the request will be answered later. */
static bool serve_one(struct dispatch_connection *c)
{
    const struct http_request *request = &dispatch.hand.http.request;
    int result = request->error   ? 0
                 : dispatch.later ? begin_task(c, request)
                                  : dispatch.serve(c, request);
    if (result == DISPATCH_LATER)
        return false;
    bool refused = request->error || result < 0;
    wire_answered(&c->wire, refused
                                ? dispatch_refuse(c->wire.fd, request, result)
                                : result == DISPATCH_KEEP);
    return true;
}

static void arm(struct dispatch_connection *c)
{
    if (dispatch.later)
        (void)control(EPOLL_CTL_MOD, &c->source, c->wire.fd,
                      EPOLLIN | EPOLLONESHOT);
}

/* Serves the requests that are complete, then waits for more bytes. */
static void connection_ready(struct dispatch_source *source)
{
    struct dispatch_connection *c = (struct dispatch_connection *)source;
    enum wire_want want;
    if (atomic_load(&c->owner) != OURS)
        return;
    if (dispatch.stopping) {
        close_connection(c);
        return;
    }
    while ((want = wire_run(&c->wire, &dispatch.hand)) == WIRE_REQUEST)
        if (!serve_one(c))
            return;
    if (want == WIRE_CLOSED) {
        close_connection(c);
    } else {
        set_timer(c);
        arm(c);
    }
}

static void add_connection(int fd)
{
    struct dispatch_connection *c = calloc(1, sizeof *c);
    uint32_t events = EPOLLIN | (dispatch.later ? EPOLLONESHOT : 0);
    if (!c || timers_reserve(&dispatch.timers, dispatch.connection_count + 1)) {
        free(c);
        server_refuse(fd, SERVER_NO_MEMORY);
        return;
    }
    c->source.ready = connection_ready;
    wire_open(&c->wire, fd);
    atomic_init(&c->owner, OURS);
    if (control(EPOLL_CTL_ADD, &c->source, fd, events) < 0) {
        server_refuse(fd, SERVER_NO_WATCH);
        free(c);
        return;
    }
    c->next = dispatch.connections;
    if (c->next)
        c->next->previous = c;
    dispatch.connections = c;
    dispatch.connection_count++;
}

static void listener_ready(struct dispatch_source *source)
{
    (void)source;
    server_accept_all(dispatch.listen_fd, 0, add_connection);
}

static void stopper_ready(struct dispatch_source *source)
{
    (void)source;
    dispatch.stopping = true;
}

int dispatch_open(const struct server_config *config, dispatch_serve *serve,
                  bool later)
{
    dispatch.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (dispatch.epoll_fd < 0)
        return -errno;
    dispatch.listen_fd = config->listen_fd;
    dispatch.stop_fd = config->stop_fd;
    dispatch.serve = serve;
    dispatch.later = later;
    dispatch.hand.level = true;
    dispatch.listener.ready = listener_ready;
    dispatch.stopper.ready = stopper_ready;
    int error = dispatch_watch(&dispatch.listener, config->listen_fd);
    return error ? error : dispatch_watch(&dispatch.stopper, config->stop_fd);
}

/* Closes connections past their deadline. Returns the ms until the next
 * deadline, or -1. */
static int expire(void)
{
    struct timer *first = timers_first(&dispatch.timers);
    int64_t now_ns = first ? rt_now() : 0;
    while (first && first->deadline_ns <= now_ns) {
        close_connection(
            (struct dispatch_connection *)((char *)first -
                                           offsetof(struct dispatch_connection,
                                                    timer)));
        first = timers_first(&dispatch.timers);
    }
    free_closed();
    return first ? (int)((first->deadline_ns - now_ns) / 1000000 + 1) : -1;
}

/* Waits for events and handles them. Returns 0 or a negative errno. */
static int turn(int timeout_ms)
{
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(dispatch.epoll_fd, events, EVENTS_MAX, timeout_ms);
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        struct dispatch_source *source = events[i].data.ptr;
        /* Requests served in this thread may each take long. */
        if (!dispatch.later && server_stopping()) {
            dispatch.stopping = true;
            break;
        }
        source->ready(source);
    }
    return 0;
}

/* Closes the connections that no task is using. A WebSocket session, in
 * whatever process it runs, sees the end of its stream. */
static void close_unused(void)
{
    struct dispatch_connection *c = dispatch.connections;
    while (c) {
        struct dispatch_connection *next = c->next;
        if (atomic_load(&c->owner) != TASKS)
            close_connection(c);
        else if (c->upgraded)
            shutdown(c->wire.fd, SHUT_RD);
        c = next;
    }
    free_closed();
}

static int drain(void)
{
    int64_t deadline_ns = rt_now() + SERVER_DRAIN_NS;
    int error = 0;
    server_stop();
    dispatch_unwatch(dispatch.listen_fd);
    dispatch_unwatch(dispatch.stop_fd);
    close_unused();
    while (error == 0 && atomic_load(&dispatch.in_flight) > 0 &&
           rt_now() < deadline_ns) {
        error = turn(DRAIN_TICK_MS);
        free_closed();
    }
    return error;
}

int dispatch_run(void)
{
    int error = 0;
    while (error == 0 && !dispatch.stopping)
        error = turn(expire());
    return error ? error : drain();
}

void dispatch_close(void)
{
    if (atomic_load(&dispatch.in_flight) > 0)
        return;
    close_unused();
    timers_deinit(&dispatch.timers);
    close(dispatch.epoll_fd);
}

int dispatch_fd(const struct dispatch_connection *connection)
{
    return connection->wire.fd;
}

void dispatch_done(struct dispatch_connection *c, bool keep)
{
    bool at_once = !keep || c->wire.kept;
    int fd = c->wire.fd;
    if (!keep)
        shutdown(fd, SHUT_WR); /* makes EPOLLOUT certain */
    struct epoll_event event = {.data.ptr = &c->source,
                                .events = EPOLLONESHOT |
                                          (at_once ? EPOLLOUT : EPOLLIN)};
    wire_answered(&c->wire, keep);
    /* From here on a drain may free the connection. */
    atomic_store(&c->owner, OURS);
    /* A raw system call: the thread sanitizer would see no order between
     * epoll_ctl() and the close() that follows the event that this call
     * causes. */
    syscall(SYS_epoll_ctl, dispatch.epoll_fd, EPOLL_CTL_MOD, fd, &event);
    atomic_fetch_sub(&dispatch.in_flight, 1);
}

void dispatch_abort(struct dispatch_connection *connection)
{
    atomic_fetch_sub(&dispatch.in_flight, 1);
    close_connection(connection);
}

void dispatch_forked(void)
{
    close(dispatch.epoll_fd);
    close(dispatch.listen_fd);
}
