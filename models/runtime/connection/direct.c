/* SPDX-License-Identifier: MIT
 *
 * server.h but for main(): one connection served in direct style, accepting
 * with a descriptor in reserve, and the count of requests in flight that a
 * drain waits for.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/base/refused.h"
#include "models/runtime/http/http.h"
#include "models/runtime/tasks/blocking.h"
#include "server.h"

enum {
    /* A request of a usual size; a larger one moves to the heap until the
     * connection is idle again. With the frames around it an idle connection
     * touches one page of its stack. */
    SMALL_BUFFER = 512,
};

static const int64_t request_timeout_ns =
    SERVER_REQUEST_TIMEOUT_S * INT64_C(1000000000);
static const int64_t linger_ns = 1000000000;

static atomic_int in_flight;
static atomic_bool stopping;

void server_request_begin(void)
{
    atomic_fetch_add_explicit(&in_flight, 1, memory_order_relaxed);
}

void server_request_end(void)
{
    atomic_fetch_sub_explicit(&in_flight, 1, memory_order_release);
}

int server_in_flight(void)
{
    return atomic_load_explicit(&in_flight, memory_order_acquire);
}

bool server_stopping(void)
{
    return atomic_load_explicit(&stopping, memory_order_relaxed);
}

void server_stop(void)
{
    atomic_store_explicit(&stopping, true, memory_order_relaxed);
}

bool server_drain(void)
{
    int64_t deadline_ns = rt_now() + SERVER_DRAIN_NS;

    server_stop();
    /* First a pause for tasks that have read a request but not counted it. */
    do
        blocking_sleep(5000000);
    while (server_in_flight() > 0 && rt_now() < deadline_ns);
    return server_in_flight() == 0;
}

int server_cpus(void)
{
    cpu_set_t cpus;

    if (sched_getaffinity(0, sizeof cpus, &cpus))
        return 1;
    return CPU_COUNT(&cpus);
}

void server_linger(int fd)
{
    int64_t deadline_ns = rt_now() + linger_ns;
    char scratch[512];

    shutdown(fd, SHUT_WR);
    while (rt_now() < deadline_ns &&
           rt_read(fd, scratch, sizeof scratch, deadline_ns) > 0)
        ;
}

/* Says 503 as far as that goes without waiting. */
static void refuse(int fd, const char *reason)
{
    struct reply reply;
    char scratch[1024];

    reply_init(&reply);
    http_refuse(&reply, 503, reason);
    (void)!send(fd, reply.start, reply.size, MSG_DONTWAIT | MSG_NOSIGNAL);
    reply_free(&reply);
    shutdown(fd, SHUT_WR);
    /* Unread bytes would turn the close into a reset. */
    for (int i = 0; i < 16; i++)
        if (recv(fd, scratch, sizeof scratch, MSG_DONTWAIT) <= 0)
            break;
}

/* Answers the request that is complete. Returns whether the connection goes
 * on as one of HTTP; *session: as another. Not inlined: an idle connection's
 * stack should not hold a reply. */
static __attribute__((noinline)) bool
answer(int fd, const struct http_request *request, bool *session)
{
    struct reply reply;
    bool keep;
    ssize_t rc;

    server_request_begin();
    reply_init(&reply);
    keep = http_answer(request, server_stopping(), &reply);
    rc = rt_write(fd, reply.start, reply.size, rt_now() + request_timeout_ns);
    *session = reply.session && rc >= 0;
    reply_free(&reply);
    server_request_end();
    return keep && rc >= 0;
}

/* What a connection holds between requests. */
struct session {
    struct http_connection http;
    int64_t deadline_ns; /* of the request that has begun; RT_NEVER: none */
    char *large;         /* the buffer of a large request, or NULL */
    char small[SMALL_BUFFER];
};

/* Reads once more. Returns false at the end, in whatever way it came. */
static bool read_more(int fd, struct session *session)
{
    struct http_connection *http = &session->http;
    size_t space;
    char *at = http_space(http, &space);
    ssize_t count;

    if (space == 0) {
        session->large = malloc(HTTP_HEAD_MAX);
        if (!session->large) {
            refuse(fd, "the server is out of memory");
            return false;
        }
        http_move(http, session->large, HTTP_HEAD_MAX);
        at = http_space(http, &space);
    }
    if (http_idle(http)) {
        session->deadline_ns = RT_NEVER;
        if (session->large) {
            http_move(http, session->small, sizeof session->small);
            free(session->large);
            session->large = NULL;
            at = http_space(http, &space);
        }
    } else if (session->deadline_ns == RT_NEVER) {
        session->deadline_ns = rt_now() + request_timeout_ns;
    }
    count = rt_read(fd, at, space, session->deadline_ns);
    http->used += count > 0 ? (size_t)count : 0;
    return count > 0;
}

/* The connection is a WebSocket from here on. A held one should not hold what
 * its handshake took. */
static __attribute__((noinline)) void converse(int fd, struct session *session)
{
    struct arguments arguments;
    const struct workload *workload =
        http_session(&session->http.request, &arguments);

    free(session->large);
    session->large = NULL;
    workload->session(fd, &arguments);
}

void server_connection(int fd)
{
    struct session session;
    bool open = true, upgraded = false;

    http_init(&session.http, session.small, sizeof session.small);
    session.deadline_ns = RT_NEVER;
    session.large = NULL;
    while (open && read_more(fd, &session)) {
        while (open && http_next(&session.http)) {
            open = answer(fd, &session.http.request, &upgraded);
            session.deadline_ns = RT_NEVER;
        }
        if (server_stopping() && http_idle(&session.http))
            break;
    }
    if (upgraded) /* not in flight: a drain does not wait for it */
        converse(fd, &session);
    else if (!open && (session.http.request.error ||
                       session.http.used > session.http.parsed))
        server_linger(fd);
    free(session.large);
    rt_close(fd);
}

/* A descriptor held back for refusing connections when there is no other. */
static atomic_int reserve_fd = -1;

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Gives up the reserve to accept one connection, refuses it, takes the
 * reserve back. Returns 0 when it was refused, else a negative errno. */
static int refuse_one(int listen_fd, int error)
{
    int reserve = atomic_exchange(&reserve_fd, -1);
    int rc = 0, fd;

    if (reserve < 0)
        return -error;
    refused_say("accept", error);
    close(reserve);
    fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        rc = -errno;
    } else {
        server_refuse(fd, "the server is out of file descriptors; raise the "
                          "limit (ulimit -n) or open fewer connections");
    }
    atomic_store(&reserve_fd, open_reserve());
    return rc;
}

int server_accept(int listen_fd, int flags)
{
    if (atomic_load_explicit(&reserve_fd, memory_order_relaxed) < 0) {
        int fd = open_reserve(), none = -1;
        if (fd >= 0 && !atomic_compare_exchange_strong(&reserve_fd, &none, fd))
            close(fd);
    }
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, flags | SOCK_CLOEXEC);
        int one = 1, rc;

        if (fd >= 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            return fd;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        if (errno != EMFILE && errno != ENFILE)
            return -errno;
        rc = refuse_one(listen_fd, errno);
        if (rc)
            return rc;
    }
}

void server_refuse(int fd, const char *reason)
{
    refuse(fd, reason);
    rt_close(fd); /* a loop may have it registered already */
}
