/* SPDX-License-Identifier: MIT
 *
 * The loop's socket calls: whole writes, deadlines, ends, peers too fast or
 * gone, what is no socket. A test that hangs is ended by an alarm.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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

static void read_waits(bool adopt)
{
    int pair[2];
    make_pair(pair, adopt);
    for (int i = 0; i < 4; i++) {
        char c = (char)('a' + i);
        struct rt_task *task = begin_wait(pair[0], 0);
        loop_sleep(1 * MS);
        EXPECT(loop_write(pair[1], &c, 1, RT_NEVER) == 1);
        EXPECT(join(task) == c);
    }
    loop_close(pair[0]);
    loop_close(pair[1]);
}

TEST(read_waits_for_data)
{
    read_waits(true);
    read_waits(false);
    return 0;
}

static int64_t drain(void *arg)
{
    int fd = *(int *)arg;
    unsigned char buffer[1000];
    int64_t total = 0;
    ssize_t count;
    while ((count = loop_read(fd, buffer, sizeof buffer, RT_NEVER)) > 0) {
        for (ssize_t i = 0; i < count; i++)
            if (buffer[i] != (unsigned char)((total + i) * 7 >> 3))
                return -1000;
        total += count;
        if (total % 5 == 0)
            loop_sleep(MS / 20);
    }
    return count < 0 ? count : total;
}

static void write_much(bool adopt)
{
    enum { SIZE = 4 << 20 };
    unsigned char *bytes = malloc(SIZE);
    int pair[2];
    struct rt_task *task;
    for (int64_t i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 >> 3);
    make_pair(pair, adopt);
    EXPECT(loop_spawn(drain, &pair[0], sizeof(int), &task) == 0);
    EXPECT(loop_write(pair[1], bytes, SIZE, RT_NEVER) == SIZE);
    EXPECT(loop_close(pair[1]) == 0);
    EXPECT(join(task) == SIZE);
    EXPECT(loop_close(pair[0]) == 0);
    free(bytes);
}

TEST(write_is_whole)
{
    write_much(true);
    write_much(false);
    return 0;
}

TEST(read_deadline)
{
    int pair[2];
    char byte = 'x';
    make_pair(pair, true);
    for (int i = 0; i < 3; i++) {
        int64_t deadline_ns = now_ns() + 5 * MS;
        EXPECT(loop_read(pair[0], &byte, 1, deadline_ns) == -ETIMEDOUT);
        EXPECT(now_ns() >= deadline_ns);
    }
    EXPECT(loop_read(pair[0], &byte, 1, 0) == -ETIMEDOUT);
    EXPECT(loop_read(pair[0], &byte, 1, INT64_MIN) == -ETIMEDOUT);
    EXPECT(loop_write(pair[1], "y", 1, 0) == 1); /* nothing to wait for */
    EXPECT(loop_read(pair[0], &byte, 1, 0) == 1 && byte == 'y');
    EXPECT(loop_wait_fd(pair[0], RT_READABLE, now_ns() + MS) == -ETIMEDOUT);
    loop_close(pair[0]);
    loop_close(pair[1]);
    return 0;
}

TEST(write_deadline)
{
    static char bytes[4 << 20];
    int pair[2];
    make_pair(pair, true);
    EXPECT(loop_write(pair[0], bytes, sizeof bytes, now_ns() + 5 * MS) ==
           -ETIMEDOUT);
    loop_close(pair[0]);
    loop_close(pair[1]);
    return 0;
}

/* Early ends must leave nothing behind in the heap. */
TEST(many_deadlines_that_never_come)
{
    int pair[2];
    char byte;
    make_pair(pair, true);
    for (int i = 0; i < 1000; i++) {
        struct waiter waiter = {pair[0], 0, now_ns() + 3600000000000};
        struct rt_task *task;
        EXPECT(loop_spawn(wait_task, &waiter, sizeof waiter, &task) == 0);
        loop_yield();
        EXPECT(loop_write(pair[1], "z", 1, RT_NEVER) == 1);
        EXPECT(join(task) == 'z');
    }
    EXPECT(loop_read(pair[0], &byte, 1, now_ns() + MS) == -ETIMEDOUT);
    loop_close(pair[0]);
    loop_close(pair[1]);
    return 0;
}

