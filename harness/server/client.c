/* SPDX-License-Identifier: MIT
 *
 * Plain blocking sockets; SO_RCVTIMEO and SO_SNDTIMEO carry the time limit of
 * each step, which is enough where a request is small and nothing is
 * measured. A server may close after an answer (HTTP/1.0 style servers do):
 * the next request opens a new connection.
 */
#include "client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 16384 };

struct answer {
    const volatile sig_atomic_t *stop; /* or NULL */
    char head[HEAD_MAX];
    size_t head_size; /* with the empty line */
    size_t used;      /* bytes read, head and the start of the body */
    int status;
    size_t body_size;
    bool close;
    char *body;
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void limit_steps(int fd, int64_t timeout_ns)
{
    struct timeval limit = {.tv_sec = timeout_ns / 1000000000,
                            .tv_usec = timeout_ns % 1000000000 / 1000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int client_open(const struct sockaddr_in *address, int64_t timeout_ns)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return -errno;
    limit_steps(fd, timeout_ns);
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
        error = errno == EINPROGRESS ? ETIMEDOUT : errno;
        close(fd);
        return -error;
    }
    return fd;
}

int client_send(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* At least one byte, or -ECONNRESET at the end of the stream. */
static ssize_t receive(int fd, const volatile sig_atomic_t *stop, void *buffer,
                       size_t size)
{
    ssize_t n;

    do
        n = recv(fd, buffer, size, 0);
    while (n < 0 && errno == EINTR && !(stop != NULL && *stop != 0));
    if (n < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    return n > 0 ? n : -ECONNRESET;
}

/* The value of a header in the (null-terminated) head, or NULL. */
static const char *header(const char *head, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line != NULL;
         line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, length) && line[2 + length] == ':')
            return line + 3 + length + strspn(line + 3 + length, " \t");
    return NULL;
}

static int read_head(int fd, struct answer *answer)
{
    const char *end = NULL, *value;

    answer->used = 0;
    while (end == NULL) {
        ssize_t n;

        if (answer->used == HEAD_MAX - 1)
            return -EPROTO;
        n = receive(fd, answer->stop, answer->head + answer->used,
                    HEAD_MAX - 1 - answer->used);
        if (n < 0)
            return (int)n;
        answer->used += (size_t)n;
        answer->head[answer->used] = '\0';
        end = strstr(answer->head, "\r\n\r\n");
    }
    answer->head_size = (size_t)(end - answer->head) + 4;
    if (sscanf(answer->head, "HTTP/1.%*1d %3d", &answer->status) != 1)
        return -EPROTO;
    value = header(answer->head, "content-length");
    if (value == NULL)
        return -EPROTO;
    answer->body_size = strtoul(value, NULL, 10);
    value = header(answer->head, "connection");
    answer->close = value != NULL && !strncasecmp(value, "close", 5);
    return 0;
}

static int read_answer(int fd, size_t body_max, struct answer *answer)
{
    size_t have;
    int result = read_head(fd, answer);

    if (result < 0)
        return result;
    have = answer->used - answer->head_size;
    if (answer->body_size > body_max || have > answer->body_size)
        return -EPROTO;
    answer->body = malloc(answer->body_size + 1);
    if (answer->body == NULL)
        return -ENOMEM;
    memcpy(answer->body, answer->head + answer->head_size, have);
    while (have < answer->body_size) {
        ssize_t n = receive(fd, answer->stop, answer->body + have,
                            answer->body_size - have);

        if (n < 0)
            return (int)n;
        have += (size_t)n;
    }
    answer->body[have] = '\0';
    return 0;
}

/* One request over *fd, which is opened when it is -1 and closed (and -1
 * again) when the server wants it so, or on an error. */
static int ask(const struct sockaddr_in *address, int *fd,
               const struct load_request *request, int64_t timeout_ns,
               struct answer *answer)
{
    int result;

