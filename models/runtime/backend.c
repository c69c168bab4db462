/* SPDX-License-Identifier: MIT
 *
 * The backend's client: a stack of kept connections, one request out by hand,
 * one answer in through a parser that accepts what our servers send and
 * nothing else.
 *
 * The last connection given back is the first taken, so that the pool never
 * holds more than were in use at once. The lock covers the stack alone, never
 * a wait. Where tasks are coroutines each thread (a loop) has a pool of its
 * own: a loop keeps its sockets registered, and another must not touch them.
 */
#include "models/runtime/backend.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "models/runtime/blocking.h"
#include "models/runtime/model.h"
#include "models/runtime/server.h"
#include "models/runtime/workload.h"

enum {
    REQUEST_MAX = 128,
    ANSWER_MAX = 1024, /* head and body; ours have about 200 bytes */
    GRACE_S = 10,      /* beyond the delay asked for */
};

struct pool {
    int *fds;
    int count, capacity;
    struct pool *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct pool shared;
static struct pool *pools = &shared; /* every pool of the process */
static _Thread_local struct pool *own;

/* The parent's connections are the parent's: two processes on one socket
 * would read each other's answers. */
static void close_inherited(void)
{
    pthread_mutex_init(&lock, NULL);
    for (struct pool *pool = pools; pool; pool = pool->next) {
        for (int i = 0; i < pool->count; i++)
            close(pool->fds[i]);
        pool->count = 0;
    }
}

static void register_on_fork(void)
{
    process_on_fork(close_inherited);
}

/* The caller's pool; NULL: no memory, so nothing is kept. */
static struct pool *pool_of_task(void)
{
    if (model.task_kind != TASK_COROUTINE)
        return &shared;
    if (!own && (own = calloc(1, sizeof *own))) {
        pthread_mutex_lock(&lock);
        own->next = pools;
        pools = own;
        pthread_mutex_unlock(&lock);
    }
    return own;
}

/* A kept connection, or -1. */
static int pool_take(struct pool *pool)
{
    int fd = -1;
    if (!pool)
        return -1;
    pthread_mutex_lock(&lock);
    if (pool->count > 0)
        fd = pool->fds[--pool->count];
    pthread_mutex_unlock(&lock);
    return fd;
}

static void pool_give(struct pool *pool, int fd)
{
    bool kept = false;
    if (pool) {
        pthread_mutex_lock(&lock);
        if (pool->count == pool->capacity) {
            int capacity = pool->capacity ? pool->capacity * 2 : 16;
            int *fds = reallocarray(pool->fds, (size_t)capacity, sizeof *fds);
            if (fds) {
                pool->fds = fds;
                pool->capacity = capacity;
            }
        }
        kept = pool->count < pool->capacity;
        if (kept)
            pool->fds[pool->count++] = fd;
        pthread_mutex_unlock(&lock);
    }
    if (!kept)
        rt_close(fd);
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

/* The finalizer of splitmix64 (Steele, Lea, Flood: Fast Splittable
 * Pseudorandom Number Generators, OOPSLA 2014). */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
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

/* One call's bytes and what came back. */
struct exchange {
    int64_t deadline_ns;
    size_t request_size, body_size, used;
    bool keep; /* the backend keeps the connection open */
    char request[REQUEST_MAX];
    char body[BACKEND_BODY_MAX]; /* the only right one */
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

/* Whether the head is one that fits the only right body; sets keep. */
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
    size_t whole = 0; /* known once the head is there */
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

/* One attempt on a connection, which it keeps or closes. */
static int exchange_run(struct exchange *exchange, struct pool *pool, int fd)
{
    ssize_t sent = rt_write(fd, exchange->request, exchange->request_size,
                            exchange->deadline_ns);
    int error = sent < 0 ? (int)sent : exchange_read(exchange, fd);
    if (error == 0 && exchange->keep)
        pool_give(pool, fd);
    else
        rt_close(fd);
    return error;
}

int backend_call(int64_t delay_ns, uint64_t seed, uint64_t *check)
{
    const struct sockaddr_in *address = server_backend();
    struct exchange exchange;
    if (!address)
        return -EDESTADDRREQ;
    pthread_once(&once, register_on_fork);
    exchange_prepare(&exchange, delay_ns, seed);
    struct pool *pool = pool_of_task();
    int fd = pool_take(pool), error = -ECONNRESET;
    if (fd >= 0)
        error = exchange_run(&exchange, pool, fd);
    /* A kept connection may have been closed before the request arrived; a
     * new one tells what is really wrong. */
    if ((error == -ECONNRESET || error == -EPIPE) && exchange.used == 0) {
        fd = rt_connect(address, exchange.deadline_ns);
        error = fd < 0 ? fd : exchange_run(&exchange, pool, fd);
    }
    if (error == 0)
        *check = backend_check(delay_ns, seed);
    return error;
}

int backend_explain(int error, struct reply *reply)
{
    const struct sockaddr_in *address = server_backend();
    char host[INET_ADDRSTRLEN] = "";
    if (error == -EDESTADDRREQ || !address) {
        (void)reply_printf(reply, "this needs a backend; start the server with "
                                  "--backend HOST:PORT");
        return error;
    }
    inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
    const char *remedy = error == -ECONNREFUSED ? "is it running?"
                         : error == -EPROTO
                             ? "its answer was not that of /wait: is it one "
                               "of Troika's servers?"
                         : error == -EMFILE || error == -EADDRNOTAVAIL
                             ? "too many connections at once"
                             : "see what it says";
    (void)reply_printf(reply, "the call to the backend at %s:%d failed: %s; %s",
                       host, ntohs(address->sin_port), strerror(-error),
                       remedy);
    return error;
}