TEST(end_of_stream)
{
    int pair[2];
    char buffer[8];
    make_pair(pair, true);
    struct rt_task *task = begin_wait(pair[0], 0);
    EXPECT(loop_close(pair[1]) == 0);
    EXPECT(join(task) == 0);
    EXPECT(loop_write(pair[0], "x", 1, RT_NEVER) == -EPIPE); /* no SIGPIPE */
    loop_close(pair[0]);

    make_pair(pair, true);
    EXPECT(loop_write(pair[1], "last", 4, RT_NEVER) == 4);
    loop_close(pair[1]);
    loop_sleep(MS); /* data and end arrive as one event */
    EXPECT(loop_read(pair[0], buffer, sizeof buffer, RT_NEVER) == 4);
    EXPECT(loop_read(pair[0], buffer, sizeof buffer, RT_NEVER) == 0);
    loop_close(pair[0]);
    return 0;
}

TEST(one_reader_at_a_time)
{
    int pair[2];
    char byte;
    make_pair(pair, true);
    struct rt_task *task = begin_wait(pair[0], 0);
    EXPECT(loop_read(pair[0], &byte, 1, RT_NEVER) == -EBUSY);
    EXPECT(loop_wait_fd(pair[0], RT_WRITABLE, RT_NEVER) == RT_WRITABLE);
    EXPECT(loop_write(pair[1], "f", 1, RT_NEVER) == 1);
    EXPECT(join(task) == 'f');
    loop_close(pair[0]);
    loop_close(pair[1]);
    return 0;
}

static bool stop_flood;

static int64_t flood(void *arg)
{
    int fd = *(int *)arg;
    char byte = 'q';
    while (!stop_flood) /* never meets "would block" */
        EXPECT(loop_write(fd, &byte, 1, RT_NEVER) == 1 &&
               read(fd + 1, &byte, 1) == 1);
    return 0;
}

TEST(fast_peer_does_not_starve_others)
{
    int pair[2];
    struct rt_task *task;
    stop_flood = false;
    make_pair(pair, true);
    EXPECT(pair[1] == pair[0] + 1);
    EXPECT(loop_spawn(flood, &pair[0], sizeof(int), &task) == 0);
    EXPECT(loop_sleep(2 * MS) == 0);
    stop_flood = true;
    EXPECT(join(task) == 0);
    loop_close(pair[0]);
    loop_close(pair[1]);
    return 0;
}

static int listen_somewhere(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT(bind(fd, (struct sockaddr *)address, size) == 0);
    EXPECT(listen(fd, 512) == 0);
    EXPECT(getsockname(fd, (struct sockaddr *)address, &size) == 0);
    return fd;
}

static int64_t echo(void *arg)
{
    int fd = *(int *)arg;
    char buffer[4096];
    ssize_t count;
    while ((count = loop_read(fd, buffer, sizeof buffer, RT_NEVER)) > 0)
        EXPECT(loop_write(fd, buffer, (size_t)count, RT_NEVER) == count);
    EXPECT(count == 0);
    EXPECT(loop_close(fd) == 0);
    return 0;
}

static int64_t accept_echo(void *arg)
{
    int listen_fd = *(int *)arg;
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            EXPECT(loop_adopt(fd) == 0);
            EXPECT(loop_start(echo, &fd, sizeof fd) == 0);
        } else if (loop_wait_fd(listen_fd, RT_READABLE, RT_NEVER) < 0) {
            return 0;
        }
    }
}

/* A read stops short at the urgent byte, and what lies behind it has had its
 * edge. */
TEST(urgent_data_hides_nothing)
{
    struct sockaddr_in address;
    char buffer[64];
    int listen_fd = listen_somewhere(&address), total = 0;
    int out = loop_connect(&address, RT_NEVER);
    EXPECT(out >= 0);
    EXPECT(loop_wait_fd(listen_fd, RT_READABLE, RT_NEVER) == RT_READABLE);
    int in = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT(loop_adopt(in) == 0);
    EXPECT(send(out, "abc", 3, 0) == 3);
    EXPECT(send(out, "!", 1, MSG_OOB) == 1);
    EXPECT(send(out, "def", 3, 0) == 3);
    loop_sleep(MS);
    while (total < 6) {
        ssize_t count =
            loop_read(in, buffer, sizeof buffer, now_ns() + 2000L * MS);
        EXPECT(count > 0);
        total += (int)count;
    }
    EXPECT(loop_close(out) == 0);
    EXPECT(loop_read(in, buffer, sizeof buffer, RT_NEVER) == 0);
    EXPECT(loop_close(in) == 0);
    EXPECT(loop_close(listen_fd) == 0);
    return 0;
}

