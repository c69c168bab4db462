/* SPDX-License-Identifier: MIT
 *
 * The backend's client, on kept connections. The request is written by hand;
 * the parser of the answer accepts only the answers of our own servers.
 */
#include "backend.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "models/runtime/base/mix.h"
#include "models/runtime/workload.h"
#include "pool.h"

enum {
    REQUEST_MAX = 128,
    ANSWER_MAX =
        1024,     /* head and body; those of our servers have about 200 bytes */
    GRACE_S = 10, /* beyond the delay asked for */
};

static struct sockaddr_in address;
static bool has_address;

void backend_use(const struct sockaddr_in *backend)
{
    address = *backend;
    has_address = true;
}

/* Called in a forked child. */
static void drop_inherited(intptr_t fd)
{
    close((int)fd);
}

static char *put_text(char *at, const char *text)
{
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

static char *put_decimal(char *at, uint64_t value)
{
    char digits[20];
    int count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *put_hex(char *at, uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[value >> shift & 15];
    return at;
}

uint64_t backend_check(int64_t delay_ns, uint64_t seed)
{
    return mix(mix(seed) + (uint64_t)delay_ns) >> 1;
}

size_t backend_body(int64_t delay_ns, uint64_t seed, char *text)
{
    char *at = put_text(text, "wait delay_ns=");
    at = put_decimal(at, (uint64_t)delay_ns);
    at = put_decimal(put_text(at, " seed="), seed);
    at = put_hex(put_text(at, " check="), backend_check(delay_ns, seed));
    *at++ = '\n';
    return (size_t)(at - text);
}

/* One call: the request, the expected body and the answer. */
struct exchange {
    int64_t deadline_ns;
    size_t request_size, body_size, used;
    bool keep; /* the backend keeps the connection open */
    char request[REQUEST_MAX];
    char body[BACKEND_BODY_MAX]; /* the expected one */
    char answer[ANSWER_MAX];
};

static void exchange_prepare(struct exchange *exchange, int64_t delay_ns,
                             uint64_t seed)
{
    char *at = put_text(exchange->request, "GET /wait?delay=");
    at = put_decimal(at, (uint64_t)delay_ns);
    at = put_decimal(put_text(at, "ns&seed="), seed);
    at = put_text(at, " HTTP/1.1\r\nHost: backend\r\n\r\n");
    exchange->request_size = (size_t)(at - exchange->request);
    exchange->body_size = backend_body(delay_ns, seed, exchange->body);
    exchange->deadline_ns = rt_now() + delay_ns + GRACE_S * 1000000000ll;
    exchange->used = 0;
}

/* Whether `line` is the header `name` with the value `value`. */
static bool is_header(const char *line, size_t length, const char *name,
                      const char *value)
{
    size_t name_length = strlen(name), value_length = strlen(value);
    if (length <= name_length || line[name_length] != ':' ||
        strncasecmp(line, name, name_length) != 0)
        return false;
    line += name_length + 1;
    length -= name_length + 1;
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        length--;
    return length == value_length && strncasecmp(line, value, length) == 0;
}

/* Whether the head is right and fits the expected body; sets keep. */
static bool head_is_right(struct exchange *exchange, const char *end)
{
    static const char status[] = "HTTP/1.1 200";
    char length_text[24];
    bool length_seen = false;
    const char *line = exchange->answer;
    if (strncmp(line, status, strlen(status)) != 0 ||
        (line[strlen(status)] != ' ' && line[strlen(status)] != '\r'))
        return false;
    *put_decimal(length_text, exchange->body_size) = 0;
    exchange->keep = true;
    while (line < end) {
        const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        size_t length = (size_t)(stop - line);
        length_seen |= is_header(line, length, "content-length", length_text);
        if (is_header(line, length, "connection", "close"))
            exchange->keep = false;
        line = stop + 2;
    }
    return length_seen;
}

/* Reads until the answer is whole or wrong. Returns 0 or a negative errno. */
static int exchange_read(struct exchange *exchange, int fd)
{
    size_t whole = 0; /* the answer's size, known once the head is there */
    for (;;) {
        ssize_t count = rt_read(fd, exchange->answer + exchange->used,
                                sizeof exchange->answer - exchange->used,
                                exchange->deadline_ns);
        if (count < 0)
            return (int)count;
        if (count == 0)
            return exchange->used == 0 ? -ECONNRESET : -EPROTO;
        exchange->used += (size_t)count;
        if (whole == 0) {
            const char *end =
                memmem(exchange->answer, exchange->used, "\r\n\r\n", 4);
            if (end && !head_is_right(exchange, end))
                return -EPROTO;
            if (end)
                whole =
                    (size_t)(end + 4 - exchange->answer) + exchange->body_size;
        }
        if (whole > 0 && exchange->used >= whole)
            break;
        if (exchange->used == sizeof exchange->answer)
            return -EPROTO;
    }
    const char *body = exchange->answer + whole - exchange->body_size;
    if (exchange->used != whole ||
        memcmp(body, exchange->body, exchange->body_size) != 0)
        return -EPROTO;
    return 0;
}

/* Makes one attempt on a connection, and then keeps or closes it. */
static int exchange_run(struct exchange *exchange, int fd)
{
    ssize_t sent = rt_write(fd, exchange->request, exchange->request_size,
                            exchange->deadline_ns);
    int error = sent < 0 ? (int)sent : exchange_read(exchange, fd);
    if (error < 0 || !exchange->keep ||
        !pool_give(POOL_BACKEND, fd, drop_inherited))
        rt_close(fd);
    return error;
}

int backend_call(int64_t delay_ns, uint64_t seed, uint64_t *check)
{
    struct exchange exchange;
    if (!has_address)
        return -EDESTADDRREQ;
    exchange_prepare(&exchange, delay_ns, seed);
    int fd = (int)pool_take(POOL_BACKEND), error = -ECONNRESET;
    if (fd >= 0)
        error = exchange_run(&exchange, fd);
    /* A kept connection may have been closed before the request arrived. A new
     * connection shows whether anything is really wrong. */
    if ((error == -ECONNRESET || error == -EPIPE) && exchange.used == 0) {
        fd = rt_connect(&address, exchange.deadline_ns);
        error = fd < 0 ? fd : exchange_run(&exchange, fd);
    }
    if (error == 0)
        *check = backend_check(delay_ns, seed);
    return error;
}

int backend_explain(int error, struct reply *reply)
{
    char host[INET_ADDRSTRLEN] = "";
    if (error == -EDESTADDRREQ || !has_address) {
        (void)reply_printf(reply, "this needs a backend; start the server with "
                                  "--backend HOST:PORT");
        return error;
    }
    inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
    const char *remedy = error == -ECONNREFUSED ? "is it running?"
                         : error == -EPROTO
                             ? "its answer was not that of /wait: is it one "
                               "of Troika's servers?"
                         : error == -EMFILE || error == -EADDRNOTAVAIL
                             ? "too many connections at once"
                             : "look at its messages";
    (void)reply_printf(reply, "the call to the backend at %s:%d failed: %s; %s",
                       host, ntohs(address.sin_port), strerror(-error), remedy);
    return error;
}
