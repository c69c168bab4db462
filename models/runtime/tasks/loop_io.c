/* SPDX-License-Identifier: MIT
 *
 * The loop's socket calls: try first, and wait only when the kernel says that
 * it would block.
 *
 * Adopted descriptors are registered once, edge-triggered, for both
 * directions. A read that gave less than asked has emptied the stream, so the
 * next one waits without asking (epoll(7), question 9): what comes later makes
 * an edge of its own. Two things can have come with the same edge and be left
 * behind by a short read, the stream's end and urgent data; both are in the
 * event, and such a descriptor is always asked. Others (a client library's
 * socket, whose number may be another file's by now) are armed again for every
 * wait: EPOLL_CTL_MOD makes the kernel look at the present state, and ENOENT
 * tells that the file is new.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop_internal.h"

/* The table's entry for `fd`, which is made to exist; or NULL: no memory. */
static struct descriptor *descriptor_of(int fd)
{
    struct loop *loop = loop_current;
    if (fd < loop->descriptor_count)
        return &loop->descriptors[fd];
    int count = loop->descriptor_count ? loop->descriptor_count : 64;
    while (count <= fd)
        count = count <= INT32_MAX / 2 ? count * 2 : INT32_MAX;
    struct descriptor *grown = reallocarray(loop->descriptors, (size_t)count,
                                            sizeof *loop->descriptors);
    if (!grown)
        return NULL;
    memset(grown + loop->descriptor_count, 0,
           (size_t)(count - loop->descriptor_count) * sizeof *grown);
    loop->descriptors = grown;
    loop->descriptor_count = count;
    return &grown[fd];
}

static int control(int operation, int fd)
{
    struct loop *loop = loop_current;
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
        .data.u64 =
            (uint64_t)loop->descriptors[fd].generation << 32 | (uint32_t)fd,
    };
    return epoll_ctl(loop->epoll_fd, operation, fd, &event) == 0 ? 0 : -errno;
}

static void end_waits(struct descriptor *descriptor, int error)
{
    if (descriptor->reader)
        loop_wake(descriptor->reader, error);
    if (descriptor->writer) /* not the reader: loop_wake took it from both */
        loop_wake(descriptor->writer, error);
}

int loop_adopt(int fd)
{
    if (fd < 0)
        return -EBADF;
    struct descriptor *descriptor = descriptor_of(fd);
    if (!descriptor)
        return -ENOMEM;
    end_waits(descriptor, -EBADF); /* closed behind the back of its waiters */
    descriptor->generation++;
    descriptor->drained = descriptor->eager = false;
    int error = control(EPOLL_CTL_ADD, fd);
    if (error == -EEXIST)
        error = control(EPOLL_CTL_MOD, fd);
    descriptor->adopted = error == 0;
    return error;
}

void loop_cancel_fd(int fd)
{
    if (fd >= 0 && fd < loop_current->descriptor_count)
        end_waits(&loop_current->descriptors[fd], -ECANCELED);
}

int loop_close(int fd)
{
    if (fd >= 0 && fd < loop_current->descriptor_count) {
        struct descriptor *descriptor = &loop_current->descriptors[fd];
        descriptor->generation++;
        descriptor->adopted = false;
        end_waits(descriptor, -EBADF);
    }
    return close(fd) == 0 || errno == EINTR ? 0 : -errno;
}

/* Waits on a registered descriptor. */
static int wait_registered(int fd, int events, int64_t deadline_ns)
{
    struct descriptor *descriptor = &loop_current->descriptors[fd];
    uint32_t generation = descriptor->generation;
    struct loop_wait wait = {.fd = fd, .events = events};
    if (loop_current->cancelled)
        return -ECANCELED;
    if (((events & RT_READABLE) && descriptor->reader) ||
        ((events & RT_WRITABLE) && descriptor->writer))
        return -EBUSY;
    if (events & RT_READABLE)
        descriptor->reader = &wait;
    if (events & RT_WRITABLE)
        descriptor->writer = &wait;
    int result = loop_suspend(&wait, deadline_ns);
    /* Between the event and now another task may have closed it: the number
     * is then nobody's, or somebody else's. (The table may have moved.) */
    if (result > 0 && loop_current->descriptors[fd].generation != generation)
        return -EBADF;
    return result;
}

