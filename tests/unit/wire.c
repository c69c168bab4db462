/* SPDX-License-Identifier: MIT
 *
 * The connection machine by itself, over a socket pair: what it asks its owner
 * for, what it keeps between two looks, its deadlines, its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/connection/server.h"
#include "models/runtime/connection/wire.h"

const struct model model = {.name = "test", .summary = "no server"};

#define GET  "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static struct wire wire;
static struct wire_hand hand;
static int peer;

static int open_wire(void **state)
{
    int ends[2];

    (void)state;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return -1;
    peer = ends[1];
    hand.level = false;
    wire_open(&wire, ends[0]);
    return 0;
}

static int close_wire(void **state)
{
    (void)state;
    wire_free(&wire);
    close(wire.fd);
    close(peer);
    return 0;
}

static void say(const char *text)
{
    assert_int_equal(send(peer, text, strlen(text), 0), strlen(text));
    wire_readable(&wire, false);
}

static enum wire_want run(void)
{
    return wire_run(&wire, &hand);
}

static void an_idle_one_keeps_nothing(void **state)
{
    (void)state;
    assert_int_equal(run(), WIRE_READ);
    say(GET);
    assert_int_equal(run(), WIRE_REQUEST);
    assert_memory_equal(wire.http->request.target, "/hello", 6);
    wire_answered(&wire, true);
    assert_int_equal(run(), WIRE_READ);
    assert_null(wire.kept);
    assert_true(wire.deadline_ns == RT_NEVER);
}

/* The deadline is the request's, not the last byte's. */
static void half_a_request_has_a_deadline(void **state)
{
    int64_t before_ns = rt_now();

    (void)state;
    say("GET /hel");
    assert_int_equal(run(), WIRE_READ);
    assert_non_null(wire.kept);
    int64_t deadline_ns = wire.deadline_ns;
    assert_true(deadline_ns >= before_ns + SERVER_REQUEST_NS);
    say("lo HTTP/1.1\r\nHost: a\r\n");
    assert_int_equal(run(), WIRE_READ);
    assert_true(wire.deadline_ns == deadline_ns);
    say("\r\n");
    assert_int_equal(run(), WIRE_REQUEST);
    wire_answered(&wire, true);
    assert_true(wire.deadline_ns == RT_NEVER);
}

static void pipelined_ones_come_in_order(void **state)
{
    (void)state;
    say(GET GET "GET /wa");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(), WIRE_REQUEST);
        wire_answered(&wire, true);
    }
    assert_int_equal(run(), WIRE_READ);
    say("it HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(run(), WIRE_REQUEST);
    assert_memory_equal(wire.http->request.target, "/wait", 5);
}

