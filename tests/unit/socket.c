/* SPDX-License-Identifier: MIT
 *
 * Frames: the RFC's own examples, every head written and read back, what no
 * frame may be, masks at every offset, and UTF-8 cut at every place. Then the
 * handshake's key, as a request carries it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness/load/answer/socket.h"
#include "models/runtime/http/frames.h"
#include "models/runtime/http/http.h"
#include "models/runtime/http/upgrade.h"

/* RFC 6455, 5.7. */
static void examples(void **state)
{
    (void)state;
    static const uint8_t masked[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                     0x7f, 0x9f, 0x4d, 0x51, 0x58};
    static const uint8_t large[] = {0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0};
    struct frames_head head;
    uint8_t payload[5];
    assert_int_equal(frames_read(masked, sizeof masked, &head), 6);
    assert_true(head.fin && head.masked && head.opcode == FRAMES_TEXT);
    assert_int_equal(head.size, 5);
    memcpy(payload, masked + 6, sizeof payload);
    frames_mask(payload, sizeof payload, head.mask, 0);
    assert_memory_equal(payload, "Hello", 5);
    assert_int_equal(frames_read(large, sizeof large, &head), 10);
    assert_true(!head.masked && head.size == 65536);
}

static void round_trips(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0,     1,     125,     126,
                                     65535, 65536, 1 << 20, UINT64_C(1) << 62};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        struct frames_head in = {.fin = true,
                                 .opcode = FRAMES_BINARY,
                                 .masked = i % 2,
                                 .mask = {1, 2, 3, 4},
                                 .size = sizes[i / 2]};
        struct frames_head out;
        uint8_t bytes[FRAMES_HEAD_MAX];
        int length = frames_write(&in, bytes);
        assert_true(length <= (i % 2 ? FRAMES_HEAD_MAX : FRAMES_SERVER_HEAD));
        for (int cut = 0; cut < length; cut++)
            assert_int_equal(frames_read(bytes, (size_t)cut, &out), 0);
        assert_int_equal(frames_read(bytes, (size_t)length, &out), length);
        assert_true(out.fin && out.opcode == in.opcode &&
                    out.masked == in.masked && out.size == in.size);
        if (in.masked)
            assert_memory_equal(out.mask, in.mask, sizeof in.mask);
    }
}

/* Whatever the first two bytes are: refused for what RFC 6455, 5.2 and 5.5
 * forbid, and for nothing else. */
static void every_beginning(void **state)
{
    (void)state;
    for (int first = 0; first < 256; first++) {
        for (int second = 0; second < 256; second++) {
            uint8_t bytes[FRAMES_HEAD_MAX] = {
                (uint8_t)first, (uint8_t)second, 0, 0, 0, 1, 0, 0, 0, 0};
            struct frames_head head;
            int opcode = first & 15, length = second & 127;
            bool control = opcode > 7;
            bool wrong = (first & 0x70) || (opcode > 2 && opcode < 8) ||
                         opcode > 10 ||
                         (control && (length > 125 || first < 128)) ||
                         length == 126; /* the shortest form of 0 is another */
            int got = frames_read(bytes, sizeof bytes, &head);
            if (wrong)
                assert_int_equal(got, -EPROTO);
            else
                assert_int_equal(got, 2 + (length == 127 ? 8 : 0) +
                                          (second > 127 ? 4 : 0));
        }
    }
}

static void masks(void **state)
{
    (void)state;
    static const uint8_t mask[4] = {0x11, 0x22, 0x44, 0x88};
    for (size_t cut = 0; cut <= 40; cut++) {
        uint8_t bytes[40] = {0};
        frames_mask(bytes, cut, mask, 0);
        frames_mask(bytes + cut, sizeof bytes - cut, mask, cut);
        for (size_t i = 0; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], mask[i % 4]);
    }
}

