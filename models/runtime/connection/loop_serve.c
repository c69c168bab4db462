/* SPDX-License-Identifier: MIT
 *
 * Two tasks besides those of connections: one accepts; the first task waits for
 * the stop and then drains. Tasks that still wait when the first task returns
 * are idle connections, or requests beyond the drain's limit. The loop cancels
 * their waits; each closes its connection and ends.
 */
#include "loop_serve.h"

#include <errno.h>
#include <sys/socket.h>

#include "models/runtime/base/stats.h"
#include "models/runtime/tasks/loop.h"

enum {
    ACCEPTS_PER_RUN = 64, /* then the connections get their turn */
};

static const int64_t retry_ns = 10000000; /* after a failure to accept */
static const int64_t drain_step_ns = 2000000;

static int64_t connection_task(void *arg)
{
    server_connection(*(int *)arg);
    return 0;
}

static void begin_connection(int fd)
{
    int error = loop_adopt(fd);

    if (error == 0)
        error = loop_start(connection_task, &fd, sizeof fd);
    if (error < 0)
        server_refuse(fd, "the server is out of memory for connections; allow "
                          "it more, or open fewer");
}

/* Ends when its wait is cancelled. */
static int64_t accept_task(void *arg)
{
    int listen_fd = *(int *)arg, accepted = 0, rc = 0;

    while (rc >= 0) {
        int fd = server_accept(listen_fd, SOCK_NONBLOCK);
        if (fd >= 0) {
            begin_connection(fd);
            if (++accepted % ACCEPTS_PER_RUN == 0)
                loop_yield();
        } else if (fd == -EAGAIN) {
            rc = loop_wait_fd(listen_fd, RT_READABLE, RT_NEVER);
        } else {
            rc = loop_sleep(retry_ns);
        }
        if (server_stopping())
            break;
    }
    return rc;
}

static int64_t serve_task(void *arg)
{
    const struct server_config *config = *(const struct server_config **)arg;
    struct rt_task *acceptor;
    int64_t ignored;
    int rc =
        loop_spawn(accept_task, &config->listen_fd, sizeof(int), &acceptor);

    if (rc < 0)
        return rc;
    rc = loop_wait_fd(config->stop_fd, RT_READABLE, RT_NEVER);
    server_stop();
    loop_cancel_fd(config->listen_fd);
    loop_join(acceptor, &ignored);
    int64_t deadline_ns = rt_now() + SERVER_DRAIN_NS;
    /* Pause first, for tasks that have read a request but not counted it
     * yet. */
    do
        loop_sleep(drain_step_ns);
    while (server_in_flight() > 0 && rt_now() < deadline_ns);
    return rc < 0 ? rc : 0;
}

/* Describes the stacks of the loop that answers GET /stats. */
static void tell_stacks(struct stats_stacks *stacks)
{
    struct coroutine_usage usage;

    loop_stacks(&usage);
    stacks->count = usage.stacks;
    stacks->room_bytes = usage.room_bytes;
    stacks->touched_bytes = usage.touched_bytes;
    stacks->touched_max_bytes = usage.touched_max_bytes;
}

int loop_serve_begin(const struct server_config *config)
{
    stats_ask_stacks(tell_stacks);
    return loop_begin(serve_task, &config, sizeof config);
}

int loop_serve_here(const struct server_config *config)
{
    int64_t result = 0;
    stats_ask_stacks(tell_stacks);
    int error = loop_run(serve_task, &config, sizeof config, &result);
    return error < 0 ? error : (int)result;
}

int loop_serve(const struct server_config *config, size_t stack_bytes)
{
    int rc = loop_init(stack_bytes);

    if (rc < 0)
        return rc;
    rc = loop_serve_here(config);
    loop_deinit();
    return rc;
}
