/* SPDX-License-Identifier: MIT
 *
 * The dispatcher's loop. Three things keep it simple:
 *
 * - every connection is in one of five states, and only its owner moves it:
 *   the dispatcher, or, while it is BUSY, whoever serves its request;
 * - with requests served elsewhere, connections are registered with
 *   EPOLLONESHOT: an event disarms, dispatch_done arms again. To hand a
 *   connection back for work that needs no byte from the client (pipelined
 *   requests, the end), it is armed for EPOLLOUT, which holds at once;
 * - before a descriptor is closed it is taken out of the epoll set by hand:
 *   forked children hold copies, and while one does, closing alone would leave
 *   it registered and reporting.
 */
#include "dispatch.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kept.h"
#include "models/runtime/tasks/blocking.h"
#include "server.h"

enum {
    EVENTS_MAX = 256,
    ACCEPTS_MAX = 64, /* at a time, so that requests get their turn */
    DRAIN_TICK_MS = 10,
};

static const int64_t request_timeout_ns =
    SERVER_REQUEST_TIMEOUT_S * INT64_C(1000000000);
static const int64_t linger_ns = 1000000000;

enum state {
    OPEN,   /* idle, or waiting for the rest of a request */
    BUSY,   /* its request is being served elsewhere */
    ENDING, /* answered for the last time */
    LINGER, /* our side ended; reading on so that the answer is not lost */
    CLOSED, /* until the events at hand are done with */
};

struct dispatch_connection {
    struct dispatch_source source;
    int fd;
    _Atomic enum state state;
    bool upgraded; /* its request may have become a session */
    struct kept *kept;
    struct dispatch_connection *next, *previous;
    /* In one of the lists below, or none. */
    struct timed *timed;
    struct dispatch_connection *timed_next, *timed_previous;
    int64_t deadline_ns;
};

/* Connections with a deadline, all the same time away when they came. */
struct timed {
    struct dispatch_connection *first, *last;
};

static struct {
    int epoll_fd, listen_fd, stop_fd;
    dispatch_serve *serve;
    bool later, stopping;
    atomic_int in_flight;
    struct dispatch_source listener, stopper;
    struct dispatch_connection *connections, *closed;
    struct timed partial, lingering;
    struct http_connection http; /* of the connection at hand */
    char buffer[HTTP_HEAD_MAX];
} dispatch;

static void timed_remove(struct dispatch_connection *c)
{
    struct timed *list = c->timed;
    if (!list)
        return;
    *(c->timed_previous ? &c->timed_previous->timed_next : &list->first) =
        c->timed_next;
    *(c->timed_next ? &c->timed_next->timed_previous : &list->last) =
        c->timed_previous;
    c->timed = NULL;
}

static void timed_add(struct timed *list, struct dispatch_connection *c,
                      int64_t timeout_ns)
{
    timed_remove(c);
    c->deadline_ns = rt_now() + timeout_ns;
    c->timed = list;
    c->timed_next = NULL;
    c->timed_previous = list->last;
    *(list->last ? &list->last->timed_next : &list->first) = c;
    list->last = c;
}

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

/* The memory goes when the events at hand are done with. */
static void close_connection(struct dispatch_connection *c)
{
    timed_remove(c);
    dispatch_unwatch(c->fd);
    shutdown(c->fd, SHUT_RDWR); /* ends it even if a child has a copy */
    close(c->fd);
    kept_free(c->kept);
    c->kept = NULL;
    atomic_store_explicit(&c->state, CLOSED, memory_order_relaxed);
    *(c->previous ? &c->previous->next : &dispatch.connections) = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->next = dispatch.closed;
    dispatch.closed = c;
}

static void free_closed(void)
{
    while (dispatch.closed) {
        struct dispatch_connection *c = dispatch.closed;
        dispatch.closed = c->next;
        free(c);
    }
}

static void arm(struct dispatch_connection *c)
{
    if (dispatch.later)
        (void)control(EPOLL_CTL_MOD, &c->source, c->fd, EPOLLIN | EPOLLONESHOT);
}

