/* SPDX-License-Identifier: MIT
 *
 * Kept connections: the last one first, each kind by itself, and none of them
 * in a forked child, which closes its copies and leaves the parent's alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "models/runtime/clients/pool.h"
#include "models/runtime/model.h"
#include "models/runtime/tasks/blocking.h"

const struct model model = {.name = "test", .task_kind = TASK_PROCESS};

static int dropped;

static void drop(intptr_t connection)
{
    dropped += (int)connection;
}

static void test_last_one_first(void **state)
{
    (void)state;
    assert_int_equal(pool_take(POOL_REDIS), POOL_EMPTY);
    for (int i = 1; i <= 100; i++)
        assert_true(pool_give(POOL_REDIS, i, drop));
    assert_int_equal(pool_take(POOL_POSTGRESQL), POOL_EMPTY);
    for (int i = 100; i >= 1; i--)
        assert_int_equal(pool_take(POOL_REDIS), i);
    assert_int_equal(pool_take(POOL_REDIS), POOL_EMPTY);
    assert_int_equal(dropped, 0);
}

static void test_a_forked_child_has_none(void **state)
{
    int status;
    (void)state;
    assert_true(pool_give(POOL_REDIS, 3, drop));
    assert_true(pool_give(POOL_POSTGRESQL, 4, drop));
    pid_t pid = fork();
    if (pid == 0) {
        process_forked(getppid());
        _exit(dropped == 7 && pool_take(POOL_REDIS) == POOL_EMPTY &&
                      pool_take(POOL_POSTGRESQL) == POOL_EMPTY
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(dropped, 0);
    assert_int_equal(pool_take(POOL_REDIS), 3);
    assert_int_equal(pool_take(POOL_POSTGRESQL), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_one_first),
        cmocka_unit_test(test_a_forked_child_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
