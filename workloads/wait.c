/* SPDX-License-Identifier: MIT
 *
 * Sleeps: a wait without a socket. Backends are servers of this workload, so
 * its body is backend_body.
 */
#include <errno.h>

#include "models/runtime/clients/backend.h"
#include "models/runtime/workload.h"

enum { DELAY };
static const struct parameter parameters[] = {
    [DELAY] = {"delay", UNIT_NS, "50ms", 0, 3600000000000, 0,
               "how long the request sleeps"},
    {.name = NULL},
};

static int64_t wait_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, DELAY);
}

static int wait_answer(const struct arguments *arguments, struct reply *reply)
{
    char body[BACKEND_BODY_MAX];
    size_t size =
        backend_body(argument(arguments, DELAY), arguments->seed, body);
    return reply_append(reply, body, size);
}

static int wait_handle(const struct arguments *arguments, struct reply *reply)
{
    int error = rt_sleep(argument(arguments, DELAY));
    return error < 0 ? error : wait_answer(arguments, reply);
}

const struct workload workload_wait = {
    .summary = "sleeps",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .handle = wait_handle,
    .answer = wait_answer,
    .wait_ns = wait_wait_ns,
    .source = "one synchronous worker with a 300 ms call does about 3 requests "
              "per second, and async gains 10 to 50 times (Beyond the Event "
              "Loop: Architecting High-Concurrency Python Backends)",
};