    if (*fd < 0)
        *fd = client_open(address, timeout_ns);
    if (*fd < 0)
        return *fd;
    result = client_send(*fd, request->bytes, request->size);
    if (result == 0)
        result = read_answer(*fd, 64 << 20, answer);
    if (result < 0 || answer->close) {
        close(*fd);
        *fd = -1;
    }
    return result;
}

/* How the answer differs from what it must be, or NULL. */
static const char *judge(const struct load_request *request,
                         const struct answer *answer)
{
    if (answer->status != 200)
        return "status is not 200";
    if (request->body != NULL &&
        (answer->body_size != request->body_size ||
         memcmp(answer->body, request->body, request->body_size) != 0))
        return "the body is not the expected one";
    return NULL;
}

static int first_line(const char *bytes)
{
    return (int)strcspn(bytes, "\r\n");
}

/* How much of a body a sentence quotes: not its last line's end. */
static int shown_size(const struct answer *answer)
{
    size_t size = answer->body_size < 120 ? answer->body_size : 120;

    return (int)(size > 0 && answer->body[size - 1] == '\n' ? size - 1 : size);
}

static int check_one(const struct sockaddr_in *address, int *fd,
                     const struct load_request *request, int64_t timeout_ns,
                     const volatile sig_atomic_t *stop, char *why,
                     size_t why_size)
{
    struct answer *answer = calloc(1, sizeof(*answer));
    const char *fault;
    int result;

    if (answer == NULL)
        return -ENOMEM;
    answer->stop = stop;
    result = ask(address, fd, request, timeout_ns, answer);
    fault = result == 0 ? judge(request, answer) : NULL;
    if (result < 0)
        snprintf(why, why_size, "the checked request \"%.*s\" failed: %s",
                 first_line(request->bytes), request->bytes, strerror(-result));
    if (fault != NULL) {
        snprintf(why, why_size,
                 "the checked request \"%.*s\" got a wrong answer: %s "
                 "(status %d, body \"%.*s\")",
                 first_line(request->bytes), request->bytes, fault,
                 answer->status, shown_size(answer), answer->body);
        result = -EPROTO;
    }
    free(answer->body);
    free(answer);
    return result;
}

int client_check(const struct sockaddr_in *address,
                 const struct load_request *requests, int count,
                 int64_t budget_ns, int64_t timeout_ns,
                 const volatile sig_atomic_t *stop, char *why, size_t why_size)
{
    int64_t end_ns = now_ns() + budget_ns;
    int fd = -1, done = 0, result = 0;

    while (done < count && result == 0 && (done == 0 || now_ns() < end_ns)) {
        result = check_one(address, &fd, &requests[done], timeout_ns, stop, why,
                           why_size);
        done += result == 0;
    }
    if (fd >= 0)
        close(fd);
    return result < 0 ? result : done;
}

/* GET `target` over a connection of its own; the caller frees the body. */
static int get(const struct sockaddr_in *address, const char *target,
               int64_t timeout_ns, struct answer *answer)
{
    struct load_request request = {0};
    char text[2048];
    int fd = -1, result;

    request.bytes = text;
    request.size = (size_t)snprintf(
        text, sizeof(text), "GET %.1900s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        target);
    result = ask(address, &fd, &request, timeout_ns, answer);
    if (fd >= 0)
        close(fd);
    return result;
}

int client_ask(const struct sockaddr_in *address, int *fd,
               const struct load_request *request, int64_t timeout_ns,
               const volatile sig_atomic_t *stop)
{
    char why[512];

    if (*fd >= 0)
        limit_steps(*fd, timeout_ns);
    return check_one(address, fd, request, timeout_ns, stop, why, sizeof(why));
}

int client_get(const struct sockaddr_in *address, const char *target,
               int64_t timeout_ns, char *body, size_t size)
{
    struct answer *answer = calloc(1, sizeof(*answer));
    int result;

    if (answer == NULL)
        return -ENOMEM;
    result = get(address, target, timeout_ns, answer);
    if (result == 0 && answer->status != 200)
        result = -EPROTO;
    if (result == 0 && answer->body_size >= size)
        result = -ENOSPC;
    if (result == 0) {
        memcpy(body, answer->body, answer->body_size + 1);
        result = (int)answer->body_size;
    }
    free(answer->body);
    free(answer);
    return result;
}

int client_status(const struct sockaddr_in *address, const char *target,
                  int64_t timeout_ns)
{
    struct answer *answer = calloc(1, sizeof(*answer));
    int result;

    if (answer == NULL)
        return -ENOMEM;
    result = get(address, target, timeout_ns, answer);
    /* The head is enough: its body may be framed in any way. */
    if (result == 0 || answer->status > 0)
        result = answer->status;
    free(answer->body);
    free(answer);
    return result;
}
