/* SPDX-License-Identifier: MIT
 *
 * The loop and the life of descriptors, where waits could last for ever:
 * closed or reused while somebody waits, closed behind the loop's back,
 * consumed by a library. A test that hangs is ended by an alarm.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LOOP_TEST_TASKS
#include "loop_test.h"

/* A library reads its socket behind the loop's back, also when the edge was
 * long ago and when its bytes are only half consumed. */
TEST(foreign_library)
{
    int pair[2];
    char byte;
    make_pair(pair, false);
    for (int i = 0; i < 5; i++) {
        EXPECT(write(pair[1], "ab", 2) == 2);
        loop_sleep(MS / 10);
        EXPECT(loop_wait_fd(pair[0], RT_READABLE, RT_NEVER) == RT_READABLE);
        EXPECT(read(pair[0], &byte, 1) == 1);
        EXPECT(loop_wait_fd(pair[0], RT_READABLE, RT_NEVER) == RT_READABLE);
        EXPECT(read(pair[0], &byte, 1) == 1);
        EXPECT(loop_wait_fd(pair[0], RT_READABLE, now_ns() + MS) == -ETIMEDOUT);
        EXPECT(loop_wait_fd(pair[0], RT_READABLE | RT_WRITABLE, RT_NEVER) ==
               RT_WRITABLE);
    }
    close(pair[0]);
    close(pair[1]);
    /* The same numbers, other files, and nobody told the loop. */
    for (int i = 0; i < 5; i++) {
        int again[2];
        make_pair(again, false);
        EXPECT(again[0] == pair[0] && again[1] == pair[1]);
        struct rt_task *task = begin_wait(again[0], i % 2 ? RT_READABLE : 0);
        EXPECT(write(again[1], "c", 1) == 1);
        EXPECT(join(task) == (i % 2 ? RT_READABLE : 'c'));
        close(again[0]);
        close(again[1]);
    }
    return 0;
}

TEST(adopted_number_closed_behind_the_back)
{
    int pair[2], again[2];
    make_pair(pair, true);
    close(pair[0]);
    close(pair[1]);
    make_pair(again, true);
    EXPECT(again[0] == pair[0]);
    struct rt_task *task = begin_wait(again[0], 0);
    EXPECT(write(again[1], "d", 1) == 1);
    EXPECT(join(task) == 'd');
    loop_close(again[0]);
    loop_close(again[1]);
    return 0;
}

TEST(close_ends_waits)
{
    static char bytes[4 << 20];
    int pair[2];
    for (int adopt = 0; adopt < 2; adopt++) {
        make_pair(pair, adopt);
        EXPECT(loop_write(pair[0], bytes, sizeof bytes, 0) == -ETIMEDOUT);
        struct rt_task *reader = begin_wait(pair[0], 0);
        struct rt_task *writer = begin_wait(pair[0], RT_WRITABLE);
        EXPECT(loop_close(pair[0]) == 0);
        EXPECT(join(reader) == -EBADF);
        EXPECT(join(writer) == -EBADF);
        loop_close(pair[1]);
        make_pair(pair, adopt);
        EXPECT(loop_write(pair[0], bytes, sizeof bytes, 0) == -ETIMEDOUT);
        struct rt_task *both = begin_wait(pair[0], RT_READABLE | RT_WRITABLE);
        EXPECT(loop_close(pair[0]) == 0);
        EXPECT(join(both) == -EBADF);
        loop_close(pair[1]);
    }
    return 0;
}

TEST(cancel_ends_waits_and_keeps_the_descriptor)
{
    int pair[2];
    make_pair(pair, true);
    struct rt_task *task = begin_wait(pair[0], 0);
    loop_cancel_fd(pair[0]);
    EXPECT(join(task) == -ECANCELED);
    task = begin_wait(pair[0], 0);
    EXPECT(loop_write(pair[1], "e", 1, RT_NEVER) == 1);
    EXPECT(join(task) == 'e');
    loop_close(pair[0]);
    loop_close(pair[1]);
    return 0;
}

/* The first of two tasks made ready by one batch of events closes the
 * other's descriptor, whose number is taken at once by a socket with data. */
struct closer {
    int own, victim;
    int fresh[2];
};

static int64_t close_and_reuse(void *arg)
{
    struct closer *closer = *(struct closer **)arg;
    char byte;
    EXPECT(loop_read(closer->own, &byte, 1, RT_NEVER) == 1);
    EXPECT(loop_close(closer->victim) == 0);
    make_pair(closer->fresh, true);
    EXPECT(closer->fresh[0] == closer->victim);
    EXPECT(write(closer->fresh[1], "n", 1) == 1);
    return 0;
}

TEST(reuse_between_event_and_resume)
{
    int first[2], second[2];
    char byte;
    make_pair(first, true);
    make_pair(second, true);
    struct closer closer = {.own = second[0], .victim = first[0]};
    struct closer *pointer = &closer;
    struct rt_task *closing;
    EXPECT(loop_spawn(close_and_reuse, &pointer, sizeof pointer, &closing) ==
           0);
    loop_yield();
    struct rt_task *victim = begin_wait(first[0], 0);
    EXPECT(write(second[1], "b", 1) == 1); /* the closer's event comes first */
    EXPECT(write(first[1], "a", 1) == 1);
    EXPECT(join(closing) == 0);
    EXPECT(join(victim) == -EBADF);
    EXPECT(loop_read(closer.fresh[0], &byte, 1, RT_NEVER) == 1 && byte == 'n');
    loop_close(closer.fresh[0]);
    loop_close(closer.fresh[1]);
    loop_close(first[1]);
    loop_close(second[0]);
    loop_close(second[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_library),
        cmocka_unit_test(adopted_number_closed_behind_the_back),
        cmocka_unit_test(close_ends_waits),
        cmocka_unit_test(cancel_ends_waits_and_keeps_the_descriptor),
        cmocka_unit_test(reuse_between_event_and_resume),
    };
    alarm(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