/* Around every border of RFC 3629, whole and cut at each place. */
static void utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"ascii", true},
        {"\x7f", true},
        {"\x80", false},
        {"\xc1\xbf", false},
        {"\xc2\x80", true},
        {"\xdf\xbf", true},
        {"\xdf\xc0", false},
        {"\xe0\x9f\xbf", false},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xed\xa0\x80", false},
        {"\xee\x80\x80", true},
        {"\xef\xbf\xbf", true},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xff", false},
        {"\xf0\x90\x80", false},
        {"a\xe2\x82\xac"
         "b",
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t *bytes = (const uint8_t *)cases[i].text;
        size_t size = strlen(cases[i].text);
        for (size_t cut = 0; cut <= size; cut++) {
            struct frames_utf8 at = {0};
            bool valid = frames_utf8(&at, bytes, cut) &&
                         frames_utf8(&at, bytes + cut, size - cut) &&
                         at.need == 0;
            assert_int_equal(valid, cases[i].valid);
        }
    }
}

static void close_codes(void **state)
{
    (void)state;
    for (int code = 0; code < 6000; code++) {
        const uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code, 'x'};
        bool allowed = (code >= 1000 && code <= 1014 && code != 1004 &&
                        code != 1005 && code != 1006) ||
                       (code >= 3000 && code < 5000);
        assert_int_equal(frames_judge_close(payload, sizeof payload),
                         allowed ? 0 : FRAMES_PROTOCOL_ERROR);
    }
    assert_int_equal(frames_judge_close(NULL, 0), 0);
}

