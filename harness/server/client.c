/* SPDX-License-Identifier: MIT
 *
 * SO_RCVTIMEO and SO_SNDTIMEO limit each step on a blocking socket, which is
 * enough for small requests that nobody measures. A server may close the
 * connection after an answer, as HTTP/1.0 servers do; then the next request
 * opens a new one.
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
#include <unistd.h>

#include "harness/load/answer/http_answer.h"
#include "harness/load/answer/secret.h"

enum { PART_BYTES = 16384, BODY_MAX = 64 << 20, HEAD_MAX = 65536 };

/* One answer being read; the body is null-terminated. */
struct answer {
    const volatile sig_atomic_t *stop; /* or NULL */
    struct http_answer read;
    bool started; /* a byte of it has come */
    bool surplus; /* more bytes came after its end */
    char *body;
    size_t body_size, room;
    int error; /* negative errno: the body could not be kept */
    /* The first bytes of all, where they are asked for; or NULL. */
    char *bytes;
    size_t bytes_size; /* at most HEAD_MAX */
};

static void limit_steps(int fd, int64_t timeout_ns)
{
    struct timeval limit = {.tv_sec = timeout_ns / 1000000000,
                            .tv_usec = timeout_ns % 1000000000 / 1000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

struct sockaddr_in client_loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

int client_connect(const struct sockaddr_in *address, int64_t timeout_ns)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

    if (fd < 0)
        return -errno;
    limit_steps(fd, timeout_ns);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        error = errno == EINPROGRESS ? ETIMEDOUT : errno;
        close(fd);
        return -error;
    }
    return fd;
}

/* Sends all bytes. Returns 0 or a negative errno. */
static int send_all(int fd, const char *bytes, size_t size)
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

/* Receives at least one byte. Returns a negative errno on failure: -ECONNRESET
 * at the end of the stream. */
