/* SPDX-License-Identifier: MIT
 *
 * Answers cut at every place, with and without a known head: the judgement
 * must not depend on how the bytes come.
 */
#include "harness/load/answer/response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/* What must be found with the body "hello" expected, and with none. */
static const struct answer {
    const char *bytes;
    enum load_answer expected, unexpected;
    bool keep_alive;
} answers[] = {
    {good, ANSWER_OK, ANSWER_OK, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellO", ANSWER_WRONG,
     ANSWER_OK, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell", ANSWER_WRONG,
     ANSWER_OK, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", ANSWER_WRONG,
     ANSWER_OK, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ANSWER_WRONG, ANSWER_OK,
     true},
    {"HTTP/1.1 204 None\r\n\r\n", ANSWER_WRONG, ANSWER_OK, true},
    {"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\nhello",
     ANSWER_OK, ANSWER_OK, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
     ANSWER_OK, ANSWER_OK, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", ANSWER_OK, ANSWER_OK,
     false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
     ANSWER_OK, ANSWER_OK, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\nhe\r\n2\r\nll\r\n0\r\n\r\n",
     ANSWER_WRONG, ANSWER_OK, true},
    {"HTTP/1.1 100 Continue\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
     ANSWER_OK, ANSWER_OK, true},
    {"HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nhello", ANSWER_STATUS,
     ANSWER_STATUS, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", ANSWER_MORE,
     ANSWER_MORE, true},
    {"HTTP/1.1 200 OK\r\nContent-Le", ANSWER_MORE, ANSWER_MORE, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", ANSWER_MALFORMED,
     ANSWER_MALFORMED, false},
    {"SSH-2.0-hello\r\n", ANSWER_MALFORMED, ANSWER_MALFORMED, false},
};

enum { ANSWERS = sizeof answers / sizeof answers[0] };

static enum load_answer feed(struct load_response *response, const char *bytes,
                             size_t size, size_t step)
{
    enum load_answer answer = ANSWER_MORE;
    for (size_t at = 0; at < size && answer == ANSWER_MORE; at += step) {
        size_t part = size - at < step ? size - at : step;
        /* Of exactly this size, so that reading beyond it is noticed. */
        char *copy = malloc(part);
        memcpy(copy, bytes + at, part);
        answer = load_response_feed(response, copy, part);
        free(copy);
    }
    return answer;
}

static void check(struct load_reference *reference, const struct answer *answer,
                  size_t step)
{
    struct load_response response = {0};
    enum load_answer expected =
        reference->request->body ? answer->expected : answer->unexpected;
    load_response_begin(&response, reference);
    enum load_answer found =
        feed(&response, answer->bytes, strlen(answer->bytes), step);
    if (found == ANSWER_MORE)
        found = load_response_end(&response);
    if (found != expected)
        fail_msg("by %zu bytes: %d, not %d: %s", step, found, expected,
                 answer->bytes);
    if (found == ANSWER_OK)
        assert_int_equal(response.keep_alive, answer->keep_alive);
    load_response_drop(&response);
    assert_int_equal(reference->comparing, 0);
}

static void check_all(const struct load_request *request)
{
    for (int i = 0; i < ANSWERS; i++) {
        for (size_t step = 1; step <= strlen(answers[i].bytes); step++) {
            struct load_reference reference = {.request = request};
            check(&reference, &answers[i], step);
            memset(&reference, 0, sizeof reference);
            reference.request = request;
            check(&reference, &answers[0], sizeof good);
            assert_int_equal(reference.head_size, sizeof good - 1 - 5);
            check(&reference, &answers[i], step);
            check(&reference, &answers[0], step);
        }
    }
}

static void any_cut_is_judged_alike(void **state)
{
    (void)state;
    struct load_request request = {.body = "hello", .body_size = 5};
    check_all(&request);
    request.body = NULL;
    check_all(&request);
}

static void surplus_bytes_are_malformed(void **state)
{
    (void)state;
    struct load_request request = {.body = "hello", .body_size = 5};
    struct load_reference reference = {.request = &request};
    char bytes[sizeof good + 1];
    snprintf(bytes, sizeof bytes, "%s!", good);
    for (int i = 0; i < 2; i++) { /* the second time with a known head */
        struct load_response response = {0};
        load_response_begin(&response, &reference);
        assert_int_equal(load_response_feed(&response, bytes, sizeof good),
                         ANSWER_MALFORMED);
        load_response_drop(&response);
        check(&reference, &answers[0], sizeof good);
    }
}

static void a_body_that_ends_the_stream(void **state)
{
    (void)state;
    static const char bytes[] = "HTTP/1.1 200 OK\r\n\r\nhello";
    struct load_request request = {.body = "hello", .body_size = 5};
    struct load_reference reference = {.request = &request};
    for (size_t size = sizeof bytes - 1; size > sizeof bytes - 3; size--) {
        struct load_response response = {0};
        load_response_begin(&response, &reference);
        assert_int_equal(feed(&response, bytes, size, 3), ANSWER_MORE);
        assert_int_equal(load_response_end(&response),
                         size == sizeof bytes - 1 ? ANSWER_OK : ANSWER_WRONG);
        assert_false(response.keep_alive);
        load_response_drop(&response);
    }
}

