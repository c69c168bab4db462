/* SPDX-License-Identifier: MIT
 *
 * What the tests of the loop share: an assertion fit for coroutines, a clock,
 * and, with LOOP_TEST_TASKS, tests that are tasks, connected pairs and tasks
 * that wait on a descriptor. Included after cmocka.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "models/runtime/tasks/loop.h"

/* cmocka's own assertions jump, which a coroutine's stack must not. */
#define EXPECT(condition)                                                      \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,         \
                    #condition);                                               \
            _exit(1);                                                          \
        }                                                                      \
    } while (0)

enum { STACK_BYTES = 64 * 1024, MS = 1000000 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#ifdef LOOP_TEST_TASKS

/* Each test is a function that runs as the loop's first task. */
static void run(void **state, rt_fn *fn)
{
    int64_t result = -1;
    (void)state;
    EXPECT(loop_init(STACK_BYTES) == 0);
    EXPECT(loop_run(fn, NULL, 0, &result) == 0);
    loop_deinit();
    assert_int_equal(result, 0);
}

#define TEST(name)                                                             \
    static int64_t name##_task(void *arg);                                     \
    static void name(void **state)                                             \
    {                                                                          \
        run(state, name##_task);                                               \
    }                                                                          \
    static int64_t name##_task(void *arg __attribute__((unused)))

/* A connected pair, adopted or as a library would have it. */
static void make_pair(int pair[2], bool adopt)
{
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    for (int i = 0; i < 2 && adopt; i++)
        EXPECT(loop_adopt(pair[i]) == 0);
}

/* Another task's wait on a descriptor, its outcome in `result`. */
struct waiter {
    int fd, events; /* events 0: a read of one byte */
    int64_t deadline_ns;
};

static int64_t wait_task(void *arg)
{
    struct waiter *waiter = arg;
    char byte;
    if (waiter->events)
        return loop_wait_fd(waiter->fd, waiter->events, waiter->deadline_ns);
    ssize_t count = loop_read(waiter->fd, &byte, 1, waiter->deadline_ns);
    return count == 1 ? byte : count;
}

static struct rt_task *begin_wait(int fd, int events)
{
    struct waiter waiter = {fd, events, RT_NEVER};
    struct rt_task *task;
    EXPECT(loop_spawn(wait_task, &waiter, sizeof waiter, &task) == 0);
    loop_yield(); /* it waits now */
    return task;
}

static int64_t join(struct rt_task *task)
{
    int64_t result;
    EXPECT(loop_join(task, &result) == 0);
    return result;
}

#endif