static ssize_t receive(int fd, const volatile sig_atomic_t *stop, void *buffer,
                       size_t size)
{
    ssize_t n;

    do
        n = recv(fd, buffer, size, 0);
    while (n < 0 && errno == EINTR && !(stop && *stop != 0));
    if (n < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    return n > 0 ? n : -ECONNRESET;
}

static void keep(struct http_answer *read, const char *bytes, size_t size)
{
    struct answer *answer = read->context;
    size_t need = answer->body_size + size + 1;

    if (answer->error == 0 && need > BODY_MAX)
        answer->error = -EFBIG;
    if (answer->error == 0 && need > answer->room) {
        char *body = realloc(answer->body, 2 * need);

        if (body) {
            answer->body = body;
            answer->room = 2 * need;
        } else {
            answer->error = -ENOMEM;
        }
    }
    if (answer->error < 0)
        return;
    memcpy(answer->body + answer->body_size, bytes, size);
    answer->body_size += size;
    answer->body[answer->body_size] = '\0';
}

static void begin(struct answer *answer, const struct load_request *request)
{
    answer->read.on_body = keep;
    answer->read.context = answer;
    answer->started = answer->surplus = false;
    answer->body_size = 0;
    answer->error = 0;
    http_answer_begin(&answer->read, request->head);
}

/* Adds received bytes to the answer. Returns 1 if the answer is whole, 0 if
 * more must come, or a negative errno. */
static int take(struct answer *answer, const char *bytes, size_t size)
{
    size_t used;
    enum http_event event = http_answer_feed(&answer->read, bytes, size, &used);

    answer->started = true;
    if (answer->bytes) {
        size_t room = HEAD_MAX - answer->bytes_size;
        size_t part = size < room ? size : room;
        memcpy(answer->bytes + answer->bytes_size, bytes, part);
        answer->bytes_size += part;
        answer->bytes[answer->bytes_size] = '\0';
    }
    if (answer->error < 0)
        return answer->error;
    if (event == HTTP_WHOLE)
        answer->surplus = used < size;
    return event == HTTP_MALFORMED || answer->surplus ? -EPROTO
           : event == HTTP_WHOLE                      ? 1
                                                      : 0;
}

/* Reads an answer, which may take `timeout_ns` in all. The limit is checked
 * after each step, and a step may take as long. */
static int read_answer(int fd, int64_t timeout_ns, struct answer *answer)
{
    int64_t end_ns = clock_now_ns() + timeout_ns;
    char *part = malloc(PART_BYTES);
    int result = part ? 0 : -ENOMEM;

    while (result == 0) {
        ssize_t n = receive(fd, answer->stop, part, PART_BYTES);

        if (n == -ECONNRESET && http_answer_end(&answer->read) == HTTP_WHOLE)
            result = 1;
        else
            result = n < 0 ? (int)n : take(answer, part, (size_t)n);
        if (result == 0 && clock_now_ns() > end_ns)
            result = -ETIMEDOUT;
    }
    free(part);
    return result < 0 ? result : 0;
}

/* Sends one request over *fd and reads the answer. Opens *fd if it is -1;
 * closes it and sets it to -1 after an error, or if the server ends the
 * connection. */
static int ask(const struct sockaddr_in *address, int *fd,
               const struct load_request *request, int64_t timeout_ns,
               struct answer *answer)
{
    int result;

    if (*fd < 0)
        *fd = client_connect(address, timeout_ns);
    if (*fd < 0)
        return *fd;
    begin(answer, request);
    result = send_all(*fd, request->bytes, request->size);
    if (result == 0)
        result = read_answer(*fd, timeout_ns, answer);
    if (result < 0 || !answer->read.keep_alive) {
        close(*fd);
        *fd = -1;
    }
    return result;
}

/* As ask, but asks once more on a new connection if the server closed a kept
 * connection before any byte of the answer (RFC 9112, section 9.3.1). */
static int ask_kept(const struct sockaddr_in *address, int *fd,
                    const struct load_request *request, int64_t timeout_ns,
                    struct answer *answer)
{
    bool kept = *fd >= 0;
    int result = ask(address, fd, request, timeout_ns, answer);
    bool closed = result == -ECONNRESET || result == -EPIPE;

    if (closed && kept && !answer->started && !request->unsafe)
        result = ask(address, fd, request, timeout_ns, answer);
    return result;
}

static bool is_success(const struct answer *answer)
{
    return answer->read.status >= 200 && answer->read.status <= 299;
}

/* How the answer differs from the expected one, or NULL. */
static const char *judge(const struct load_request *request,
                         const struct answer *answer, char *why, size_t size)
{
    struct load_body body = {answer->body, answer->body_size};

    if (!is_success(answer))
        return "its status is not 200 to 299";
    if (request->check && !load_check_body(request->check, &body, why, size))
        return why;
    if (request->body && (answer->body_size != request->body_size ||
                          memcmp(answer->body_size > 0 ? answer->body : "",
                                 request->body, request->body_size) != 0))
        return "the body is not the expected one";
    return NULL;
}

/* Writes why no whole answer came. */
static void tell_cause(const struct answer *answer, int error, char *why,
                       size_t why_size)
{
    bool malformed = error == -EPROTO && !answer->surplus;
    const char *cause = strerror(-error);

    if (error == -EPROTO)
        cause = malformed ? answer->read.fault : "bytes after the answer's end";
    else if (error == -ECONNRESET)
        cause = answer->started ? "the answer was cut off"
                                : "the connection was closed without an answer";
    else if (error == -ETIMEDOUT)
        cause = "no whole answer within the timeout";
    snprintf(why, why_size, "%s%s", malformed ? "the answer is not HTTP: " : "",
             cause);
}

static int first_line(const char *bytes)
{
    return (int)strcspn(bytes, "\r\n");
}

/* How many bytes of the body a message quotes, without a final newline. */
static int shown_size(const struct answer *answer)
{
    size_t size = answer->body_size < 120 ? answer->body_size : 120;

    if (!answer->body)
        return 0;
    return (int)(size > 0 && answer->body[size - 1] == '\n' ? size - 1 : size);
}

/* Describes in `why` what is wrong with an answer. Returns 0 if nothing is, or
 * a negative errno. */
static int judge_in_words(const struct load_request *request,
                          const struct answer *answer, int result, char *why,
                          size_t why_size)
{
    char reason[256];
    const char *fault =
        result == 0 ? judge(request, answer, reason, sizeof reason) : NULL;

    if (result < 0) {
        tell_cause(answer, result, reason, sizeof reason);
        snprintf(why, why_size, "the checked request \"%.*s\" failed: %s",
                 first_line(request->bytes), request->bytes, reason);
    }
    if (!fault)
        return result;
    snprintf(why, why_size,
             "the checked request \"%.*s\" got a wrong answer: %s "
             "(status %d, body \"%.*s\")",
             first_line(request->bytes), request->bytes, fault,
             answer->read.status, shown_size(answer),
             answer->body ? secret_hide(answer->body) : "");
    return -EPROTO;
}

static int check_one(const struct sockaddr_in *address, int *fd,
                     const struct load_request *request, int64_t timeout_ns,
                     const volatile sig_atomic_t *stop, bool again, char *why,
                     size_t why_size)
{
    struct answer *answer = calloc(1, sizeof *answer);
    int result;

    if (!answer)
        return -ENOMEM;
    answer->stop = stop;
    result = (again ? ask_kept : ask)(address, fd, request, timeout_ns, answer);
    result = judge_in_words(request, answer, result, why, why_size);
    free(answer->body);
    free(answer);
    return result;
}

int client_check(const struct sockaddr_in *address,
                 const struct load_request *requests, int count,
                 int64_t budget_ns, int64_t timeout_ns,
                 const volatile sig_atomic_t *stop, char *why, size_t why_size)
{
    int64_t end_ns = clock_now_ns() + budget_ns;
    int fd = -1, done = 0, result = 0;

    while (done < count && result == 0 &&
           (done == 0 || clock_now_ns() < end_ns)) {
        result = check_one(address, &fd, &requests[done], timeout_ns, stop,
                           true, why, why_size);
        done += result == 0;
    }
    if (fd >= 0)
        close(fd);
    return result < 0 ? result : done;
}

/* The head of the final answer among the first bytes: those of interim answers
 * are skipped. Null-terminates it. */
static char *final_head(char *bytes)
{
    char *end = strstr(bytes, "\n\r\n");

    while (end && strlen(bytes) > 9 && bytes[9] == '1' && end[3] != '\0') {
        bytes = end + 3;
        end = strstr(bytes, "\n\r\n");
    }
    if (end)
        end[1] = '\0';
    return bytes;
}

int client_exchange(const struct sockaddr_in *address,
                    const struct load_request *request, int64_t timeout_ns,
                    const volatile sig_atomic_t *stop,
                    struct client_answer *out, char *why, size_t why_size)
{
    struct answer *answer = calloc(1, sizeof *answer);
    int fd = -1, result = -ENOMEM;

    *out = (struct client_answer){0};
    if (answer)
        answer->bytes = calloc(1, HEAD_MAX + 1);
    if (answer && answer->bytes) {
        answer->stop = stop;
        result = ask(address, &fd, request, timeout_ns, answer);
    }
    if (fd >= 0)
        close(fd);
    if (result < 0 && answer)
        tell_cause(answer, result, why, why_size);
    if (result == -EPROTO && answer->bytes[0] == 0x15 &&
        answer->bytes[1] == 0x03)
        snprintf(why, why_size,
                 "it speaks TLS at this port; give the one for plain http://");
    if (result == 0) {
        out->status = answer->read.status;
        out->keep_alive = answer->read.keep_alive;
        out->head = strdup(final_head(answer->bytes));
        out->body = answer->body ? answer->body : strdup("");
        out->body_size = answer->body_size;
        answer->body = NULL;
        result = out->head && out->body ? 0 : -ENOMEM;
    }
    if (result < 0)
        client_answer_free(out);
    if (answer) {
        free(answer->bytes);
        free(answer->body);
    }
    free(answer);
    return result;
}

void client_answer_free(struct client_answer *answer)
{
    free(answer->head);
    free(answer->body);
    *answer = (struct client_answer){0};
}

size_t client_field(const char *from, const char *name, const char **value)
{
    size_t length = strlen(name);

    for (const char *line = strchr(from, '\n'); line;
         line = strchr(line, '\n')) {
        line++;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        *value = line + length + 1;
        *value += strspn(*value, " \t");
        return strcspn(*value, "\r\n");
    }
    return 0;
}

/* Sends GET `target` over a new connection. The caller frees the body. */
static int get(const struct sockaddr_in *address, const char *target,
               int64_t timeout_ns, struct answer *answer)
{
    struct load_request request = {0};
    char text[2048];
    int fd = -1, result;

    request.bytes = text;
    request.size = (size_t)snprintf(
        text, sizeof text, "GET %.1900s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
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
    return check_one(address, fd, request, timeout_ns, stop, false, why,
                     sizeof why);
}

int client_get(const struct sockaddr_in *address, const char *target,
               int64_t timeout_ns, const volatile sig_atomic_t *stop,
               char *body, size_t size, char *why, size_t why_size)
{
    struct answer *answer = calloc(1, sizeof *answer);
    int result;

    if (!answer) {
        snprintf(why, why_size, "out of memory");
        return -ENOMEM;
    }
    answer->stop = stop;
    result = get(address, target, timeout_ns, answer);
    if (result < 0)
        tell_cause(answer, result, why, why_size);
    if (result == 0 && !is_success(answer)) {
        snprintf(why, why_size,
                 "its status is %d, not 200 to 299 (body \"%.*s\")",
                 answer->read.status, shown_size(answer),
                 answer->body ? secret_hide(answer->body) : "");
        result = -EPROTO;
    }
    if (result == -EFBIG || (result == 0 && answer->body_size >= size)) {
        snprintf(why, why_size, "its body is longer than %zu bytes", size - 1);
        result = -ENOSPC;
    }
    if (result == 0) {
        if (answer->body_size > 0)
            memcpy(body, answer->body, answer->body_size);
        body[answer->body_size] = '\0';
        result = (int)answer->body_size;
    }
    free(answer->body);
    free(answer);
    return result;
}

int client_status(const struct sockaddr_in *address, const char *target,
                  int64_t timeout_ns)
{
    struct answer *answer = calloc(1, sizeof *answer);
    int result;

    if (!answer)
        return -ENOMEM;
    result = get(address, target, timeout_ns, answer);
    if (result == 0)
        result = answer->read.status;
    free(answer->body);
    free(answer);
    return result;
}

/* Bytes received from a WebSocket and not yet parsed. */
struct stream {
    int fd;
    char bytes[LOAD_SOCKET_HEAD_MAX];
    size_t used;
};

static int read_more(struct stream *stream)
{
    ssize_t count;
    do
        count = recv(stream->fd, stream->bytes + stream->used,
                     sizeof stream->bytes - stream->used, 0);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    stream->used += (size_t)count;
    return count == 0 ? -ECONNRESET : 0;
}

static void consume(struct stream *stream, size_t count)
{
    memmove(stream->bytes, stream->bytes + count, stream->used - count);
    stream->used -= count;
}

static int greet(struct stream *stream, const struct load_greeting *greeting,
                 char *why, size_t why_size)
{
    int result = send_all(stream->fd, greeting->bytes, greeting->size);
    int length = 0;
    while (result == 0 && length == 0) {
        result = read_more(stream);
        if (result == 0)
            length = load_socket_judge(greeting, stream->bytes, stream->used,
                                       why, why_size);
        if (length < 0)
            return length;
    }
    if (result < 0) {
        snprintf(why, why_size, "the handshake failed: %s", strerror(-result));
        return result;
    }
    consume(stream, (size_t)length);
    return 0;
}

static int echo(struct stream *stream, struct load_socket *socket,
                const struct load_greeting *greeting,
                const struct load_request *request, char *why, size_t why_size)
{
    enum load_socket_event event = LOAD_SOCKET_MORE;
    int result = send_all(stream->fd, request->bytes, request->size);
    while (result == 0 &&
           (event == LOAD_SOCKET_MORE || event == LOAD_SOCKET_PUSHED)) {
        size_t used;
        event = load_socket_feed(socket, greeting, request->body,
                                 request->body_size, stream->bytes,
                                 stream->used, &used);
        consume(stream, used);
        if (event == LOAD_SOCKET_MORE)
            result = read_more(stream);
    }
    if (result < 0)
        snprintf(why, why_size, "the checked message was not echoed: %s",
                 strerror(-result));
    else if (event != LOAD_SOCKET_ECHO)
        snprintf(why, why_size,
                 event == LOAD_SOCKET_OTHER
                     ? "the checked message came back with other content"
                     : "the answer to the checked message violates RFC 6455");
    return result < 0 ? result : event == LOAD_SOCKET_ECHO ? 0 : -EPROTO;
}

int client_check_socket(const struct sockaddr_in *address,
                        const struct load_greeting *greeting,
                        const struct load_request *requests, int count,
                        int64_t budget_ns, int64_t timeout_ns, char *why,
                        size_t why_size)
{
    struct load_socket socket = {.push_due_ns = clock_now_ns()};
    struct stream stream = {.fd = client_connect(address, timeout_ns)};
    int64_t end_ns = clock_now_ns() + budget_ns;
    int done = 0, result = stream.fd;
    if (result < 0) {
        snprintf(why, why_size, "the check cannot connect: %s",
                 strerror(-result));
        return result;
    }
    result = greet(&stream, greeting, why, why_size);
    while (result == 0 && done < count &&
           (done == 0 || clock_now_ns() < end_ns)) {
        result =
            echo(&stream, &socket, greeting, &requests[done], why, why_size);
        done += result == 0;
    }
    close(stream.fd);
    return result < 0 ? result : done;
}
