/* SPDX-License-Identifier: MIT
 *
 * The ceiling of client, kernel and HTTP: one thread, raw epoll, canned
 * replies. A request's life:
 *
 *   accept -> idle in the thread's epoll set
 *          -> readable: the thread reads the request's bytes
 *          -> a table has these bytes: no parser, no handler
 *          -> the table's answer is sent as it is
 *          -> (bytes that the table lacks are parsed and answered, and kept)
 *          -> idle again
 *
 * A yardstick, never a contender: this server does no work. It has only
 * workloads that neither wait nor compute (`hello` is the only one), because
 * their answer never changes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/base/stats.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/http/http.h"
#include "models/runtime/tasks/blocking.h"

enum {
    BATCH = 256,
    CANNED_MAX = 4096, /* distinct requests; more are computed each time */
    CANNED_SLOTS = 2 * CANNED_MAX,
    CANNED_BYTES_MAX = 16 << 10, /* of an answer worth keeping */
};

/* One request and its answer, in one allocation. */
struct canned {
    uint64_t hash;
    size_t request_size, answer_size;
    char bytes[];
};

/* A connection with an unfinished request. */
struct partial {
    struct http_connection http;
    char buffer[HTTP_HEAD_MAX];
};

static const int64_t write_timeout_ns = 1000000000;

static struct canned *table[CANNED_SLOTS];
static int canned_count;
static struct partial **partials; /* by descriptor */
static int partials_size;
static char scratch[HTTP_HEAD_MAX];

static uint64_t hash_bytes(const char *bytes, size_t size)
{
    uint64_t hash = size * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t word = 0;

    for (; size >= 8; bytes += 8, size -= 8) {
        memcpy(&word, bytes, 8);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, bytes, size);
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

/* The slot of these request bytes, or the free slot where they belong. */
static struct canned **canned_find(const char *bytes, size_t size)
{
    uint64_t hash = hash_bytes(bytes, size);
    size_t i = hash % CANNED_SLOTS;

    while (table[i] &&
           (table[i]->hash != hash || table[i]->request_size != size ||
            memcmp(table[i]->bytes, bytes, size) != 0))
        i = (i + 1) % CANNED_SLOTS;
    return &table[i];
}

static void canned_keep(const char *request, size_t size,
                        const struct reply *reply)
{
    struct canned **slot = canned_find(request, size);
    struct canned *canned;

    if (*slot || canned_count == CANNED_MAX || reply->size > CANNED_BYTES_MAX)
        return;
    canned = malloc(sizeof *canned + size + reply->size);
    if (!canned)
        return;
    canned->hash = hash_bytes(request, size);
    canned->request_size = size;
    canned->answer_size = reply->size;
    memcpy(canned->bytes, request, size);
    memcpy(canned->bytes + size, reply->start, reply->size);
    *slot = canned;
    canned_count++;
}

static void end(int fd)
{
    if (fd < partials_size) {
        free(partials[fd]);
        partials[fd] = NULL;
    }
    close(fd);
}

/* Ends a connection after its last answer. Lingers only after an error, when a
 * reset could cost the client the answer: while this thread lingers, all other
 * connections wait. */
static void finish(int fd, const struct http_connection *http)
{
    if (http->request.error)
        server_linger(fd);
    end(fd);
}

static bool send_all(int fd, const char *bytes, size_t size)
{
    return blocking_write(fd, bytes, size, rt_now() + write_timeout_ns) >= 0;
}

/* Answers every whole request in the buffer. `whole`: the buffer begins with a
 * request, so if one request fills it, its answer can be kept. Returns whether
 * the connection goes on. */
static bool answer_all(int fd, struct http_connection *http, bool whole)
{
    bool open = true;

    while (open && http_next(http)) {
        struct reply reply;

        reply_init(&reply);
        open = http_answer(&http->request, server_stopping(), &reply);
        if (open && whole && http->taken == 0 && http->parsed == http->used &&
            !http->in_body && http_workload(&http->request))
            canned_keep(http->buffer, http->used, &reply);
        open = send_all(fd, reply.start, reply.size) && open;
        reply_free(&reply);
    }
    return open;
}

/* The slow path: bytes for which there is no canned answer. */
static void parse(int fd, size_t size)
{
    struct http_connection http;
    struct partial *partial;

    http_init(&http, scratch, sizeof scratch);
    http.used = size;
    if (!answer_all(fd, &http, true)) {
        finish(fd, &http);
        return;
    }
    if (http_idle(&http))
        return;
    partial = malloc(sizeof *partial);
    if (!partial || fd >= partials_size) {
        free(partial);
        end(fd);
        return;
    }
    partial->http = http;
    http_move(&partial->http, partial->buffer, sizeof partial->buffer);
    partials[fd] = partial;
}

/* More bytes of a request that came in pieces. */
static void parse_rest(int fd, struct partial *partial)
{
    size_t space;
    char *at = http_space(&partial->http, &space);
    ssize_t count = recv(fd, at, space, MSG_DONTWAIT);

    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        end(fd);
        return;
    }
    partial->http.used += (size_t)count;
    if (!answer_all(fd, &partial->http, false)) {
        finish(fd, &partial->http);
    } else if (http_idle(&partial->http)) {
        free(partial);
        partials[fd] = NULL;
    }
}

static void handle(int fd)
{
    if (fd < partials_size && partials[fd]) {
        parse_rest(fd, partials[fd]);
        return;
    }
    ssize_t count = recv(fd, scratch, sizeof scratch, MSG_DONTWAIT);
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN)
            end(fd);
        return;
    }
    struct canned *canned = *canned_find(scratch, (size_t)count);
    if (!canned) {
        parse(fd, (size_t)count);
        return;
    }
    stats_count_request();
    if (send(fd, canned->bytes + canned->request_size, canned->answer_size,
             MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)canned->answer_size)
        end(fd); /* the client does not read its answers */
}

static int watch(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void accept_all(int listen_fd, int epoll_fd)
{
    int fd;
    while ((fd = server_accept(listen_fd, 0)) >= 0)
        if (watch(epoll_fd, fd) < 0)
            server_refuse(fd, SERVER_NO_WATCH);
    if (fd != -EAGAIN) /* the kernel is short of something: no busy loop */
        blocking_sleep(1000000);
}

static void run(const struct server_config *config, int epoll_fd)
{
    struct epoll_event events[BATCH];

    for (;;) {
        int count = epoll_wait(epoll_fd, events, BATCH, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == config->stop_fd)
                return;
            if (fd == config->listen_fd)
                accept_all(fd, epoll_fd);
            else
                handle(fd);
        }
    }
}

static int serve(const struct server_config *config)
{
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (epoll_fd < 0)
        return -errno;
    partials_size = (int)sysconf(_SC_OPEN_MAX);
    if (partials_size < 0 || partials_size > 1 << 20)
        partials_size = 1 << 20;
    partials = calloc((size_t)partials_size, sizeof(struct partial *));
    int rc = partials ? watch(epoll_fd, config->listen_fd) : -ENOMEM;
    rc = rc ? rc : watch(epoll_fd, config->stop_fd);
    if (!rc)
        run(config, epoll_fd);
    close(epoll_fd);
    return rc;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "canned replies by raw epoll: the ceiling",
    .task_kind = TASK_NONE,
    .discipline = DISCIPLINE_ALONE,
    .flags = MODEL_YARDSTICK,
    .has = workload_is_nothing,
    .operations = &blocking_inline,
    .serve = serve,
};