/* A reset after a short read must be seen as well. */
TEST(reset_while_waiting)
{
    struct sockaddr_in address;
    struct linger at_once = {1, 0};
    char buffer[64];
    int listen_fd = listen_somewhere(&address);
    int out = loop_connect(&address, RT_NEVER);
    int in = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT(out >= 0 && in >= 0);
    EXPECT(loop_adopt(in) == 0);
    EXPECT(loop_write(out, "abc", 3, RT_NEVER) == 3);
    EXPECT(loop_read(in, buffer, sizeof buffer, RT_NEVER) == 3);
    struct rt_task *task = begin_wait(in, 0);
    setsockopt(out, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    EXPECT(loop_close(out) == 0);
    EXPECT(join(task) == -ECONNRESET);
    EXPECT(loop_close(in) == 0);
    EXPECT(loop_close(listen_fd) == 0);
    return 0;
}

static int64_t client(void *arg)
{
    const struct sockaddr_in *address = arg;
    char text[32], back[32];
    int fd = loop_connect(address, RT_NEVER);
    EXPECT(fd >= 0);
    for (int i = 0; i < 20; i++) {
        size_t size = (size_t)snprintf(text, sizeof text, "%d-%d", fd, i), at;
        EXPECT(loop_write(fd, text, size, RT_NEVER) == (ssize_t)size);
        for (at = 0; at < size;) {
            ssize_t count = loop_read(fd, back + at, size - at, RT_NEVER);
            EXPECT(count > 0);
            at += (size_t)count;
        }
        EXPECT(memcmp(text, back, size) == 0);
    }
    EXPECT(loop_close(fd) == 0);
    return 1;
}

TEST(tcp_clients_and_server_in_one_loop)
{
    enum { CLIENTS = 200 };
    struct sockaddr_in address;
    struct rt_task *acceptor, *clients[CLIENTS];
    int listen_fd = listen_somewhere(&address);
    EXPECT(loop_spawn(accept_echo, &listen_fd, sizeof(int), &acceptor) == 0);
    for (int i = 0; i < CLIENTS; i++)
        EXPECT(loop_spawn(client, &address, sizeof address, &clients[i]) == 0);
    for (int i = 0; i < CLIENTS; i++)
        EXPECT(join(clients[i]) == 1);
    loop_cancel_fd(listen_fd);
    EXPECT(join(acceptor) == 0);
    EXPECT(loop_close(listen_fd) == 0);
    EXPECT(loop_connect(&address, RT_NEVER) == -ECONNREFUSED);
    return 0;
}

TEST(pipes_and_files)
{
    int ends[2];
    char buffer[4];
    EXPECT(pipe2(ends, O_CLOEXEC) == 0);
    struct rt_task *task = begin_wait(ends[0], 0);
    EXPECT(loop_write(ends[1], "p", 1, RT_NEVER) == 1);
    EXPECT(join(task) == 'p');
    EXPECT(loop_close(ends[1]) == 0);
    EXPECT(loop_read(ends[0], buffer, 1, RT_NEVER) == 0);
    EXPECT(loop_close(ends[0]) == 0);
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    EXPECT(fd >= 0);
    EXPECT(loop_read(fd, buffer, 4, RT_NEVER) == 4);
    EXPECT(loop_close(fd) == 0);
    return 0;
}

TEST(bad_descriptors)
{
    char byte;
    EXPECT(loop_adopt(-1) == -EBADF);
    EXPECT(loop_adopt(900) == -EBADF);
    EXPECT(loop_read(-1, &byte, 1, RT_NEVER) == -EBADF);
    EXPECT(loop_read(901, &byte, 1, RT_NEVER) == -EBADF);
    EXPECT(loop_write(901, "x", 1, RT_NEVER) == -EBADF);
    EXPECT(loop_wait_fd(-1, RT_READABLE, RT_NEVER) == -EBADF);
    EXPECT(loop_wait_fd(902, RT_READABLE, RT_NEVER) == -EBADF);
    EXPECT(loop_wait_fd(0, 0, RT_NEVER) == -EINVAL);
    EXPECT(loop_close(903) == -EBADF);
    EXPECT(loop_close(-1) == -EBADF);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_waits_for_data),
        cmocka_unit_test(write_is_whole),
        cmocka_unit_test(read_deadline),
        cmocka_unit_test(write_deadline),
        cmocka_unit_test(many_deadlines_that_never_come),
        cmocka_unit_test(end_of_stream),
        cmocka_unit_test(one_reader_at_a_time),
        cmocka_unit_test(fast_peer_does_not_starve_others),
        cmocka_unit_test(urgent_data_hides_nothing),
        cmocka_unit_test(reset_while_waiting),
        cmocka_unit_test(tcp_clients_and_server_in_one_loop),
        cmocka_unit_test(pipes_and_files),
        cmocka_unit_test(bad_descriptors),
    };
    alarm(50);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
