/* SPDX-License-Identifier: MIT
 *
 * Kept connections where tasks are coroutines: each thread, a loop, has its own
 * and gets none of another's; a forked child has those of neither.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/runtime/clients/pool.h"
#include "models/runtime/model.h"
#include "models/runtime/tasks/blocking.h"

const struct model model = {.name = "test", .task_kind = TASK_COROUTINE};

static int dropped;

static void drop(intptr_t connection)
{
    dropped += (int)connection;
}

/* What the other loop finds before it gives one of its own. */
static void *other_loop(void *unused)
{
    (void)unused;
    intptr_t found = pool_take(POOL_BACKEND);
    return pool_give(POOL_BACKEND, 4, drop) ? (void *)found : NULL;
}

static void test_each_loop_has_its_own(void **state)
{
    pthread_t thread;
    void *found = NULL;
    int status;
    (void)state;
    assert_true(pool_give(POOL_BACKEND, 3, drop));
    assert_int_equal(pthread_create(&thread, NULL, other_loop, NULL), 0);
    assert_int_equal(pthread_join(thread, &found), 0);
    assert_int_equal((intptr_t)found, POOL_EMPTY);
    pid_t pid = fork();
    if (pid == 0) {
        process_forked(getppid());
        _exit(dropped == 7 && pool_take(POOL_BACKEND) == POOL_EMPTY ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(pool_take(POOL_BACKEND), 3);
    assert_int_equal(pool_take(POOL_BACKEND), POOL_EMPTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_loop_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