int loop_wait_fd(int fd, int events, int64_t deadline_ns)
{
    if (fd < 0)
        return -EBADF;
    if (!(events & (RT_READABLE | RT_WRITABLE)))
        return -EINVAL;
    struct descriptor *descriptor = descriptor_of(fd);
    if (!descriptor)
        return -ENOMEM;
    int error = control(EPOLL_CTL_MOD, fd);
    if (error == -ENOENT) {
        descriptor->generation++;
        descriptor->adopted = false;
        end_waits(descriptor, -EBADF);
        error = control(EPOLL_CTL_ADD, fd);
    }
    if (error == -EPERM) /* a regular file never blocks, says epoll */
        return events;
    if (error < 0)
        return error;
    return wait_registered(fd, events, deadline_ns);
}

/* What a read or write does when it would block. */
static int wait_ready(int fd, int events, int64_t deadline_ns)
{
    if (fd < loop_current->descriptor_count &&
        loop_current->descriptors[fd].adopted)
        return wait_registered(fd, events, deadline_ns);
    return loop_wait_fd(fd, events, deadline_ns);
}

/* Pipes and the like have no MSG_DONTWAIT. */
static int set_non_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 ||
        (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
        return -errno;
    return 0;
}

static ssize_t try_read(int fd, void *buffer, size_t size)
{
    ssize_t count = recv(fd, buffer, size, MSG_DONTWAIT);
    if (count < 0 && errno == ENOTSOCK && set_non_blocking(fd) == 0)
        count = read(fd, buffer, size);
    return count >= 0 ? count : -errno;
}

static ssize_t try_write(int fd, const void *buffer, size_t size)
{
    ssize_t count = send(fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == ENOTSOCK && set_non_blocking(fd) == 0)
        count = write(fd, buffer, size);
    return count >= 0 ? count : -errno;
}

static void spend_call(void)
{
    if (--loop_current->running->calls_left <= 0)
        loop_yield();
}

/* Nothing can be there to read; see the head of this file. */
static bool known_empty(int fd)
{
    return fd >= 0 && fd < loop_current->descriptor_count &&
           loop_current->descriptors[fd].drained;
}

static void note_short_read(int fd)
{
    struct loop *loop = loop_current;
    if (fd < loop->descriptor_count && loop->descriptors[fd].adopted)
        loop->descriptors[fd].drained = !loop->descriptors[fd].eager;
}

ssize_t loop_read(int fd, void *buffer, size_t size, int64_t deadline_ns)
{
    for (;;) {
        ssize_t count = known_empty(fd) ? -EAGAIN : try_read(fd, buffer, size);
        if (count > 0 && (size_t)count < size)
            note_short_read(fd);
        if (count >= 0)
            spend_call();
        if (count != -EAGAIN && count != -EINTR)
            return count;
        int ready =
            count == -EINTR ? 0 : wait_ready(fd, RT_READABLE, deadline_ns);
        if (ready < 0)
            return ready;
    }
}

ssize_t loop_write(int fd, const void *buffer, size_t size, int64_t deadline_ns)
{
    size_t written = 0;
    while (written < size) {
        ssize_t count =
            try_write(fd, (const char *)buffer + written, size - written);
        if (count >= 0) {
            written += (size_t)count;
            continue;
        }
        if (count == -EINTR)
            continue;
        if (count != -EAGAIN)
            return count;
        int ready = wait_ready(fd, RT_WRITABLE, deadline_ns);
        if (ready < 0)
            return ready;
    }
    /* Not between the parts: while others run, the number may be reused. */
    spend_call();
    return (ssize_t)size;
}

int loop_connect(const struct sockaddr_in *address, int64_t deadline_ns)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int error = connect(fd, (const struct sockaddr *)address, sizeof *address);
    bool pending = error < 0 && (errno == EINPROGRESS || errno == EINTR);
    error = error < 0 && !pending ? -errno : 0;
    /* Only now: a socket not yet connecting would count as hung up. */
    if (error == 0)
        error = loop_adopt(fd);
    if (error == 0 && pending) {
        int ready = wait_registered(fd, RT_WRITABLE, deadline_ns);
        socklen_t size = sizeof error;
        if (ready < 0)
            error = ready;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
            error = -error;
        else
            error = -errno;
    }
    if (error < 0) {
        loop_close(fd);
        return error;
    }
    return fd;
}

const struct rt_operations loop_operations = {
    .sleep = loop_sleep,
    .connect = loop_connect,
    .read = loop_read,
    .write = loop_write,
    .wait_fd = loop_wait_fd,
    .close = loop_close,
    .spawn = loop_spawn,
    .join = loop_join,
    .yield = loop_yield,
};
