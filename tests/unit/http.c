/* SPDX-License-Identifier: MIT
 *
 * Requests in: every way of splitting the bytes gives the same
 * requests, every error has its status, and mutated requests (fixed seed)
 * neither crash the parser nor make it depend on the splits. The harness's
 * sanitizer builds run this too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/runtime/http/http.h"
#include "models/runtime/model.h"

const struct model model = {.name = "test", .summary = "no server"};

enum { TRANSCRIPT_MAX = 8192 };

/* What came out of some bytes, one line a request. */
struct transcript {
    char text[TRANSCRIPT_MAX];
    size_t size;
    int requests;
    bool ended; /* nothing may follow the last request */
    bool idle;
};

/* How the bytes are given to the parser. */
struct feeding {
    size_t piece;       /* bytes at once; 0: random, 1 to 40 */
    size_t first_piece; /* 0: as the others */
    uint64_t random;
    size_t small; /* size of a first buffer, moved from when full; 0: none */
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void note(struct transcript *to, const struct http_request *request)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < request->target_length; i++)
        sum = sum * 31 + (unsigned char)request->target[i];
    to->requests++;
    to->ended = !request->keep_alive;
    /* The target of a wrong request is whatever was read of it. */
    if (to->size < sizeof to->text - 80)
        to->size += (size_t)snprintf(
            to->text + to->size, 80, "%d %s%s%s %x\n", request->error,
            request->head ? "HEAD" : "GET", request->keep_alive ? " keep" : "",
            request->http_1_0 ? " 1.0" : "", request->error ? 0 : sum);
}

static size_t piece_of(struct feeding *feeding, size_t done)
{
    if (done == 0 && feeding->first_piece)
        return feeding->first_piece;
    if (feeding->piece)
        return feeding->piece;
    return 1 + next_random(&feeding->random) % 40;
}

/* The buffers are on the heap and exactly as large as said, so that the
 * sanitizers see one byte too many. */
static void feed(const char *bytes, size_t size, struct feeding feeding,
                 struct transcript *out)
{
    char *large = malloc(HTTP_HEAD_MAX);
    char *small = malloc(feeding.small ? feeding.small : 1);
    struct http_connection http;
    size_t done = 0;

    memset(out, 0, sizeof *out);
    http_init(&http, feeding.small ? small : large,
              feeding.small ? feeding.small : HTTP_HEAD_MAX);
    while (done < size && !out->ended) {
        size_t space, n = piece_of(&feeding, done);
        char *at = http_space(&http, &space);
        if (space == 0) {
            assert_ptr_equal(http.buffer, small);
            http_move(&http, large, HTTP_HEAD_MAX);
            at = http_space(&http, &space);
        }
        assert_true(space > 0);
        n = n < space ? n : space;
        n = n < size - done ? n : size - done;
        memcpy(at, bytes + done, n);
        http.used += n;
        done += n;
        while (!out->ended && http_next(&http))
            note(out, &http.request);
        if (!out->ended && feeding.small && http_idle(&http))
            http_move(&http, small, feeding.small);
    }
    out->idle = http_idle(&http);
    free(large);
    free(small);
}

static void feed_whole(const char *bytes, size_t size, struct transcript *out)
{
    feed(bytes, size, (struct feeding){.piece = HTTP_HEAD_MAX}, out);
}

static void same(const char *bytes, size_t size, struct feeding feeding,
                 const struct transcript *wanted)
{
    struct transcript got;

    feed(bytes, size, feeding, &got);
    if (strcmp(got.text, wanted->text) != 0)
        print_error("bytes: %.*s\n", (int)size, bytes);
    assert_string_equal(got.text, wanted->text);
    assert_int_equal(got.idle, wanted->idle);
}

