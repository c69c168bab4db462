/* SPDX-License-Identifier: MIT
 *
 * server.h but for main() and the drain: one connection served in direct
 * style, and accepting with a descriptor in reserve.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
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
#include "wire.h"

enum {
    /* A request of a usual size; a larger one moves to the heap until the
     * connection is idle again. With the frames around it an idle connection
     * touches one page of its stack. */
    SMALL_BUFFER = 512,
    ACCEPTS_MAX = 64, /* at a time, so that requests get their turn */
};

int server_cpus(void)
{
    cpu_set_t cpus;

    if (sched_getaffinity(0, sizeof cpus, &cpus))
        return 1;
    return CPU_COUNT(&cpus);
}

int server_blocking_workers(void)
{
    return 2 * server_cpus() + 1;
}

void server_linger(int fd)
{
    int64_t deadline_ns = rt_now() + SERVER_LINGER_NS;
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
    rc = rt_write(fd, reply.start, reply.size, rt_now() + SERVER_REQUEST_NS);
    *session = reply.session && rc >= 0;
    reply_free(&reply);
    server_request_end();
    return keep && rc >= 0;
}

/* What a connection holds between requests. */
struct session {
    struct wire wire;
    struct http_connection http;
    char *large; /* the buffer of a large request, or NULL */
    char small[SMALL_BUFFER];
};

/* Where to read to; NULL: no memory. A large request has a large buffer until
 * the connection is idle again. */
static char *space_of(struct session *session, size_t *size)
{
    struct http_connection *http = &session->http;
    char *at = http_space(http, size);

    if (wire_lingers(&session->wire)) {
        *size = sizeof session->small;
        return session->large ? session->large : session->small;
    }
    if (*size == 0) {
        session->large = malloc(HTTP_HEAD_MAX);
        if (!session->large)
            return NULL;
        http_move(http, session->large, HTTP_HEAD_MAX);
        at = http_space(http, size);
    } else if (session->large && http_idle(http)) {
        http_move(http, session->small, sizeof session->small);
        free(session->large);
        session->large = NULL;
        at = http_space(http, size);
    }
    return at;
}

/* Reads once more. Returns false at the end, in whatever way it came. */
static bool read_more(int fd, struct session *session)
{
    size_t space;
    char *at = space_of(session, &space);
    ssize_t count;

    if (!at) {
        refuse(fd, "the server is out of memory");
        return false;
    }
    count = rt_read(fd, at, space, session->wire.deadline_ns);
    if (count > 0 && !wire_lingers(&session->wire))
        session->http.used += (size_t)count;
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
    bool begun = false, upgraded = false;
    enum wire_want want;

    http_init(&session.http, session.small, sizeof session.small);
    wire_open(&session.wire, fd);
    session.wire.http = &session.http;
    session.large = NULL;
    while (!upgraded && (want = wire_next(&session.wire)) != WIRE_CLOSED) {
        if (want == WIRE_REQUEST)
            wire_answered(&session.wire,
                          answer(fd, &session.http.request, &upgraded));
        else if ((begun && server_stopping() && http_idle(&session.http)) ||
                 !read_more(fd, &session))
            break;
        begun = true;
    }
    if (upgraded) /* not in flight: a drain does not wait for it */
        converse(fd, &session);
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

void server_accept_all(int listen_fd, int flags, void (*begin)(int fd))
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = server_accept(listen_fd, flags);
        if (fd < 0) {
            if (fd != -EAGAIN) /* short of something: not in a busy loop */
                blocking_sleep(1000000);
            return;
        }
        begin(fd);
    }
}

int server_accept_until_stop(const struct server_config *config,
                             void (*begin)(int fd), int tick_ms,
                             void (*tick)(void))
{
    struct pollfd waits[] = {{.fd = config->listen_fd, .events = POLLIN},
                             {.fd = config->stop_fd, .events = POLLIN}};

    while (!waits[1].revents) {
        int count = poll(waits, 2, tick_ms);
        if (count < 0 && errno != EINTR)
            return -errno;
        if (count > 0 && waits[0].revents)
            server_accept_all(config->listen_fd, 0, begin);
        if (tick)
            tick();
    }
    return 0;
}