/* Throws away what the client still sends. False when it has ended. */
static bool discard(struct dispatch_connection *c, bool *got_some)
{
    for (int i = 0; i < 16; i++) {
        ssize_t count =
            recv(c->fd, dispatch.buffer, sizeof dispatch.buffer, MSG_DONTWAIT);
        if (count <= 0)
            return count < 0 && (errno == EAGAIN || errno == EINTR);
        *got_some = true;
    }
    return true;
}

/* Ends a connection after its last answer. `unread`: the client has sent or
 * is sending more; closing at once would reset the connection, and the answer
 * with it. */
static void end(struct dispatch_connection *c, bool unread)
{
    timed_remove(c);
    shutdown(c->fd, SHUT_WR);
    if (!discard(c, &unread) || !unread || dispatch.stopping) {
        close_connection(c);
        return;
    }
    atomic_store_explicit(&c->state, LINGER, memory_order_relaxed);
    timed_add(&dispatch.lingering, c, linger_ns);
    (void)control(EPOLL_CTL_MOD, &c->source, c->fd, EPOLLIN);
}

/* Puts the bytes at hand aside for the connection: the unfinished request, or
 * (unparsed) what follows the one at hand. Returns 0 or -ENOMEM. */
static int keep_bytes(struct dispatch_connection *c, bool unparsed)
{
    c->kept = kept_new(&dispatch.http, unparsed);
    return c->kept ? 0 : -ENOMEM;
}

/* The opposite: makes the connection's bytes the ones at hand. Returns
 * whether they are to be looked at before reading. */
static bool load_bytes(struct dispatch_connection *c)
{
    struct kept *kept = c->kept;
    c->kept = NULL;
    return kept_load(kept, &dispatch.http, dispatch.buffer);
}

static int refuse_one(const struct dispatch_connection *c,
                      const struct http_request *request, int error)
{
    return dispatch_refuse(c->fd, request, error) ? DISPATCH_KEEP
                                                  : DISPATCH_CLOSE;
}

/* Hands over the request at hand. From here on until the result is known the
 * connection may be another thread's. */
static int serve_one(struct dispatch_connection *c)
{
    const struct http_request *request = &dispatch.http.request;
    timed_remove(c);
    if (!dispatch.later)
        return dispatch.serve(c, request);
    if (dispatch.http.used > dispatch.http.parsed && request->keep_alive) {
        int error = keep_bytes(c, true);
        if (error < 0)
            return refuse_one(c, request, error);
    }
    c->upgraded = request->upgrade == HTTP_WEBSOCKET;
    atomic_fetch_add(&dispatch.in_flight, 1);
    atomic_store(&c->state, BUSY);
    int result = dispatch.serve(c, request);
    if (result == DISPATCH_LATER)
        return result;
    atomic_store(&c->state, OPEN);
    atomic_fetch_sub(&dispatch.in_flight, 1);
    kept_free(c->kept); /* what follows is still at hand */
    c->kept = NULL;
    return result < 0 ? refuse_one(c, request, result) : result;
}

/* Serves what is whole of the bytes at hand, keeps the rest. */
static void proceed(struct dispatch_connection *c)
{
    struct http_connection *http = &dispatch.http;
    while (http_next(http)) {
        int error = http->request.error;
        int result = error ? refuse_one(c, &http->request, 0) : serve_one(c);
        if (result == DISPATCH_LATER)
            return;
        if (result != DISPATCH_KEEP) {
            end(c, error || http->used > http->parsed);
            return;
        }
    }
    if (http_idle(http)) {
        timed_remove(c);
    } else {
        if (keep_bytes(c, false) < 0) {
            close_connection(c);
            return;
        }
        if (!c->timed)
            timed_add(&dispatch.partial, c, request_timeout_ns);
    }
    arm(c);
}

static void read_connection(struct dispatch_connection *c)
{
    if (!load_bytes(c)) {
        size_t space;
        char *at = http_space(&dispatch.http, &space);
        ssize_t count = recv(c->fd, at, space, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
            close_connection(c);
            return;
        }
        dispatch.http.used += count > 0 ? (size_t)count : 0;
    }
    proceed(c);
}

