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

#include "models/runtime/frames.h"
#include "models/runtime/http.h"
#include "models/runtime/upgrade.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
