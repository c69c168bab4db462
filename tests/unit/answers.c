/* SPDX-License-Identifier: MIT
 *
 * Requests with their answers: every workload, fixed length, distinct seeds.
 */
#include "harness/load/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT = 5 };

/* A client's message with the body in it. */
static void check_frame(const struct load_request *request)
{
    struct frames_head head;
    uint8_t payload[64];
    int length =
        frames_read((const uint8_t *)request->bytes, request->size, &head);
    assert_true(length > 0 && head.masked && head.fin);
    assert_int_equal(head.size, request->body_size);
    assert_int_equal(request->size, (size_t)length + request->body_size);
    assert_true(head.size <= sizeof payload);
    memcpy(payload, request->bytes + length, head.size);
    frames_mask(payload, head.size, head.mask, 0);
    assert_memory_equal(payload, request->body, head.size);
}

static void check_entry(const struct workload_entry *entry)
{
    struct arguments arguments;
    struct load_request *requests;
    char why[256], start[128];
    assert_int_equal(parameters_parse(entry->workload->parameters, NULL,
                                      &arguments, why, sizeof why),
                     0);
    assert_int_equal(
        answers_make(entry, &arguments, UINT64_MAX, COUNT, &requests), 0);
    int length = snprintf(start, sizeof start, "GET /%s?", entry->name);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(requests[i].size, requests[0].size);
        if (entry->workload->session) {
            check_frame(&requests[i]);
        } else {
            assert_memory_equal(requests[i].bytes, start, (size_t)length);
            assert_non_null(strstr(requests[i].bytes,
                                   " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
            assert_int_equal(requests[i].size, strlen(requests[i].bytes));
        }
        assert_non_null(requests[i].body);
        assert_true(requests[i].body_size > 0);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(requests[i].bytes, requests[j].bytes,
                                    requests[i].size);
    }
    answers_free(requests, COUNT);
}

static void every_workload_has_answers(void **state)
{
    (void)state;
    for (const struct workload_entry *entry = workloads; entry->name; entry++)
        check_entry(entry);
}

static void the_seed_is_in_request_and_body(void **state)
{
    (void)state;
    const struct workload_entry *hello = workload_find("hello");
    struct arguments arguments;
    struct load_request *requests;
    char why[256];
    parameters_parse(hello->workload->parameters, NULL, &arguments, why,
                     sizeof why);
    assert_int_equal(answers_make(hello, &arguments, 3, 1, &requests), 0);
    assert_string_equal(requests[0].bytes,
                        "GET /hello?size=13B&seed=100000003 HTTP/1.1\r\n"
                        "Host: 127.0.0.1\r\n\r\n");
    assert_int_equal(requests[0].body_size, 13);
    assert_int_equal(requests[0].body[0], 'a' + 100000003 % 26);
    answers_free(requests, 1);
    assert_int_equal(answers_make(hello, &arguments, 3, 0, &requests), -22);
    answers_free(requests, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_workload_has_answers),
        cmocka_unit_test(the_seed_is_in_request_and_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
