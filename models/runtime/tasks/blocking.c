/* SPDX-License-Identifier: MIT
 *
 * The calls of blocking.h for sockets and sleeps; those for tasks are in
 * spawn.c. Each transfer is tried first, and waits in ppoll only if it would
 * block and has a deadline to keep. So the usual case is one system call.
 *
 * Waits end on time because main() sets a small timer slack. The kernel's
 * default of 50 us would show as a difference between models that is not
 * theirs.
 */
#include "blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The only place that knows of EINTR: true if the call must be repeated. */
static bool interrupted(ssize_t rc)
{
    return rc < 0 && errno == EINTR;
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / 1000000000,
                             .tv_nsec = ns % 1000000000};
}

int blocking_sleep(int64_t duration_ns)
{
    int64_t now_ns = rt_now();

    if (duration_ns <= 0)
        return 0;
    struct timespec until = timespec_of(
        duration_ns < RT_NEVER - now_ns ? now_ns + duration_ns : RT_NEVER);
    /* The thread sanitizer does not intercept clock_nanosleep. It runs a
     * signal's handler in the next call that it does intercept, such as the
     * clock's. */
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR)
        (void)rt_now();
    return 0;
}

/* Polls until the deadline. Returns revents, or a negative errno. */
static int poll_until(int fd, short events, int64_t deadline_ns)
{
    struct pollfd entry = {.fd = fd, .events = events};
    int rc;

    do {
        struct timespec left, *timeout = NULL;
        if (deadline_ns != RT_NEVER) {
            int64_t left_ns = deadline_ns - rt_now();
            left = timespec_of(left_ns > 0 ? left_ns : 0);
            timeout = &left;
        }
        rc = ppoll(&entry, 1, timeout, NULL);
    } while (interrupted(rc));
    if (rc < 0)
        return -errno;
    if (rc == 0)
        return -ETIMEDOUT;
    return entry.revents & POLLNVAL ? -EBADF : entry.revents;
}

int blocking_wait_fd(int fd, int events, int64_t deadline_ns)
{
    short wanted = (short)((events & RT_READABLE ? POLLIN : 0) |
                           (events & RT_WRITABLE ? POLLOUT : 0));
    int got = poll_until(fd, wanted, deadline_ns);

    if (got < 0)
        return got;
    if (got & (POLLERR | POLLHUP))
        return RT_READABLE | RT_WRITABLE;
    return (got & POLLIN ? RT_READABLE : 0) | (got & POLLOUT ? RT_WRITABLE : 0);
}

/* One attempt. Without may_block, a socket does not wait, whatever its mode,
 * and another descriptor is read only if a poll finds it readable. */
static ssize_t try_read(int fd, void *buffer, size_t size, bool may_block)
{
    ssize_t rc;

    do
        rc = recv(fd, buffer, size, may_block ? 0 : MSG_DONTWAIT);
    while (interrupted(rc));
    if (rc >= 0 || errno != ENOTSOCK)
        return rc;
    if (!may_block) {
        int ready = poll_until(fd, POLLIN, 0);
        if (ready < 0) {
            errno = ready == -ETIMEDOUT ? EAGAIN : -ready;
            return -1;
        }
    }
    do
        rc = read(fd, buffer, size);
    while (interrupted(rc));
    return rc;
}

static ssize_t try_write(int fd, const void *buffer, size_t size,
                         bool may_block)
{
    ssize_t rc;

    do
        rc = send(fd, buffer, size,
                  MSG_NOSIGNAL | (may_block ? 0 : MSG_DONTWAIT));
    while (interrupted(rc));
    if (rc >= 0 || errno != ENOTSOCK)
        return rc;
    do
        rc = write(fd, buffer, size);
    while (interrupted(rc));
    return rc;
}

ssize_t blocking_read(int fd, void *buffer, size_t size, int64_t deadline_ns)
{
    for (;;) {
        ssize_t rc = try_read(fd, buffer, size, deadline_ns == RT_NEVER);
        if (rc >= 0)
            return rc;
        if (errno != EAGAIN)
            return -errno;
        int ready = poll_until(fd, POLLIN, deadline_ns);
        if (ready < 0)
            return ready;
    }
}

ssize_t blocking_write(int fd, const void *buffer, size_t size,
                       int64_t deadline_ns)
{
    const char *at = buffer;
    size_t left = size;

    while (left > 0) {
        ssize_t rc = try_write(fd, at, left, deadline_ns == RT_NEVER);
        if (rc >= 0) {
            at += rc;
            left -= (size_t)rc;
            continue;
        }
        if (errno != EAGAIN)
            return -errno;
        int ready = poll_until(fd, POLLOUT, deadline_ns);
        if (ready < 0)
            return ready;
    }
    return (ssize_t)size;
}

/* Waits for the end of a connection attempt. */
static int finish_connect(int fd, int64_t deadline_ns)
{
    int error = 0;
    socklen_t length = sizeof error;
    int ready = poll_until(fd, POLLOUT, deadline_ns);

    if (ready < 0)
        return ready;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length))
        return -errno;
    return -error;
}

int blocking_connect(const struct sockaddr_in *address, int64_t deadline_ns)
{
    int one = 1, rc;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
    if (rc && (errno == EINPROGRESS || errno == EINTR))
        rc = finish_connect(fd, deadline_ns);
    else if (rc)
        rc = -errno;
    /* The socket blocks from here on, so reads and writes are one call each. */
    if (rc == 0 && fcntl(fd, F_SETFL, 0))
        rc = -errno;
    if (rc) {
        close(fd);
        return rc;
    }
    return fd;
}

int blocking_close(int fd)
{
    /* No retry after EINTR: Linux has released the descriptor by then. */
    close(fd);
    return 0;
}

void blocking_yield(void)
{
    sched_yield();
}