static const char *const corpus[] = {
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /hello?size=3B HTTP/1.1\r\nHost: x\r\n\r\n",
    "HEAD /hello HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /bb HTTP/1.1\r\nHost: x\r\n\r\nHEAD "
    "/ccc HTTP/1.1\r\nHost: x\r\n\r\n",
    "\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\nGET /b "
    "HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /b "
    "HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcdeGET /b "
    "HTTP/1.1\r\nHost: x\r\n\r\n",
    ("GET /abc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n1f;x=y\r\n0123456789012345678901234567890\r\n0\r\nT: "
     "v\r\n\r\n"
     "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("GET /u HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: "
     "websocket\r\n\r\n"
     "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
    "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n",
    "PRI udp:x HTTP/1.1\r\nHost: x\r\n\r\n",
    /* Fields that are not of the head: of a body, a trailer, the next. */
    ("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 31\r\n\r\n"
     "\r\nHost: y\r\nConnection: close\r\n\r\n"
     "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\nHost: y\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
     "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("GET /a HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n"
     "GET /b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
     "Sec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"),
    ("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
     "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
     "Content-Length: 1\r\n\r\nx"),
    "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
    ("GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
     "1;a=\"b;\\\"c\";d\r\nx\r\n0;e=f\r\n\r\n"
     "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"),
    "GET /a HTTP/1.1\r\nHost: x\r\n: v\r\n\r\n",
    "GET /a HTTP/1.1\nHost: x\r\n\r\n",
    "GARBAGE\r\n\r\n",
    "GET /a HTTP/2.0\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: "
    "99999999999999999999\r\n\r\n",
    "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
};
enum { CORPUS_SIZE = sizeof corpus / sizeof *corpus };

static void splits(void **state)
{
    (void)state;
    for (int i = 0; i < CORPUS_SIZE; i++) {
        size_t size = strlen(corpus[i]);
        struct transcript whole;
        feed_whole(corpus[i], size, &whole);
        assert_true(whole.requests > 0);
        for (size_t cut = 1; cut < size; cut++)
            same(corpus[i], size,
                 (struct feeding){.piece = HTTP_HEAD_MAX, .first_piece = cut},
                 &whole);
        for (size_t piece = 1; piece < 8; piece++)
            same(corpus[i], size, (struct feeding){.piece = piece}, &whole);
        for (size_t small = 1; small < 40; small++)
            same(corpus[i], size,
                 (struct feeding){.piece = HTTP_HEAD_MAX, .small = small},
                 &whole);
    }
}

/* The error of the first request, and whether the connection goes on. */
static void expect_error(const char *bytes, size_t size, int error, bool keep)
{
    struct transcript got;
    int found;

    feed_whole(bytes, size, &got);
    assert_true(got.requests >= 1);
    found = atoi(got.text);
    if (found != error)
        print_error("bytes: %.*s\n", (int)size, bytes);
    assert_int_equal(found, error);
    assert_int_equal(strstr(got.text, " keep") != NULL, keep);
}

static void expect_text(const char *text, int error, bool keep)
{
    expect_error(text, strlen(text), error, keep);
}

static void errors(void **state)
{
    (void)state;
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 0, true);
    expect_text("GET /a HTTP/1.0\r\n\r\n", 0, false);
    /* RFC 9112, 3.2: no answer to who names no host. */
    expect_text("GET /a HTTP/1.1\r\n\r\n", 400, false);
    expect_text("POST /a HTTP/1.1\nX: host:\n\nHost: x\n\n", 400, false);
    expect_text("GET /a HTTP/1.1\r\nX: y\r\nhOST:\r\n\r\n", 0, true);
    expect_text("GET /a HTTP/1.1\r\nX: y\r\nHost : x\r\n\r\n", 400, false);
    /* Nor to who names two. */
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, false);
    expect_text("GET /a HTTP/1.1\nX: y\nhost: x\nHost: x\n\n", 400, false);
    expect_text("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
                "\r\nHost: y",
                405, true);
    expect_text("PRI * HTTP/2.0\r\n\r\n", 400, false);
    expect_text("GARBAGE\r\n\r\n", 400, false);
    expect_text("get / HTTP/1.1\r\nHost: x\r\n\r\n", 405, false);
    expect_text("GET /a HTTP/3.7\r\n\r\n", 400, false);
    expect_text("GET /a\r\n\r\n", 400, false);
    expect_text("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, false);
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, false);
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400,
                false);
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                "Transfer-Encoding: chunked\r\n\r\n",
                400, false);
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                "chunked\r\n\r\nzz\r\n",
                400, false);
    /* Chunks end in CRLF, or another reader finds other requests. */
    expect_text("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                "\r\n5\r\nabcdeXX0\r\n\r\n",
                400, false);
    expect_text("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                "\r\n5\rXabcde\r\n0\r\n\r\n",
                400, false);
    expect_error("GET /\0a HTTP/1.1\r\nHost: x\r\n\r\n", 19, 400, false);
    expect_error("\x16\x03\x01\x02\x00\x01\n", 7, 400, false);
    expect_text("POST /a HTTP/1.1\r\nHost: x\r\n\r\n", 405, true);
    expect_text("DELETE /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
                405, true);
    expect_text("BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", 405, false);
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n",
                413, false);
    expect_text(
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", 413,
        false);
    /* A client that waits for a go-ahead is answered at once. */
    expect_text("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                "Content-Length: 10\r\n\r\n",
                405, false);
    expect_text("GET /a HTTP/1.1\r\nHost: x\r\nexpect: 100-continue\r\n"
                "Content-Length: 10\r\n\r\n",
                0, false);
}

