/* SPDX-License-Identifier: MIT
 *
 * One libuv loop and hand-written callbacks: a connection is a small state
 * machine, and who waits leaves a function to be called. In the wild: nginx's
 * core, classic Node. It is the control for what event-loop's coroutines cost:
 * the same loop, parser, timers and answers, no stacks.
 *
 * A workload is in direct style and cannot be cut in two here, so this model
 * has those alone whose one wait, if any, comes before the answer is computed;
 * it does not have those that call a backend.
 *
 * requires: libuv
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/base/stats.h"
#include "models/runtime/connection/kept.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/connection/unsent.h"
#include "models/runtime/http/http.h"
#include "models/runtime/tasks/blocking.h"
#include "models/runtime/tasks/reactor.h"

enum {
    ACCEPTS_MAX = 64, /* at a time, so that requests get their turn */
    READS_MAX = 64,   /* of one connection, likewise */
};
static const int64_t request_timeout_ns =
    SERVER_REQUEST_TIMEOUT_S * INT64_C(1000000000);
static const int64_t linger_ns = 1000000000;

enum state {
    READING, /* idle, or in the middle of a request */
    WAITING, /* its request's wait is not over */
    WRITING, /* the socket takes no more for now */
    LINGER,  /* our side ended; reading on so that the answer is not lost */
    CLOSED,  /* until the events at hand are done with */
};

/* A request between its two halves. */
struct job {
    struct job *next; /* spare ones */
    const struct workload *workload;
    struct http_request request;
    int64_t due_ns;
    struct arguments arguments;
};

struct connection {
    struct reactor_watch watch; /* first: the callbacks cast it back */
    struct reactor_timer timer; /* what it is for depends on the state */
    int fd;
    enum state state;
    bool more;    /* there may be more to read than events will tell of */
    bool yielded; /* so that others get their turn; the timer calls it back */
    bool close;   /* after what is being written */
    bool unread;  /* then, bytes that will not be looked at */
    struct kept *kept;
    struct job *job;
    struct unsent unsent;
    struct connection *next, *previous;
};

static struct connection *connections, *closed;
static uint32_t connection_count;
static int unfinished; /* requests between their first byte in, last out */
static struct job *spare_jobs;
static const struct server_config *server;
static struct reactor_watch listener, stopper;
static struct reactor_timer drain_limit;
static struct http_connection http; /* of the connection at hand */
static char buffer[HTTP_HEAD_MAX];

static struct connection *connection_of(struct reactor_timer *timer)
{
    return (struct connection *)((char *)timer -
                                 offsetof(struct connection, timer));
}

static void set_state(struct connection *c, enum state state)
{
    unfinished += (state == WAITING || state == WRITING) -
                  (c->state == WAITING || c->state == WRITING);
    c->state = state;
}

static void job_free(struct job *job)
{
    job->next = spare_jobs;
    spare_jobs = job;
}

static struct job *job_new(void)
{
    struct job *job = spare_jobs;
    if (!job)
        return malloc(sizeof *job);
    spare_jobs = job->next;
    return job;
}

static void close_connection(struct connection *c)
{
    set_state(c, CLOSED);
    reactor_clear(&c->timer);
    close(c->fd);
    kept_free(c->kept);
    unsent_free(&c->unsent);
    if (c->job)
        job_free(c->job);
    *(c->previous ? &c->previous->next : &connections) = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->next = closed;
    closed = c;
    connection_count--;
}

static void discard(struct connection *c)
{
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t count = recv(c->fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (count > 0 || (count < 0 && errno == EINTR))
            continue;
        if (count == 0 || errno != EAGAIN)
            close_connection(c);
        return;
    }
}

/* After the last answer. Closing at once with bytes unread would reset the
 * connection, and the answer with it. */
static void finish(struct connection *c)
{
    if (!c->unread || server_stopping()) {
        close_connection(c);
        return;
    }
    set_state(c, LINGER);
    shutdown(c->fd, SHUT_WR);
    reactor_set(&c->timer, rt_now() + linger_ns);
    discard(c);
}

/* Puts aside the unfinished request at hand, or (unparsed) what follows it.
 * Returns whether there was memory for it. */
static bool keep_bytes(struct connection *c, bool unparsed)
{
    c->kept = kept_new(&http, unparsed);
    return c->kept;
}

/* Sends an answer; what does not fit is kept until it does. Returns false when
 * the connection has no use any more. */
