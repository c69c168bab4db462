/* SPDX-License-Identifier: MIT
 *
 * The backend's client against a backend that misbehaves: a scripted server
 * that sends given bytes in given pieces, on one connection after another.
 * Whatever is not exactly the right answer must be an error, never a number.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "models/runtime/clients/backend.h"
#include "models/runtime/model.h"
#include "models/runtime/tasks/blocking.h"

const struct model model = {
    .name = "test",
    .task_kind = TASK_THREAD,
    .operations = &blocking_threads,
};

/* What the server does with each request that comes. */
struct step {
    const char *bytes; /* NULL: closes without an answer */
    size_t size;
    size_t piece; /* bytes at a time */
    bool close;   /* closes after it */
};

static struct {
    int listen_fd;
    pthread_t thread;
    const struct step *steps;
    int count;
    int connections; /* accepted so far */
    char request[256];
} server;

/* Reads one request; false at the end of the connection. */
static bool read_request(int fd)
{
    size_t used = 0;
    while (used < 4 || memcmp(server.request + used - 4, "\r\n\r\n", 4) != 0) {
        ssize_t count = recv(fd, server.request + used, 1, 0);
        if (count <= 0 || ++used == sizeof server.request - 1)
            return false;
    }
    server.request[used] = 0;
    return true;
}

static void *serve(void *argument)
{
    (void)argument;
    for (int step = 0, fd = -1; step < server.count;) {
        if (fd < 0) {
            fd = accept(server.listen_fd, NULL, NULL);
            server.connections++;
        }
        if (!read_request(fd)) {
            close(fd);
            fd = -1;
            continue;
        }
        const struct step *now = &server.steps[step++];
        for (size_t at = 0; at < now->size; at += now->piece) {
            size_t left = now->size - at;
            send(fd, now->bytes + at, left < now->piece ? left : now->piece,
                 MSG_NOSIGNAL);
        }
        if (now->close || !now->bytes || step == server.count) {
            close(fd);
            fd = -1;
        }
    }
    return NULL;
}

static void start(const struct step *steps, int count)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    server.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server.steps = steps;
    server.count = count;
    server.connections = 0;
    assert_int_equal(
        bind(server.listen_fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(server.listen_fd, 16), 0);
    getsockname(server.listen_fd, (struct sockaddr *)&address, &length);
    backend_use(&address);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void stop(void)
{
    pthread_join(server.thread, NULL);
    close(server.listen_fd);
}

enum { DELAY_NS = 5000, SEED = 7 };

/* The right answer with `head` and `tail` around the body's length. */
static size_t right(char *text, const char *head, const char *tail)
{
    char body[BACKEND_BODY_MAX];
    size_t size = backend_body(DELAY_NS, SEED, body);
    int length =
        sprintf(text, "%s%zu%s\r\n\r\n%.*s", head, size, tail, (int)size, body);
    return (size_t)length;
}

static const char head_ok[] = "HTTP/1.1 200 OK\r\nContent-Length: ";

static int call(void)
{
    uint64_t check = 1;
    int error = backend_call(DELAY_NS, SEED, &check);
    uint64_t wanted = error ? 1 : backend_check(DELAY_NS, SEED);
    assert_true(check == wanted);
    return error;
}

static void kept_in_any_pieces(void **state)
{
    (void)state;
    char plain[512], other[512];
    size_t size = right(plain, head_ok, "");
    size_t other_size =
        right(other, "HTTP/1.1 200\r\nDate: x\r\ncontent-length:\t", "  ");
    const struct step steps[] = {
        {plain, size, size, false},
        {plain, size, 1, false},
        {other, other_size, 7, false},
        {plain, size, size - 1, false},
    };
    start(steps, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(call(), 0);
    stop();
    assert_int_equal(server.connections, 1);
    assert_string_equal(server.request, "GET /wait?delay=5000ns&seed=7 "
                                        "HTTP/1.1\r\nHost: backend\r\n\r\n");
}

static void wrong_answers(void **state)
{
    (void)state;
    char text[16][1200];
    struct step steps[16];
    int count = 0;
    size_t size;
#define WRONG(bytes_size)                                                      \
    do {                                                                       \
        size = (bytes_size);                                                   \
        steps[count] = (struct step){text[count], size, size, true};           \
        count++;                                                               \
    } while (0)
    WRONG(right(text[count], "HTTP/1.1 503 No\r\nContent-Length: ", ""));
    WRONG(right(text[count], "HTTP/1.0 200 OK\r\nContent-Length: ", ""));
    WRONG(right(text[count], "HTTP/1.1 2000 OK\r\nContent-Length: ", ""));
    WRONG(right(text[count], "HTTP/1.1 200 OK\r\nContent-Lengths: ", ""));
    WRONG(right(text[count], head_ok, "0"));
    WRONG(right(text[count], head_ok, "") - 1); /* cut off */
    WRONG(right(text[count], head_ok, "") / 2);
    WRONG(1 + 0 * right(text[count], head_ok, ""));
    WRONG(right(text[count], head_ok, "") + 1); /* a byte too many */
    size = right(text[count], head_ok, "");
    text[count][size - 3] ^= 1; /* one bit of the check */
    WRONG(size);
    memset(text[count], 'x', 1200); /* no end of the head */
    WRONG(1200);
    start(steps, count);
    for (int i = 0; i < count; i++) {
        int error = call();
        if (error != -EPROTO)
            fail_msg("answer %d gave %d: %.60s", i, error, text[i]);
    }
    stop();
    assert_int_equal(server.connections, count);
}

/* A kept connection that was closed meanwhile is replaced once; a new one
 * that is closed without an answer is an error. */
static void stale_connections(void **state)
{
    (void)state;
    char plain[512], last[512];
    size_t size = right(plain, head_ok, "");
    size_t last_size = right(last, head_ok, "\r\nConnection: Close");
    const struct step steps[] = {
        {plain, size, size, false},  /* kept */
        {NULL, 0, 1, true},          /* closed when used again ... */
        {plain, size, size, true},   /* ... so a new one; then closed */
        {last, last_size, 3, false}, /* a new one; not kept, it says */
        {NULL, 0, 1, true},          /* a new one, no answer */
    };
    start(steps, 5);
    assert_int_equal(call(), 0);
    assert_int_equal(call(), 0);
    assert_int_equal(call(), 0);
    assert_int_equal(call(), -ECONNRESET);
    stop();
    assert_int_equal(server.connections, 4);
    assert_int_equal(call(), -ECONNREFUSED);
}

static void checks_differ(void **state)
{
    (void)state;
    assert_true(backend_check(1, 1) != backend_check(1, 2));
    assert_true(backend_check(1, 1) != backend_check(2, 1));
    assert_true(backend_check(1, 2) != backend_check(2, 1));
    assert_true((int64_t)backend_check(0, UINT64_MAX) >= 0);
    assert_true(backend_combine(backend_combine(0, 1), 2) !=
                backend_combine(backend_combine(0, 2), 1));
    char body[BACKEND_BODY_MAX];
    assert_true(backend_body(INT64_MAX, UINT64_MAX, body) < sizeof body);
}

static void no_backend(void **state)
{
    (void)state;
    assert_int_equal(call(), -EDESTADDRREQ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_backend), /* first: no address was set */
        cmocka_unit_test(kept_in_any_pieces), cmocka_unit_test(wrong_answers),
        cmocka_unit_test(stale_connections),  cmocka_unit_test(checks_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