/* Bodies larger than any buffer, different late, after a known head. */
static void large_bodies(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    char *bytes = malloc(SIZE + 100), head[100];
    int length =
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", SIZE);
    memcpy(bytes, head, (size_t)length);
    for (int i = 0; i < SIZE; i++)
        bytes[length + i] = (char)('a' + i % 23);
    char *body = malloc(SIZE);
    memcpy(body, bytes + length, SIZE);
    for (int compared = 0; compared < 2; compared++) {
        struct load_request request = {.body = compared ? body : NULL,
                                       .body_size = SIZE};
        struct load_reference reference = {.request = &request};
        for (int round = 0; round < 3; round++) {
            struct load_response response = {0};
            bytes[length + SIZE - 1] ^= round == 2;
            load_response_begin(&response, &reference);
            assert_int_equal(
                feed(&response, bytes, (size_t)(length + SIZE), 65536),
                round == 2 && compared ? ANSWER_WRONG : ANSWER_OK);
            load_response_drop(&response);
            assert_int_equal(reference.comparing, 0);
        }
        bytes[length + SIZE - 1] ^= 1;
    }
    free(body);
    free(bytes);
}

/* The judgement of an answer, and whether it was merely compared. */
static enum load_answer judged(struct load_reference *reference,
                               const char *bytes, size_t step, bool *compared,
                               bool *keep_alive)
{
    struct load_response response = {0};
    load_response_begin(&response, reference);
    enum load_answer answer = feed(&response, bytes, strlen(bytes), step);
    *compared = !response.parsing;
    if (answer == ANSWER_MORE)
        answer = load_response_end(&response);
    *keep_alive = answer == ANSWER_OK && response.keep_alive;
    load_response_drop(&response);
    return answer;
}

static const char dated[] =
    "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 08:00:59 GMT\r\n"
    "content-length: 5\r\nConnection: keep-alive\r\nX-1: 7\r\n\r\nhello";

/* Whatever one byte of the head becomes, a known head changes no judgement,
 * of this answer or of a good one after it. */
static void a_known_head_changes_no_judgement(void **state)
{
    (void)state;
    static const char others[] = "0159aZ :\r\n\t";
    static const size_t steps[] = {1, 60, sizeof dated};
    struct load_request request = {.body = "hello", .body_size = 5};
    char bytes[sizeof dated];
    bool compared, alive, fresh_alive;
    for (size_t at = 0; at < sizeof dated - 1; at++) {
        for (size_t i = 0; i < 3 * (sizeof others - 1); i++) {
            struct load_reference known = {.request = &request};
            struct load_reference fresh = {.request = &request};
            memcpy(bytes, dated, sizeof dated);
            bytes[at] = others[i / 3];
            judged(&known, dated, sizeof dated, &compared, &alive);
            enum load_answer expected =
                judged(&fresh, bytes, steps[i % 3], &compared, &fresh_alive);
            enum load_answer found =
                judged(&known, bytes, steps[i % 3], &compared, &alive);
            if (found != expected || alive != fresh_alive)
                fail_msg("%d, not %d: %s", found, expected, bytes);
            assert_int_equal(
                judged(&known, dated, sizeof dated, &compared, &alive),
                ANSWER_OK);
            assert_int_equal(known.comparing, 0);
        }
    }
}

/* A later date is no reason to parse; another length or status is. */
static void other_digits_are_compared(void **state)
{
    (void)state;
    struct load_request request = {.body = "hello", .body_size = 5};
    struct load_reference reference = {.request = &request};
    char later[sizeof dated];
    bool compared, alive;
    memcpy(later, dated, sizeof dated);
    memcpy(strstr(later, "08:00:59"), "09:01:00", 8);
    judged(&reference, dated, sizeof dated, &compared, &alive);
    assert_false(compared);
    assert_int_equal(judged(&reference, later, sizeof dated, &compared, &alive),
                     ANSWER_OK);
    assert_true(compared);
    later[strlen("HTTP/1.1 ")] = '5';
    assert_int_equal(judged(&reference, later, sizeof dated, &compared, &alive),
                     ANSWER_STATUS);
    assert_false(compared);
}

/* "Content-Length" behind a lone carriage return, or in two lines. */
static void odd_lines_are_not_loosened(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "HTTP/1.1 200 OK\r\nX: 1\rContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\nhello",
    };
    struct load_request request = {.body = "hello", .body_size = 5};
    char bytes[100];
    bool compared, alive;
    for (int i = 0; i < 2; i++) {
        struct load_reference known = {.request = &request};
        struct load_reference fresh = {.request = &request};
        judged(&known, odd[i], sizeof bytes, &compared, &alive);
        assert_int_equal(known.digit_count, 0);
        snprintf(bytes, sizeof bytes, "%s", odd[i]);
        *strchr(bytes, '5') = '4';
        assert_int_equal(
            judged(&known, bytes, sizeof bytes, &compared, &alive),
            judged(&fresh, bytes, sizeof bytes, &compared, &alive));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_is_judged_alike),
        cmocka_unit_test(surplus_bytes_are_malformed),
        cmocka_unit_test(a_body_that_ends_the_stream),
        cmocka_unit_test(large_bodies),
        cmocka_unit_test(a_known_head_changes_no_judgement),
        cmocka_unit_test(other_digits_are_compared),
        cmocka_unit_test(odd_lines_are_not_loosened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