static void connection_ready(struct dispatch_source *source)
{
    struct dispatch_connection *c = (struct dispatch_connection *)source;
    bool got_some = false;
    switch (atomic_load(&c->state)) {
    case OPEN:
        if (dispatch.stopping)
            close_connection(c);
        else
            read_connection(c);
        break;
    case ENDING:
        end(c, c->kept != NULL);
        break;
    case LINGER:
        if (!discard(c, &got_some))
            close_connection(c);
        break;
    default: /* busy or closed: not ours to touch */
        break;
    }
}

static void add_connection(int fd)
{
    struct dispatch_connection *c = calloc(1, sizeof *c);
    uint32_t events = EPOLLIN | (dispatch.later ? EPOLLONESHOT : 0);
    if (!c) {
        server_refuse(fd, "the server is out of memory; open fewer "
                          "connections");
        return;
    }
    c->source.ready = connection_ready;
    c->fd = fd;
    atomic_init(&c->state, OPEN);
    if (control(EPOLL_CTL_ADD, &c->source, fd, events) < 0) {
        server_refuse(fd, "the server cannot watch another connection "
                          "(fs.epoll.max_user_watches); open fewer");
        free(c);
        return;
    }
    c->next = dispatch.connections;
    if (c->next)
        c->next->previous = c;
    dispatch.connections = c;
}

static void listener_ready(struct dispatch_source *source)
{
    (void)source;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = server_accept(dispatch.listen_fd, 0);
        if (fd < 0) {
            if (fd != -EAGAIN) /* short of something: not in a busy loop */
                blocking_sleep(1000000);
            return;
        }
        add_connection(fd);
    }
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
    dispatch.listener.ready = listener_ready;
    dispatch.stopper.ready = stopper_ready;
    int error = dispatch_watch(&dispatch.listener, config->listen_fd);
    return error ? error : dispatch_watch(&dispatch.stopper, config->stop_fd);
}

/* Closes what is past its deadline. Returns ms until the next, or -1. */
static int expire(void)
{
    struct timed *lists[] = {&dispatch.partial, &dispatch.lingering};
    int64_t next_ns = RT_NEVER, now_ns = 0;
    for (int i = 0; i < 2; i++) {
        if (lists[i]->first && now_ns == 0)
            now_ns = rt_now();
        while (lists[i]->first && lists[i]->first->deadline_ns <= now_ns)
            close_connection(lists[i]->first);
        if (lists[i]->first && lists[i]->first->deadline_ns < next_ns)
            next_ns = lists[i]->first->deadline_ns;
    }
    free_closed();
    return next_ns == RT_NEVER ? -1 : (int)((next_ns - now_ns) / 1000000 + 1);
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
        /* Served right here, each of them may take long. */
        if (!dispatch.later && server_stopping()) {
            dispatch.stopping = true;
            break;
        }
        source->ready(source);
    }
    return 0;
}

/* Closes what no task is using. A session, in whatever process, sees the end of
 * its stream. */
static void close_unused(void)
{
    struct dispatch_connection *c = dispatch.connections;
    while (c) {
        struct dispatch_connection *next = c->next;
        if (atomic_load(&c->state) != BUSY)
            close_connection(c);
        else if (c->upgraded)
            shutdown(c->fd, SHUT_RD);
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
    close(dispatch.epoll_fd);
}

int dispatch_fd(const struct dispatch_connection *connection)
{
    return connection->fd;
}

void dispatch_done(struct dispatch_connection *c, bool keep)
{
    bool at_once = !keep || c->kept;
    int fd = c->fd;
    if (!keep)
        shutdown(fd, SHUT_WR); /* and so it counts as writable */
    struct epoll_event event = {.data.ptr = &c->source,
                                .events = EPOLLONESHOT |
                                          (at_once ? EPOLLOUT : EPOLLIN)};
    /* From here on a drain may free it. */
    atomic_store(&c->state, keep ? OPEN : ENDING);
    /* Not through the wrapper: the thread sanitizer knows no order between
     * this call and the close that follows the event it leads to. */
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
