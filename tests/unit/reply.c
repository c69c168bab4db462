/* SPDX-License-Identifier: MIT
 *
 * Answers out: each request's whole answer, large ones, and what is counted of
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/runtime/base/stats.h"
#include "models/runtime/http/http.h"
#include "models/runtime/model.h"

const struct model model = {.name = "test", .summary = "no server"};

/* The whole answer to a request as a string (freed by the caller). */
static char *answer_to(const char *bytes, bool *keep)
{
    static char buffer[HTTP_HEAD_MAX];
    struct http_connection http;
    struct reply reply;
    char *text;

    http_init(&http, buffer, sizeof buffer);
    http.used = strlen(bytes);
    memcpy(buffer, bytes, http.used);
    assert_true(http_next(&http));
    reply_init(&reply);
    *keep = http_answer(&http.request, false, &reply);
    text = strndup(reply.start, reply.size);
    reply_free(&reply);
    return text;
}

static void expect_answer(const char *bytes, const char *wanted)
{
    bool keep;
    char *text = answer_to(bytes, &keep);

    assert_string_equal(text, wanted);
    free(text);
}

static void expect_status(const char *bytes, int status, const char *part)
{
    bool keep;
    char *text = answer_to(bytes, &keep);

    assert_int_equal(atoi(text + strlen("HTTP/1.1 ")), status);
    if (!strstr(text, part))
        print_error("no \"%s\" in: %s\n", part, text);
    assert_non_null(strstr(text, part));
    free(text);
}

static void answers(void **state)
{
    (void)state;
    expect_answer("GET /hello?size=3B&seed=1 HTTP/1.1\r\nHost: x\r\n\r\n",
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 3\r\n\r\nbcd");
    expect_answer("GET http://x:1/hello?size=1B HTTP/1.1\r\nHost: x\r\n\r\n",
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 1\r\n\r\na");
    expect_answer("HEAD /hello?size=1MiB HTTP/1.1\r\nHost: x\r\n\r\n",
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  "Content-Length: 1048576\r\n\r\n");
    expect_answer("GET /hello?size=1B HTTP/1.0\r\n"
                  "Connection: keep-alive\r\n\r\n",
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  "Connection: keep-alive\r\nContent-Length: 1\r\n\r\na");
    expect_answer("GET /hello?size=1B HTTP/1.0\r\n\r\n",
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                  "Connection: close\r\nContent-Length: 1\r\n\r\na");
    expect_status("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, "/nothing");
    expect_status("GET /stats HTTP/1.1\r\nHost: x\r\n\r\n", 404, "--stats");
    expect_status("GET /hello?size=0B HTTP/1.1\r\nHost: x\r\n\r\n", 400,
                  "1MiB");
    expect_status("GET /hello?what=1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "what");
    expect_status("GET /hello?seed=%%% HTTP/1.1\r\nHost: x\r\n\r\n", 400, "\n");
    expect_status("PUT /hello HTTP/1.1\r\nHost: x\r\n\r\n", 405,
                  "Allow: GET, HEAD\r\n");
    expect_status("GARBAGE\r\n", 400, "Connection: close");
    expect_status("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200,
                  "\"route\":\"/hello\"");
    expect_status("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 200, "application/json");
}

static void large_replies(void **state)
{
    struct reply reply;
    const char *body;
    size_t size;

    (void)state;
    reply_init(&reply);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(reply_printf(&reply, "%04d", i), 0);
    assert_int_equal(reply_append(&reply, "end", 3), 0);
    body = reply_body(&reply, &size);
    assert_int_equal(size, 20003);
    assert_memory_equal(body + 16, "0004", 4);
    assert_memory_equal(body + 20000, "end", 3);
    assert_null(reply_extend(&reply, SIZE_MAX - 100));
    reply_free(&reply);
    http_refuse(&reply, 503, "no room\r\nX-Injected: 1");
    assert_non_null(strstr(reply.start, "503 Service Unavailable"));
    assert_memory_equal(reply.start + reply.size - 8, "no room\n", 8);
    reply_free(&reply);
}

static void statistics(void **state)
{
    char body[STATS_TEXT_BYTES];

    (void)state;
    assert_int_equal(stats_enable(), 0);
    for (int i = 1; i <= 1000; i++)
        stats_record_sleep(i * 1000);
    stats_record_sleep(-5);
    stats_record_sleep(INT64_MAX);
    size_t length = stats_print(body);
    assert_int_equal(length, strlen(body));
    assert_non_null(strstr(body, "\"count\":1002"));
    assert_in_range(atoll(strstr(body, "p50_ns\":") + 8), 499000, 503000);
    assert_in_range(atoll(strstr(body, "p99_ns\":") + 8), 989000, 995000);
    assert_non_null(strstr(body, "max_ns\":9223372036854775807"));
    stats_reset();
    expect_status("GET /stats HTTP/1.1\r\nHost: x\r\n\r\n", 200, "\"count\":0");
    expect_status("GET /stats?reset=2 HTTP/1.1\r\nHost: x\r\n\r\n", 400,
                  "reset");
    expect_status("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 200, "a");
    expect_status("GET /stats?reset=1 HTTP/1.1\r\nHost: x\r\n\r\n", 200,
                  "\"requests\":1");
    expect_status("GET /stats HTTP/1.1\r\nHost: x\r\n\r\n", 200,
                  "\"requests\":0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(large_replies),
        cmocka_unit_test(statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