static bool send_reply(struct connection *c, const struct reply *reply)
{
    int all = unsent_begin(&c->unsent, c->fd, reply->start, reply->size);
    if (all == 0) {
        set_state(c, WRITING);
        reactor_set(&c->timer, rt_now() + request_timeout_ns);
    }
    return all >= 0;
}

/* What follows an answer in the connection's life, while it is in `state`
 * READING or WRITING. Returns whether the next request may be looked at. */
static bool answered(struct connection *c, struct reply *reply, bool keep,
                     bool unread)
{
    bool sound = send_reply(c, reply);
    reply_free(reply);
    c->close = !keep;
    c->unread = unread;
    if (!sound)
        close_connection(c);
    else if (c->state == READING && !keep)
        finish(c);
    return c->state == READING;
}

/* The second half of a request: pure, once its wait is over. */
static bool answer_job(struct connection *c)
{
    struct job *job = c->job;
    struct reply reply;
    c->job = NULL;
    set_state(c, READING);
    reply_init(&reply);
    int error = job->workload->answer(&job->arguments, &reply);
    bool keep = http_finish(&job->request, error, server_stopping(), &reply);
    job_free(job);
    return answered(c, &reply, keep, c->kept != NULL);
}

/* Answers the request at hand, or begins to wait for it. Returns whether the
 * next one may be looked at. */
static bool begin(struct connection *c)
{
    bool unread = http.request.error || http.used > http.parsed;
    struct job *job = job_new();
    struct reply reply;
    if (!job) {
        close_connection(c);
        return false;
    }
    job->workload = http_find(&http.request, &job->arguments);
    job->request = http.request;
    int64_t wait_ns =
        job->workload ? job->workload->wait_ns(&job->arguments) : 0;
    if (wait_ns > 0) {
        int64_t now_ns = rt_now();
        job->due_ns = wait_ns < RT_NEVER - now_ns ? now_ns + wait_ns : RT_NEVER;
        c->job = job;
        set_state(c, WAITING);
        reactor_set(&c->timer, job->due_ns);
        if (unread && http.request.keep_alive && !keep_bytes(c, true))
            close_connection(c);
        return false;
    }
    reply_init(&reply);
    bool keep;
    if (job->workload) {
        int error = job->workload->handle(&job->arguments, &reply);
        keep = http_finish(&job->request, error, server_stopping(), &reply);
    } else {
        keep = http_answer(&http.request, server_stopping(), &reply);
    }
    job_free(job);
    return answered(c, &reply, keep, unread);
}

/* Everything that is whole of the bytes at hand. Returns whether to read on;
 * if not, what is left of them is in safety. */
static bool begin_all(struct connection *c)
{
    while (http_next(&http)) {
        reactor_clear(&c->timer);
        if (begin(c))
            continue;
        if (c->state == WRITING && !c->close && http.used > http.parsed &&
            !keep_bytes(c, true))
            close_connection(c);
        return false;
    }
    return true;
}

/* Nothing more to read for now. */
static void park(struct connection *c)
{
    if (http_idle(&http))
        reactor_clear(&c->timer);
    else if (!keep_bytes(c, false))
        close_connection(c);
    else if (!reactor_is_set(&c->timer))
        reactor_set(&c->timer, rt_now() + request_timeout_ns);
}

static void yield(struct connection *c)
{
    if (!http_idle(&http) && !keep_bytes(c, false)) {
        close_connection(c);
        return;
    }
    c->yielded = true;
    reactor_set(&c->timer, rt_now());
}

/* Reads and answers. A read that gave less than asked has emptied the stream,
 * unless more than data came with the edge. */
static void go_on(struct connection *c)
{
    bool emptied = false;
    if (c->yielded)
        reactor_clear(&c->timer);
    c->yielded = false;
    struct kept *kept = c->kept;
    c->kept = NULL;
    if (kept_load(kept, &http, buffer) && !begin_all(c))
        return;
    for (int reads = 0; !emptied; reads++) {
        size_t space;
        char *at = http_space(&http, &space);
        if (reads == READS_MAX) {
            yield(c);
            return;
        }
        ssize_t count = recv(c->fd, at, space, MSG_DONTWAIT);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            break;
        if (count <= 0) {
            close_connection(c);
            return;
        }
        http.used += (size_t)count;
        emptied = (size_t)count < space && !c->more;
        if (!begin_all(c)) {
            c->more |= !emptied;
            return;
        }
    }
    c->more = false;
    park(c);
}

