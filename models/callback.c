/* SPDX-License-Identifier: MIT
 *
 * One libuv loop and hand-written callbacks: to wait is to register a function
 * and return. In the wild: nginx's core, classic Node. A request's life:
 *
 *   accept -> idle: connection_ready is left with the reactor
 *          -> readable: connection_ready reads, and parses a whole request
 *          -> begin: its wait begins, connection_due is left with the timer
 *          -> connection_due: the second half computes the answer
 *          -> the answer is sent; what the socket does not take, when it does
 *          -> idle again
 *
 * This model is the control for what event-loop's coroutines cost: its loop,
 * parser, timers and answers are the same, but there are no stacks. A callback
 * cannot leave a handler in the middle. So this model has only workloads whose
 * single wait, if any, comes before the answer is computed.
 *
 * requires: libuv
 */
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/base/stats.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/connection/wire.h"
#include "models/runtime/tasks/blocking.h"
#include "models/runtime/tasks/reactor.h"

/* A request between its two halves. */
struct job {
    const struct workload *workload;
    struct http_request request;
    int64_t due_ns;
    struct arguments arguments;
};

struct connection {
    struct reactor_watch watch; /* first: the callbacks cast it back */
    struct reactor_timer timer; /* of the job, or else of the wire */
    struct wire wire;
    struct job *job; /* NULL: no request waits */
    struct connection *next, *previous;
};

static struct connection *connections;
static struct job *spare; /* for the next request, or NULL */
static uint32_t connection_count;
static struct wire_hand hand;
static const struct server_config *server;

static void close_connection(struct connection *c)
{
    reactor_clear(&c->timer);
    wire_free(&c->wire);
    close(c->wire.fd);
    *(c->previous ? &c->previous->next : &connections) = c->next;
    if (c->next)
        c->next->previous = c->previous;
    connection_count--;
    free(c->job);
    free(c);
}

/* The second half of a request: the pure answer after a wait, the whole handler
 * without one, or the server's own answer if there is no workload. */
static void answer(struct connection *c, const struct job *job)
{
    struct reply reply;
    bool keep;
    reply_init(&reply);
    if (job->workload) {
        int error =
            (job->due_ns ? job->workload->answer
                         : job->workload->handle)(&job->arguments, &reply);
        keep = http_finish(&job->request, error, server_stopping(), &reply);
    } else {
        keep = http_answer(&job->request, server_stopping(), &reply);
    }
    wire_send(&c->wire, &reply, keep);
    reply_free(&reply);
}

/* The first half: answers the request at once, or sets the timer that calls
 * connection_due. Returns whether the connection can go on now. */
static bool begin(struct connection *c)
{
    struct job *job = spare ? spare : malloc(sizeof *job);
    spare = job;
    if (!job)
        return wire_end(&c->wire), true;
    job->request = c->wire.http->request;
    job->workload = http_find(&job->request, &job->arguments);
    int64_t wait_ns =
        job->workload ? job->workload->wait_ns(&job->arguments) : 0;
    int64_t now_ns = wait_ns > 0 ? rt_now() : 0;
    job->due_ns = wait_ns < RT_NEVER - now_ns ? now_ns + wait_ns : RT_NEVER;
    if (wait_ns == 0)
        return answer(c, job), true;
    if (!wire_suspend(&c->wire))
        return wire_end(&c->wire), true;
    c->job = job;
    spare = NULL;
    reactor_set(&c->timer, job->due_ns);
    return false;
}

static void go_on(struct connection *c)
{
    enum wire_want want;
    while ((want = wire_run(&c->wire, &hand)) == WIRE_REQUEST)
        if (!begin(c))
            return;
    if (want == WIRE_CLOSED)
        close_connection(c);
    else if (want == WIRE_AGAIN)
        reactor_set(&c->timer, 0); /* after the other connections */
    else if (c->wire.deadline_ns != RT_NEVER)
        reactor_set(&c->timer, c->wire.deadline_ns);
    else
        reactor_clear(&c->timer);
}

static void connection_ready(struct reactor_watch *watch, uint32_t events)
{
    struct connection *c = (struct connection *)watch;
    if (events & ~(uint32_t)EPOLLOUT)
        wire_readable(&c->wire, events & ~(uint32_t)(EPOLLIN | EPOLLOUT));
    if (!c->job)
        go_on(c);
}

static void connection_due(struct reactor_timer *timer)
{
    struct connection *c =
        (struct connection *)((char *)timer -
                              offsetof(struct connection, timer));
    struct job *job = c->job;
    c->job = NULL;
    if (job) {
        if (stats_enabled())
            stats_record_sleep(rt_now() - job->due_ns);
        answer(c, job);
        free(spare);
        spare = job;
    } else if (c->wire.deadline_ns == timer->timer.deadline_ns) {
        wire_end(&c->wire);
    }
    go_on(c);
}

static void add_connection(int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c || reactor_reserve(connection_count + 1) < 0) {
        free(c);
        server_refuse(fd, SERVER_NO_MEMORY);
        return;
    }
    c->watch.ready = connection_ready;
    c->timer.due = connection_due;
    wire_open(&c->wire, fd);
    if (reactor_add(&c->watch, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) <
        0) {
        free(c);
        server_refuse(fd, SERVER_NO_WATCH);
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
    server_accept_all(server->listen_fd, SOCK_NONBLOCK, add_connection);
}

static void stopper_ready(struct reactor_watch *watch, uint32_t events)
{
    (void)watch, (void)events;
    server_stop();
    reactor_remove(server->listen_fd);
    reactor_remove(server->stop_fd);
    reactor_stop_at(rt_now() + SERVER_DRAIN_NS);
}

static void close_all(bool idle_ones)
{
    for (struct connection *c = connections, *next; c; c = next) {
        next = c->next;
        if (!idle_ones || !wire_is_served(&c->wire))
            close_connection(c);
    }
}

/* Called after each batch of events. */
static void after(void)
{
    if (server_stopping())
        close_all(true);
    if (server_stopping() && !connections)
        reactor_stop();
}

static struct reactor_watch listener = {listener_ready};
static struct reactor_watch stopper = {stopper_ready};

static int serve(const struct server_config *config)
{
    server = config;
    int error = reactor_open(after);
    if (error == 0)
        error = reactor_add(&listener, config->listen_fd, EPOLLIN);
    if (error == 0)
        error = reactor_add(&stopper, config->stop_fd, EPOLLIN);
    if (error < 0)
        return error;
    reactor_run();
    close_all(false);
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
