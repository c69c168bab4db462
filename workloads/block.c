/* SPDX-License-Identifier: MIT
 *
 * A handler that really blocks in a share of its requests: by a sleep that the
 * model cannot see, as in a synchronous client library. In a loop all other
 * requests wait meanwhile, unless the sleep runs through rt_offload and the
 * model can run such calls elsewhere.
 */
#include <errno.h>
#include <time.h>

#include "models/runtime/clients/backend.h"
#include "models/runtime/workload.h"
#include "share.h"

enum { DELAY, SHARE, OFFLOAD };
static const struct parameter parameters[] = {
    [DELAY] = {"delay", UNIT_NS, "300ms", 0, 3600000000000, 0,
               "how long a heavy request blocks"},
    [SHARE] = {"share", UNIT_COUNT, "1000", 0, SHARE_WHOLE, 0,
               "heavy requests in a thousand"},
    [OFFLOAD] = {"offload", UNIT_COUNT, "0", 0, 1, 0,
                 "0 blocks where the handler runs, 1 through rt_offload"},
    {.name = NULL},
};

static bool block_heavy(const struct arguments *arguments)
{
    return share_has(argument(arguments, SHARE), arguments->seed);
}

static int64_t block_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, DELAY);
}

static enum workload_hold block_hold(const struct arguments *arguments)
{
    return argument(arguments, OFFLOAD) ? HOLD_OFFLOAD : HOLD_THREAD;
}

/* Really blocks the thread, unlike rt_sleep. `arg` is the duration. */
static int64_t block_for(void *arg)
{
    int64_t left_ns = *(const int64_t *)arg;
    struct timespec left = {left_ns / 1000000000, left_ns % 1000000000};
    int error;
    while ((error = clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left)) == EINTR)
        ;
    return -error;
}

static int block_answer(const struct arguments *arguments, struct reply *reply)
{
    int64_t blocked_ns =
        block_heavy(arguments) ? argument(arguments, DELAY) : 0;
    return reply_printf(
        reply, "block blocked_ns=%lld seed=%llu check=%016llx\n",
        (long long)blocked_ns, (unsigned long long)arguments->seed,
        (unsigned long long)backend_check(blocked_ns, arguments->seed));
}

static int block_handle(const struct arguments *arguments, struct reply *reply)
{
    int64_t delay_ns = argument(arguments, DELAY), result = 0;
    int error = 0;
    if (!block_heavy(arguments))
        return block_answer(arguments, reply);
    if (argument(arguments, OFFLOAD))
        error = rt_offload(block_for, &delay_ns, sizeof delay_ns, &result);
    else
        result = block_for(&delay_ns);
    error = error < 0 ? error : (int)result;
    return error < 0 ? error : block_answer(arguments, reply);
}

const struct workload workload_block = {
    .summary = "blocks the thread that it runs in, in a share of the requests",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .handle = block_handle,
    .answer = block_answer,
    .heavy = block_heavy,
    .wait_ns = block_wait_ns,
    .hold = block_hold,
    .blocks = true,
    .source = "a blocking sleep in the loop stalls it (Async I/O); synchronous "
              "libraries in async code undo the gain (Beyond the Event Loop: "
              "Architecting High-Concurrency Python Backends)",
};
