/* SPDX-License-Identifier: MIT
 *
 * The calls of runtime.h, forwarded to the model that this binary is. Plain
 * functions and not inline ones, so that workloads are compiled once and a
 * model's choices stay out of their object code. Only the clock does not depend
 * on the model. Only rt_sleep does more than forward: with --stats it records
 * how late the model woke the task.
 */
#include "runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"
#include "models/runtime/base/stats.h"

int64_t rt_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int timed_sleep(int64_t duration_ns)
{
    int64_t start_ns = rt_now();
    int rc = model.operations->sleep(duration_ns);

    stats_record_sleep(rt_now() - start_ns - duration_ns);
    return rc;
}

int rt_sleep(int64_t duration_ns)
{
    if (stats_enabled() && duration_ns > 0)
        return timed_sleep(duration_ns);
    return model.operations->sleep(duration_ns);
}

int rt_connect(const struct sockaddr_in *address, int64_t deadline_ns)
{
    return model.operations->connect(address, deadline_ns);
}

ssize_t rt_read(int fd, void *buffer, size_t size, int64_t deadline_ns)
{
    return model.operations->read(fd, buffer, size, deadline_ns);
}

ssize_t rt_write(int fd, const void *buffer, size_t size, int64_t deadline_ns)
{
    return model.operations->write(fd, buffer, size, deadline_ns);
}

int rt_wait_fd(int fd, int events, int64_t deadline_ns)
{
    return model.operations->wait_fd(fd, events, deadline_ns);
}

int rt_close(int fd)
{
    return model.operations->close(fd);
}

int rt_spawn(rt_fn *fn, const void *arg, size_t size, struct rt_task **task)
{
    return model.operations->spawn(fn, arg, size, task);
}

int rt_join(struct rt_task *task, int64_t *result)
{
    return model.operations->join(task, result);
}

/* Runs the call in the task that makes it, on a copy of its argument as all
 * models do. */
static int offload_here(rt_fn *fn, const void *arg, size_t size,
                        int64_t *result)
{
    void *copy = malloc(size ? size : 1);

    if (!copy)
        return -ENOMEM;
    if (size)
        memcpy(copy, arg, size);
    *result = fn(copy);
    free(copy);
    return 0;
}

int rt_offload(rt_fn *fn, const void *arg, size_t size, int64_t *result)
{
    return model.offload ? model.offload(fn, arg, size, result)
                         : offload_here(fn, arg, size, result);
}

void rt_yield(void)
{
    model.operations->yield();
}