static void write_on(struct connection *c)
{
    int all = unsent_go_on(&c->unsent, c->fd);
    if (all < 0)
        close_connection(c);
    if (all <= 0)
        return;
    reactor_clear(&c->timer);
    set_state(c, READING);
    if (c->close)
        finish(c);
    else
        go_on(c);
}

static void connection_ready(struct reactor_watch *watch, uint32_t events)
{
    struct connection *c = (struct connection *)watch;
    bool readable = events & ~(uint32_t)EPOLLOUT;
    if ((events & ~(uint32_t)(EPOLLIN | EPOLLOUT)) ||
        (readable && c->state != READING))
        c->more = true;
    if (c->state == READING && readable)
        go_on(c);
    else if (c->state == WRITING && (events & ~(uint32_t)EPOLLIN))
        write_on(c);
    else if (c->state == LINGER)
        discard(c);
}

static void connection_due(struct reactor_timer *timer)
{
    struct connection *c = connection_of(timer);
    if (c->state == WAITING) {
        if (stats_enabled())
            stats_record_sleep(rt_now() - c->job->due_ns);
        if (answer_job(c) && (c->kept || c->more))
            go_on(c);
    } else if (c->state == READING && c->yielded) {
        go_on(c);
    } else {
        close_connection(c);
    }
}

static void add_connection(int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c || reactor_reserve(connection_count + 2) < 0) {
        free(c);
        server_refuse(fd, "the server is out of memory; open fewer "
                          "connections");
        return;
    }
    c->watch.ready = connection_ready;
    c->timer.due = connection_due;
    c->fd = fd;
    if (reactor_add(&c->watch, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) <
        0) {
        free(c);
        server_refuse(fd, "the server cannot watch another connection "
                          "(fs.epoll.max_user_watches); open fewer");
        return;
    }
    c->next = connections;
    if (c->next)
        c->next->previous = c;
    connections = c;
    connection_count++;
}

static void listener_ready(struct reactor_watch *watch, uint32_t events)
{
    (void)watch, (void)events;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = server_accept(server->listen_fd, SOCK_NONBLOCK);
        if (fd < 0) {
            if (fd != -EAGAIN) /* short of something: not in a busy loop */
                blocking_sleep(1000000);
            return;
        }
        add_connection(fd);
    }
}

static void drain_limit_due(struct reactor_timer *timer)
{
    (void)timer;
    reactor_stop();
}

static void stopper_ready(struct reactor_watch *watch, uint32_t events)
{
    (void)watch, (void)events;
    server_stop();
    reactor_remove(server->listen_fd);
    reactor_remove(server->stop_fd);
    reactor_set(&drain_limit, rt_now() + SERVER_DRAIN_NS);
}

static void free_closed(void)
{
    while (closed) {
        struct connection *c = closed;
        closed = c->next;
        free(c);
    }
}

static void close_all(bool idle_ones)
{
    struct connection *c = connections;
    while (c) {
        struct connection *next = c->next;
        if (!idle_ones || (c->state != WAITING && c->state != WRITING))
            close_connection(c);
        c = next;
    }
}

/* After each batch of events. */
static void after(void)
{
    if (reactor_is_set(&drain_limit)) {
        close_all(true);
        if (unfinished == 0)
            reactor_stop();
    }
    free_closed();
}

static int serve(const struct server_config *config)
{
    server = config;
    listener.ready = listener_ready;
    stopper.ready = stopper_ready;
    drain_limit.due = drain_limit_due;
    int error = reactor_open(after);
    if (error == 0)
        error = reactor_reserve(1);
    if (error == 0)
        error = reactor_add(&listener, config->listen_fd, EPOLLIN);
    if (error == 0)
        error = reactor_add(&stopper, config->stop_fd, EPOLLIN);
    if (error < 0)
        return error;
    reactor_run();
    close_all(false);
    free_closed();
    while (spare_jobs) {
        struct job *job = spare_jobs;
        spare_jobs = job->next;
        free(job);
    }
    reactor_close();
    return 0;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "one libuv loop, hand-written callbacks: what coroutines cost",
    .task_kind = TASK_CALLBACK,
    .discipline = DISCIPLINE_LOOP,
    .flags = MODEL_SHARED_MEMORY,
    .has = workload_waits_once,
    .operations = &blocking_inline,
    .serve = serve,
};
