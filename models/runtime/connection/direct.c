/* SPDX-License-Identifier: MIT
 *
 * server.h without main() and the drain: serving a connection in direct style,
 * and accepting with a descriptor in reserve.
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
    /* Room for a request of usual size; a larger one moves to the heap until
     * the connection is idle again. With this size, the frames of an idle
     * connection touch one page of its stack. */
    SMALL_BUFFER = 512,
    ACCEPTS_MAX = 64, /* at a time; then requests get their turn */
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

/* Sends 503, as far as that is possible without waiting. */
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

/* Answers the request that is complete. Returns whether the connection goes on
 * as one of HTTP; *session: as another. Not inlined, so that an idle
 * connection's stack has no room for a reply. */
static __attribute__((noinline)) bool
answer(int fd, const struct http_request *request, bool *session)
{
    struct reply reply;

    server_request_begin();
    reply_init(&reply);
    bool keep = http_answer(request, server_stopping(), &reply);
    ssize_t rc =
        rt_write(fd, reply.start, reply.size, rt_now() + SERVER_REQUEST_NS);
    *session = reply.session && rc >= 0;
    reply_free(&reply);
    server_request_end();
    return keep && rc >= 0;
}

/* The state of a connection between requests. */
struct session {
    struct wire wire;
    struct http_connection http;
    char *large; /* the buffer of a large request, or NULL */
    char small[SMALL_BUFFER];
};

/* Where to read to. NULL: no memory. A large request has a large buffer until
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

/* Reads once more. Returns false if the stream has ended, cleanly or not. */
static bool read_more(int fd, struct session *session)
{
    size_t space;
    char *at = space_of(session, &space);

    if (!at) {
        refuse(fd, "the server is out of memory");
        return false;
    }
    ssize_t count = rt_read(fd, at, space, session->wire.deadline_ns);
    if (count > 0 && !wire_lingers(&session->wire))
        session->http.used += (size_t)count;
    return count > 0;
}

/* Runs the session of a connection that is a WebSocket now. First frees the
 * memory of the handshake, which an open session should not hold. */
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
    if (upgraded) /* a session is not in flight: a drain does not wait for it */
        converse(fd, &session);
    free(session.large);
    rt_close(fd);
}

/* A descriptor kept in reserve, for refusing connections when there is no
 * other. */
static atomic_int reserve_fd = -1;

static int open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Gives up the reserve to accept one connection, refuses that connection, and
 * takes the reserve back. Returns 0, or a negative errno if it could not. */
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
    rt_close(fd); /* not close(): a loop may have registered the descriptor */
}

void server_accept_all(int listen_fd, int flags, void (*begin)(int fd))
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = server_accept(listen_fd, flags);
        if (fd < 0) {
            if (fd != -EAGAIN) /* short of a resource: no busy loop */
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
