/* SPDX-License-Identifier: MIT
 *
 * One thread, one libuv loop, a stackful coroutine for each connection. In the
 * wild: asyncio, Node with await, OpenResty. A wait costs one page of stack
 * and no kernel thread; in return, whoever computes stalls everybody else,
 * which is why CPU work stays inline here: that hazard is under study.
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
    return loop_serve(config, (size_t)argument(&config->arguments, 0));
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
