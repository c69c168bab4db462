/* SPDX-License-Identifier: MIT
 *
 * Backend calls, one after another, over real sockets that are kept open: most
 * services do this most of the time. Call i carries seed + i.
 */
#include "models/runtime/clients/backend.h"
#include "models/runtime/workload.h"

enum { DELAY, CALLS };
static const struct parameter parameters[] = {
    [DELAY] = {"delay", UNIT_NS, "50ms", 0, 3600000000000, 0,
               "how long the backend takes for each call"},
    [CALLS] = {"calls", UNIT_COUNT, "1", 1, 64, 0,
               "backend calls, one after another"},
    {.name = NULL},
};

static int fetch_backend_calls(const struct arguments *arguments)
{
    return (int)argument(arguments, CALLS);
}

static int64_t fetch_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, DELAY) * argument(arguments, CALLS);
}

static int print(const struct arguments *arguments, uint64_t combined,
                 struct reply *reply)
{
    return reply_printf(
        reply, "fetch delay_ns=%lld calls=%d seed=%llu check=%016llx\n",
        (long long)argument(arguments, DELAY), fetch_backend_calls(arguments),
        (unsigned long long)arguments->seed, (unsigned long long)combined);
}

static int fetch_handle(const struct arguments *arguments, struct reply *reply)
{
    uint64_t combined = 0, check;
    for (int i = 0; i < fetch_backend_calls(arguments); i++) {
        int error = backend_call(argument(arguments, DELAY),
                                 arguments->seed + (uint64_t)i, &check);
        if (error < 0)
            return backend_explain(error, reply);
        combined = backend_combine(combined, check);
    }
    return print(arguments, combined, reply);
}

static int fetch_answer(const struct arguments *arguments, struct reply *reply)
{
    uint64_t combined = 0;
    for (int i = 0; i < fetch_backend_calls(arguments); i++)
        combined = backend_combine(
            combined, backend_check(argument(arguments, DELAY),
                                    arguments->seed + (uint64_t)i));
    return print(arguments, combined, reply);
}

const struct workload workload_fetch = {
    .summary = "backend calls, one after another",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .needs_backend = true,
    .handle = fetch_handle,
    .answer = fetch_answer,
    .wait_ns = fetch_wait_ns,
    .backend_calls = fetch_backend_calls,
    .source = "I/O-bound services need async: threads stop at 100 to 500 and "
              "cost much memory (Python Performance: Why I/O-Bound Tasks "
              "Demand asyncio; Beyond the Event Loop: Architecting "
              "High-Concurrency Python Backends)",
};