/* The sentence for a malformed request, whole and byte by byte. */
static void expect_reason(const char *text, const char *reason)
{
    for (size_t piece = 1; piece < 10000; piece *= 9999) {
        char buffer[HTTP_HEAD_MAX];
        struct http_connection http;
        size_t size = strlen(text), done = 0;
        http_init(&http, buffer, sizeof buffer);
        while (!http_next(&http)) {
            assert_true(done < size);
            size_t n = piece < size - done ? piece : size - done;
            memcpy(buffer + http.used, text + done, n);
            http.used += n;
            done += n;
        }
        assert_int_equal(http.request.error, 400);
        assert_non_null(http.request.reason);
        if (!strstr(http.request.reason, reason))
            print_error("%s: %s\n", text, http.request.reason);
        assert_non_null(strstr(http.request.reason, reason));
    }
}

static void reasons(void **state)
{
    static const char *const rows[][2] = {
        {"GARBAGE\r\n\r\n", "request line"},
        {"GET /a\r\n\r\n", "version"},
        {"GET /a HTTP/2.0\r\n\r\n", "version"},
        {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", "target"},
        {"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", "target"},
        {"GET /a HTTP/1.1\nHost: x\r\n\r\n", "CRLF"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", "CRLF"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "folded"},
        {"GET /a HTTP/1.1\r\nHost: x\r\n: v\r\n\r\n", "name is empty"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nA : v\r\n\r\n", "NAME: VALUE"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", "control"},
        {"GET /a HTTP/1.1\r\n\r\n", "Host is missing"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "twice"},
        {"GET /a HTTP/1.1\r\nHost: x y\r\n\r\n", "HOST:PORT"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n",
         "Content-Length is not"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
         "Content-Length: 1\r\n\r\n",
         "Content-Length is given twice"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
         "Transfer-Encoding: chunked\r\n\r\n",
         "both given"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
         "chunked alone"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\nabcdeXX",
         "data does not end in CRLF"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "x\r\n",
         "chunk's size"},
        {"GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\nA b\r\n\r\n",
         "trailer"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_reason(rows[i][0], rows[i][1]);
}

/* A request with `size` bytes of head, all told. */
static char *request_of(size_t size)
{
    static const char front[] = "GET /a HTTP/1.1\r\nHost: x\r\nX: ";
    char *bytes = malloc(size);

    memset(bytes, 'x', size);
    memcpy(bytes, front, sizeof front - 1);
    memcpy(bytes + size - 4, "\r\n\r\n", 4);
    return bytes;
}

static void head_limit(void **state)
{
    (void)state;
    for (size_t size = HTTP_HEAD_MAX - 2; size <= HTTP_HEAD_MAX + 2; size++) {
        char *bytes = request_of(size);
        struct transcript whole;
        bool fits = size <= HTTP_HEAD_MAX;
        expect_error(bytes, size, fits ? 0 : 431, fits);
        feed_whole(bytes, size, &whole);
        same(bytes, size, (struct feeding){.piece = 1}, &whole);
        same(bytes, size, (struct feeding){.piece = 100, .small = 64}, &whole);
        free(bytes);
    }
}

/* Sends a body of `body` bytes in chunks of `chunk`, then another request. */
static void chunked(size_t body, size_t chunk, struct transcript *out)
{
    char *bytes = malloc(200 + body + body / chunk * 16 + 64);
    size_t size = (size_t)sprintf(bytes, "GET /a HTTP/1.1\r\nHost: x\r\n"
                                         "Transfer-Encoding: chunked\r\n\r\n");

    for (size_t done = 0; done < body;) {
        size_t n = body - done < chunk ? body - done : chunk;
        size += (size_t)sprintf(bytes + size, "%zx\r\n", n);
        memset(bytes + size, 'b', n);
        size += n;
        size += (size_t)sprintf(bytes + size, "\r\n");
        done += n;
    }
    size += (size_t)sprintf(bytes + size,
                            "0\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    feed_whole(bytes, size, out);
    free(bytes);
}

static void body_limit(void **state)
{
    struct transcript got;

    (void)state;
    chunked(HTTP_BODY_MAX, 1000, &got);
    assert_int_equal(got.requests, 2);
    assert_true(got.idle);
    chunked(HTTP_BODY_MAX, 1, &got);
    assert_int_equal(got.requests, 2);
    chunked(HTTP_BODY_MAX + 1, 1000, &got);
    assert_int_equal(got.requests, 1);
    assert_int_equal(atoi(got.text), 413);
}

/* Chunk headers without end hold no body, and must not be read for ever. */
static void endless_chunk_header(void **state)
{
    static const char head[] = "GET /a HTTP/1.1\r\nHost: x\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n1;";
    size_t size = 1 << 20;
    char *bytes = malloc(size);
    struct transcript got;

    (void)state;
    memset(bytes, 'e', size);
    memcpy(bytes, head, sizeof head - 1);
    feed_whole(bytes, size, &got);
    assert_int_equal(got.requests, 1);
    assert_int_equal(atoi(got.text), 413);
    free(bytes);
}

static size_t mutate(char *bytes, size_t capacity, uint64_t *random)
{
    static const char interesting[] = "\r\n\0 :;?&=%/0129aZ\x7f\x80\xff";
    size_t size = 0;

    for (int part = 0; part < 3; part++) {
        const char *from = corpus[next_random(random) % CORPUS_SIZE];
        size_t length = strlen(from);
        if (size + length > capacity)
            break;
        memcpy(bytes + size, from, length);
        size += length;
    }
    for (int n = (int)(next_random(random) % 8); n > 0; n--) {
        size_t at = next_random(random) % size;
        size_t span = 1 + next_random(random) % 16;
        switch (next_random(random) % 3) {
        case 0:
            bytes[at] =
                interesting[next_random(random) % (sizeof interesting - 1)];
            break;
        case 1: /* delete some */
            span = span < size - at ? span : size - at - 1;
            memmove(bytes + at, bytes + at + span, size - at - span);
            size -= span;
            break;
        default: /* repeat some */
            span = span < size - at ? span : size - at;
            if (size + span > capacity)
                break;
            memmove(bytes + at + span, bytes + at, size - at);
            size += span;
        }
    }
    return size;
}

static void fuzz(void **state)
{
    enum { ROUNDS = 20000, CAPACITY = 2048 };
    uint64_t random = 20260607;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char bytes[CAPACITY];
        struct transcript whole;
        size_t size = mutate(bytes, sizeof bytes, &random);
        feed_whole(bytes, size, &whole);
        same(bytes, size, (struct feeding){.random = random | 1}, &whole);
        same(bytes, size,
             (struct feeding){.random = random | 1, .small = 1 + random % 99},
             &whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),     cmocka_unit_test(errors),
        cmocka_unit_test(reasons),    cmocka_unit_test(head_limit),
        cmocka_unit_test(body_limit), cmocka_unit_test(endless_chunk_header),
        cmocka_unit_test(fuzz),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
