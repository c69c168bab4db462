/* SPDX-License-Identifier: MIT
 *
 * The blocking calls and the three kinds of child task: deadlines hold,
 * transfers are whole, arguments are copied, a crashed child is told apart
 * from one with a result.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "models/runtime/tasks/blocking.h"

static const int64_t ms = 1000000;

static void sleeps(void **state)
{
    int64_t start_ns = rt_now();

    (void)state;
    assert_int_equal(blocking_sleep(0), 0);
    assert_int_equal(blocking_sleep(-1), 0);
    assert_int_equal(blocking_sleep(20 * ms), 0);
    assert_true(rt_now() - start_ns >= 20 * ms);
}

static void ignore(int signal)
{
    (void)signal;
}

/* A timer that interrupts every 2 ms while the calls wait. */
static void survives_signals(void **state)
{
    struct sigaction action = {.sa_handler = ignore}; /* no SA_RESTART */
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    int pair[2];
    int64_t start_ns = rt_now();
    char byte;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    blocking_sleep(30 * ms);
    assert_true(rt_now() - start_ns >= 30 * ms);
    start_ns = rt_now();
    assert_int_equal(blocking_read(pair[0], &byte, 1, start_ns + 30 * ms),
                     -ETIMEDOUT);
    assert_true(rt_now() - start_ns >= 30 * ms);
    setitimer(ITIMER_REAL, &never, NULL);
    close(pair[0]);
    close(pair[1]);
}

static void reads_and_deadlines(void **state)
{
    int pair[2];
    char buffer[16];

    (void)state;
    /* Blocking and non-blocking sockets behave alike. */
    for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | flags, 0, pair), 0);
        assert_int_equal(blocking_read(pair[0], buffer, 16, rt_now() + ms),
                         -ETIMEDOUT);
        assert_int_equal(blocking_read(pair[0], buffer, 16, 0), -ETIMEDOUT);
        assert_int_equal(blocking_write(pair[1], "abc", 3, RT_NEVER), 3);
        assert_int_equal(blocking_wait_fd(pair[0], RT_READABLE, RT_NEVER),
                         RT_READABLE);
        assert_int_equal(
            blocking_wait_fd(pair[0], RT_READABLE | RT_WRITABLE, 0),
            RT_READABLE | RT_WRITABLE);
        assert_int_equal(blocking_read(pair[0], buffer, 16, RT_NEVER), 3);
        assert_int_equal(blocking_wait_fd(pair[0], RT_READABLE, rt_now()),
                         -ETIMEDOUT);
        assert_int_equal(blocking_close(pair[1]), 0);
        assert_int_equal(blocking_read(pair[0], buffer, 16, RT_NEVER), 0);
        assert_int_equal(blocking_write(pair[0], "x", 1, RT_NEVER), -EPIPE);
        blocking_close(pair[0]);
    }
    assert_int_equal(blocking_read(-1, buffer, 1, RT_NEVER), -EBADF);
    assert_int_equal(blocking_wait_fd(1 << 20, RT_READABLE, RT_NEVER), -EBADF);
}

static void pipes(void **state)
{
    int ends[2];
    char buffer[4];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(blocking_read(ends[0], buffer, 4, rt_now() + ms),
                     -ETIMEDOUT);
    assert_int_equal(blocking_write(ends[1], "ab", 2, RT_NEVER), 2);
    assert_int_equal(blocking_read(ends[0], buffer, 4, rt_now() + ms), 2);
    close(ends[0]);
    close(ends[1]);
}

enum { LARGE = 8 << 20 };

static void *read_large(void *argument)
{
    int fd = *(int *)argument;
    char *bytes = malloc(LARGE);
    size_t got = 0;
    ssize_t rc = 1;

    while (got < LARGE && rc > 0) {
        rc = blocking_read(fd, bytes + got, LARGE - got, RT_NEVER);
        got += rc > 0 ? (size_t)rc : 0;
    }
    for (size_t i = 0; i < got && rc > 0; i += 4093)
        rc = bytes[i] == (char)(i % 251) ? 1 : 0;
    free(bytes);
    return got == LARGE && rc > 0 ? argument : NULL;
}

