/* SPDX-License-Identifier: MIT
 *
 * One thread, one loop, a stackful coroutine for each connection. In the wild:
 * asyncio, Node with await, OpenResty. A request's life:
 *
 *   accept -> a new coroutine, suspended until there is something to read
 *          -> readable: the loop resumes the coroutine
 *          -> the coroutine parses a whole request
 *          -> the handler runs in it; while it waits, the loop runs others
 *          -> the answer is written
 *          -> suspended again
 *
 * A waiting request costs one page of stack and no kernel thread. But while a
 * handler computes, all other requests stall. Here CPU work stays inline, so
 * that the benchmark can measure this hazard.
 *
 * requires: libuv
 */
#include "models/runtime/connection/loop_serve.h"
#include "models/runtime/tasks/loop.h"

static const struct parameter parameters[] = {
    LOOP_STACK_PARAMETER,
    {.name = NULL},
};

/* The loop. Nothing in it belongs to a request: a coroutine that must wait
 * leaves its descriptor or its deadline (runtime/tasks/loop.c), and switches
 * back to loop_run_ready. */
static void run_loop(void)
{
    /* Resume each coroutine that is ready; each runs until it waits again. */
    while (loop_run_ready() > 0) {
        /* Sleep in epoll until a socket is ready or the earliest deadline has
         * come. Coroutines that wait for a ready socket become ready. */
        loop_poll();
        /* Coroutines whose deadline has passed become ready. */
        loop_expire();
    }
}

static int serve(const struct server_config *config)
{
    int error = loop_init((size_t)argument(&config->arguments, 0));
    if (error < 0)
        return error;
    /* Makes the first coroutine, which starts the one that accepts. */
    error = loop_serve_begin(config);
    if (error == 0) {
        run_loop();
        error = (int)loop_end();
    }
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