/* RFC 6455, 1.3; the request fed in pieces of every size. */
static void handshake(void **state)
{
    (void)state;
    static const char request[] =
        "GET /websocket?size=1B HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nsec-websocket-key:  dGhlIHNhbXBsZSBub25jZQ== "
        "\r\nSec-WebSocket-Version: 13\r\n\r\n";
    for (size_t piece = 1; piece <= sizeof request; piece++) {
        char buffer[HTTP_HEAD_MAX], accept[UPGRADE_ACCEPT_SIZE + 1];
        struct http_connection http;
        bool whole = false;
        http_init(&http, buffer, sizeof buffer);
        for (size_t at = 0; at < sizeof request - 1; at += piece) {
            size_t space, count = sizeof request - 1 - at;
            char *to = http_space(&http, &space);
            count = count < piece ? count : piece;
            memcpy(to, request + at, count);
            http.used += count;
            assert_false(whole);
            whole = http_next(&http);
        }
        assert_true(whole);
        assert_int_equal(http.request.upgrade, HTTP_WEBSOCKET);
        assert_memory_equal(http.request.target,
                            "/websocket?size=1BdGhlIHNhbXBsZSBub25jZQ==",
                            http_target_bytes(&http.request));
        upgrade_accept(http.request.target + http.request.target_length,
                       accept);
        assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}

/* A server's frame after what is in `to`. Returns the new size. */
static size_t put(uint8_t *to, size_t at, int opcode, bool fin,
                  const char *payload)
{
    struct frames_head head = {
        .fin = fin, .opcode = (uint8_t)opcode, .size = strlen(payload)};
    at += (size_t)frames_write(&head, to + at);
    memcpy(to + at, payload, head.size);
    return at + head.size;
}

/* What the generator sees in these bytes, a letter an event, however they are
 * cut: it expects the echo "hello", or none. */
static void sees(const uint8_t *bytes, size_t size, bool asked,
                 const char *wanted)
{
    static const struct load_greeting greeting = {.push_ns = 1000};
    for (size_t piece = 1; piece <= size; piece++) {
        struct load_socket socket = {.push_due_ns = 5};
        char seen[32] = "";
        for (size_t at = 0, events = 0; at < size;) {
            size_t used, count = size - at < piece ? size - at : piece;
            enum load_socket_event event = load_socket_feed(
                &socket, &greeting, asked ? "hello" : NULL, asked ? 5 : 0,
                (const char *)bytes + at, count, &used);
            at += used;
            if (event == LOAD_SOCKET_MORE)
                assert_int_equal(used, count);
            else
                seen[events++] = "-EOPCW"[event];
            if (event >= LOAD_SOCKET_CLOSED)
                break;
        }
        assert_string_equal(seen, wanted);
    }
}

#define PUSH_0  "push n=0000000000 due_ns=0000000000000001007 "
#define PUSH_1  "push n=0000000001 due_ns=0000000000000002007 "
#define GAP     "push n=0000000002 due_ns=0000000000000003007 "
#define SHIFTED "push n=0000000001 due_ns=0000000000000002008 "
#define EARLY   "push n=0000000000 due_ns=0000000000000001004 "

static void what_the_generator_sees(void **state)
{
    (void)state;
    uint8_t bytes[512];
    size_t size = put(bytes, 0, FRAMES_TEXT, true, PUSH_0 "...");
    size = put(bytes, size, FRAMES_BINARY, true, "hello");
    size = put(bytes, size, FRAMES_PONG, true, "");
    size = put(bytes, size, FRAMES_TEXT, true, PUSH_1);
    size = put(bytes, size, FRAMES_BINARY, false, "he");
    size = put(bytes, size, FRAMES_CONTINUATION, true, "llo");
    sees(bytes, size, true, "PEPE");
    sees(bytes, size, false, "PW"); /* an echo that nobody asked for */
    static const struct {
        int opcode;
        const char *payload;
        const char *wanted;
    } cases[] = {
        {FRAMES_BINARY, "hallo", "O"},
        {FRAMES_BINARY, "hell", "O"},
        {FRAMES_BINARY, "hello ", "O"},
        {FRAMES_BINARY, "", "O"},
        {FRAMES_TEXT, PUSH_1, "W"}, /* the first is missing */
        {FRAMES_TEXT, EARLY, "W"},
        {FRAMES_TEXT, PUSH_0 "..x", "W"},
        {FRAMES_TEXT, "push n=0000000000", "W"},
        {FRAMES_PING, "", "W"},
        {FRAMES_CLOSE, "\3\xe9", "C"},
        {FRAMES_CONTINUATION, "hello", "W"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size = put(bytes, 0, cases[i].opcode, true, cases[i].payload);
        sees(bytes, size, true, cases[i].wanted);
    }
    size = put(bytes, 0, FRAMES_TEXT, true, PUSH_0);
    size = put(bytes, size, FRAMES_TEXT, true, GAP);
    sees(bytes, size, true, "PW");
    size = put(bytes, 0, FRAMES_TEXT, true, PUSH_0);
    size = put(bytes, size, FRAMES_TEXT, true, SHIFTED);
    sees(bytes, size, true, "PW");
    static const uint8_t masked[] = {0x82, 0x85, 0, 0, 0, 0};
    sees(masked, sizeof masked, true, "W");
}

static void answers_to_the_handshake(void **state)
{
    (void)state;
    static const struct load_greeting greeting = {.accept = "abc="};
    static const struct {
        const char *answer;
        int result; /* 1: its length */
    } cases[] = {
        {"HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
         "Sec-WebSocket-Accept: abc=\r\n\r\n",
         1},
        {"HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\n", 0},
        {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
         "Sec-WebSocket-Accept: ABC=\r\n\r\n",
         -EPROTO},
        {"HTTP/1.1 101 X\r\nConnection: upgrade\r\n"
         "Sec-WebSocket-Accept: abc=\r\n\r\n",
         -EPROTO},
        {"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
         "Sec-WebSocket-Accept: abc=\r\n\r\n",
         -EPROTO},
        {"SSH-2.0\r\n\r\n", -EPROTO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[128] = "";
        size_t size = strlen(cases[i].answer);
        int result = load_socket_judge(&greeting, cases[i].answer, size, why,
                                       sizeof why);
        assert_int_equal(result,
                         cases[i].result == 1 ? (int)size : cases[i].result);
        assert_int_equal(result < 0, why[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(every_beginning),
        cmocka_unit_test(masks),
        cmocka_unit_test(utf8),
        cmocka_unit_test(close_codes),
        cmocka_unit_test(handshake),
        cmocka_unit_test(what_the_generator_sees),
        cmocka_unit_test(answers_to_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
