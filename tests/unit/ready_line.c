/* SPDX-License-Identifier: MIT
 *
 * Which lines are ready lines, and what they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/server/ready_line.h"

static void what_they_say(void **state)
{
    static const struct {
        const char *line;
        int port, workers; /* port 0: no ready line */
    } cases[] = {
        {"{\"ready\":true,\"port\":41234,\"workers\":4}", 41234, 4},
        {"{\"ready\":true,\"port\":1}", 1, 0},
        {"{\"ready\":true,\"port\":65535,\"workers\":-1}", 65535, 0},
        /* Cut to 32 bits they would be 8 and 1. */
        {"{\"ready\":true,\"port\":4294967304}", 0, 0},
        {"{\"ready\":true,\"port\":8,\"workers\":4294967297}", 8, 0},
        {"{\"ready\":true,\"port\":0,\"workers\":4}", 0, 0},
        {"{\"ready\":1,\"port\":8,\"workers\":4}", 0, 0},
        {"{\"ready\":true,\"port\":\"8\"}", 0, 0},
        {"{\"workers\":4}", 0, 0},
        {"[true]", 0, 0},
        {"", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ready_line said = {.port = -1, .workers = -1};

        assert_int_equal(ready_line_read(cases[i].line, &said),
                         cases[i].port > 0);
        assert_int_equal(said.port, cases[i].port);
        assert_int_equal(said.workers, cases[i].workers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_they_say)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
