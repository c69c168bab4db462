/* SPDX-License-Identifier: MIT
 *
 * One thread, one loop, a stackful coroutine for each connection. In the wild:
 * asyncio, Node with await, OpenResty. A request's life:
 *
 *   accept -> a new coroutine, which would block in read: it is suspended
 *          -> readable: epoll_wait tells, the loop resumes the coroutine
 *          -> the coroutine parses a whole request
 *          -> the handler runs in it; where it waits, the loop runs others
 *          -> the answer is written
 *          -> the coroutine would block in read again
 *
 * A wait costs one page of stack and no kernel thread. In return, whoever
 * computes stalls everybody else, which is why CPU work stays inline here: that
 * hazard is under study.
 * The loop itself is loop_run, in runtime/tasks/loop.c: run who is ready, wait
 * in epoll_wait for the earliest deadline, make ready who waited for what came.
 *
 * requires: libuv
 */
#include "models/runtime/connection/loop_serve.h"
#include "models/runtime/tasks/loop.h"

static const struct parameter parameters[] = {
    LOOP_STACK_PARAMETER,
    {.name = NULL},
};

static int serve(const struct server_config *config)
{
    int error = loop_init((size_t)argument(&config->arguments, 0));
    if (error < 0)
        return error;
    error = loop_serve_here(config);
    loop_deinit();
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "one libuv loop, a coroutine per connection",
    .task_kind = TASK_COROUTINE,
    .discipline = DISCIPLINE_LOOP,
    .flags = MODEL_SHARED_MEMORY,
    .parameters = parameters,
    .operations = &loop_operations,
    .serve = serve,
};