static void large_writes(void **state)
{
    int pair[2];
    char *bytes = malloc(LARGE);
    pthread_t reader;
    void *ok;

    (void)state;
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (char)(i % 251);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(blocking_write(pair[0], bytes, LARGE, rt_now() + 5 * ms),
                     -ETIMEDOUT);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    pthread_create(&reader, NULL, read_large, &pair[1]);
    assert_int_equal(blocking_write(pair[0], bytes, LARGE, RT_NEVER), LARGE);
    pthread_join(reader, &ok);
    assert_non_null(ok);
    close(pair[0]);
    close(pair[1]);
    free(bytes);
}

static void connects(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(
        getsockname(listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(blocking_connect(&address, RT_NEVER), -ECONNREFUSED);
    assert_int_equal(listen(listener, 8), 0);
    fd = blocking_connect(&address, rt_now() + 1000 * ms);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    blocking_close(fd);
    close(listener);
}

struct kind {
    int (*spawn)(rt_fn *fn, const void *arg, size_t size,
                 struct rt_task **task);
    int (*join)(struct rt_task *task, int64_t *result);
};

static const struct kind kinds[] = {
    {inline_spawn, inline_join},
    {thread_spawn, thread_join},
    {process_spawn, process_join},
};

struct job {
    const struct kind *kind;
    int depth;
};

/* A tree of tasks: counts its leaves. */
static int64_t count_leaves(void *argument)
{
    struct job *job = argument;
    struct job child = {job->kind, job->depth - 1};
    struct rt_task *tasks[2];
    int64_t sum = 0;

    if (job->depth == 0)
        return 1;
    for (int i = 0; i < 2; i++)
        if (job->kind->spawn(count_leaves, &child, sizeof child, &tasks[i]))
            return INT32_MIN;
    child.depth = 99; /* the tasks have copies */
    for (int i = 0; i < 2; i++) {
        int64_t result;
        if (job->kind->join(tasks[i], &result))
            return INT32_MIN;
        sum += result;
    }
    return sum;
}

static void task_trees(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct job job = {&kinds[i], 4};
        assert_int_equal(count_leaves(&job), 16);
    }
}

static int64_t nothing(void *argument)
{
    (void)argument;
    return INT64_MIN;
}

static int64_t die(void *argument)
{
    (void)argument;
    kill(getpid(), SIGKILL);
    return 0;
}

static void results(void **state)
{
    struct rt_task *task;
    int64_t result = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kinds[i].spawn(nothing, NULL, 0, &task), 0);
        assert_int_equal(kinds[i].join(task, &result), 0);
        assert_true(result == INT64_MIN);
    }
    assert_int_equal(rt_offload(nothing, NULL, 0, &result), 0);
    assert_true(result == INT64_MIN);
    assert_int_equal(process_spawn(die, NULL, 0, &task), 0);
    assert_int_equal(process_join(task, &result), -ECHILD);
}

static int forks;

static void on_fork(void)
{
    forks++;
}

static int64_t get_forks(void *argument)
{
    (void)argument;
    return forks;
}

static void fork_hooks(void **state)
{
    struct rt_task *task;
    int64_t result;

    (void)state;
    process_on_fork(on_fork);
    assert_int_equal(process_spawn(get_forks, NULL, 0, &task), 0);
    assert_int_equal(process_join(task, &result), 0);
    assert_int_equal(result, 1);
    assert_int_equal(forks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sleeps),
        cmocka_unit_test(survives_signals),
        cmocka_unit_test(reads_and_deadlines),
        cmocka_unit_test(pipes),
        cmocka_unit_test(large_writes),
        cmocka_unit_test(connects),
        cmocka_unit_test(task_trees),
        cmocka_unit_test(results),
        cmocka_unit_test(fork_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