/* Another connection has the hand meanwhile. */
static void a_suspended_one_keeps_what_follows(void **state)
{
    (void)state;
    say(GET "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(run(), WIRE_REQUEST);
    assert_true(wire_suspend(&wire));
    assert_true(wire_is_served(&wire));
    memset(&hand.http, 0, sizeof hand.http);
    memset(hand.buffer, 0, sizeof hand.buffer);
    wire_answered(&wire, true);
    assert_int_equal(run(), WIRE_REQUEST);
    assert_memory_equal(wire.http->request.target, "/wait", 5);
    wire_answered(&wire, true);
    assert_int_equal(run(), WIRE_READ);
}

static void the_last_answer_closes(void **state)
{
    (void)state;
    say(LAST);
    assert_int_equal(run(), WIRE_REQUEST);
    wire_answered(&wire, wire.http->request.keep_alive);
    assert_int_equal(run(), WIRE_CLOSED);
}

/* What the client still sends is thrown away until it ends. */
static void it_lingers_for_who_is_still_sending(void **state)
{
    (void)state;
    say(LAST GET);
    assert_int_equal(run(), WIRE_REQUEST);
    wire_answered(&wire, false);
    assert_int_equal(run(), WIRE_READ);
    assert_true(wire_lingers(&wire));
    assert_true(wire.deadline_ns <= rt_now() + SERVER_LINGER_NS);
    say(GET);
    assert_int_equal(run(), WIRE_READ);
    shutdown(peer, SHUT_WR);
    assert_int_equal(run(), WIRE_CLOSED);
}

/* An owner that is told of what is there is not told of what came before. */
static void it_looks_before_it_closes(void **state)
{
    (void)state;
    hand.level = true;
    say(LAST);
    assert_int_equal(run(), WIRE_REQUEST);
    assert_true(wire_suspend(&wire));
    say(GET);
    wire_answered(&wire, false);
    assert_int_equal(run(), WIRE_READ);
    assert_true(wire_lingers(&wire));
}

static void an_answer_waits_for_the_socket(void **state)
{
    enum { SIZE = 4 << 20 };
    struct reply reply = {.start = calloc(1, SIZE), .size = SIZE};
    char *got = malloc(SIZE);
    size_t count = 0;

    (void)state;
    say(GET GET);
    assert_int_equal(run(), WIRE_REQUEST);
    wire_send(&wire, &reply, true);
    free(reply.start);
    assert_int_equal(run(), WIRE_WRITE);
    assert_true(wire_is_served(&wire) && wire.deadline_ns != RT_NEVER);
    fcntl(peer, F_SETFL, O_NONBLOCK);
    enum wire_want want = WIRE_WRITE;
    while (want == WIRE_WRITE) {
        ssize_t some = read(peer, got, SIZE);
        count += some > 0 ? (size_t)some : 0;
        want = run();
    }
    assert_int_equal(want, WIRE_REQUEST); /* the second one */
    for (ssize_t some = 1; some > 0; count += some > 0 ? (size_t)some : 0)
        some = read(peer, got, SIZE);
    assert_int_equal(count, SIZE);
    free(got);
}

/* Who never ends sending lets others have their turn. */
static void turns_end(void **state)
{
    static char lines[HTTP_HEAD_MAX];
    enum wire_want want = WIRE_READ;

    (void)state;
    memset(lines, '\n', sizeof lines);
    for (size_t i = 1; i < sizeof lines; i += 2)
        lines[i - 1] = '\r';
    int size = 4 << 20;
    setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    for (int i = 0; i < 100; i++)
        if (send(peer, lines, sizeof lines, MSG_DONTWAIT) < 0)
            skip(); /* the kernel gives less room */
    wire_readable(&wire, false);
    want = run();
    assert_int_equal(want, WIRE_AGAIN);
    for (int i = 0; i < 100 && want == WIRE_AGAIN; i++)
        want = run();
    assert_int_equal(want, WIRE_READ);
}

static void an_end_with_the_data_is_seen(void **state)
{
    (void)state;
    say(GET);
    shutdown(peer, SHUT_WR);
    wire_readable(&wire, true);
    assert_int_equal(run(), WIRE_REQUEST);
    wire_answered(&wire, true);
    assert_int_equal(run(), WIRE_CLOSED);
}

/* As a task does it that reads by itself. */
static void an_owner_may_read_by_itself(void **state)
{
    struct http_connection http;
    char buffer[512];

    (void)state;
    http_init(&http, buffer, sizeof buffer);
    wire.http = &http;
    assert_int_equal(wire_next(&wire), WIRE_READ);
    memcpy(buffer, GET, strlen(GET));
    http.used = strlen(GET);
    assert_int_equal(wire_next(&wire), WIRE_REQUEST);
    wire_answered(&wire, false);
    assert_int_equal(wire_next(&wire), WIRE_CLOSED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_wire, close_wire)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_idle_one_keeps_nothing),
        CASE(half_a_request_has_a_deadline),
        CASE(pipelined_ones_come_in_order),
        CASE(a_suspended_one_keeps_what_follows),
        CASE(the_last_answer_closes),
        CASE(it_lingers_for_who_is_still_sending),
        CASE(it_looks_before_it_closes),
        CASE(an_answer_waits_for_the_socket),
        CASE(turns_end),
        CASE(an_end_with_the_data_is_seen),
        CASE(an_owner_may_read_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
