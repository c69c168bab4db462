/* SPDX-License-Identifier: MIT
 *
 * Concurrent backend calls: a task for each delay, all joined. With concurrent
 * tasks a request takes the longest delay, without them the sum. Call i carries
 * seed + i.
 */
#include <errno.h>

#include "models/runtime/clients/backend.h"
#include "models/runtime/workload.h"

enum { DELAYS };
enum { CALLS_MAX = 64 };
static const struct parameter parameters[] = {
    [DELAYS] = {"delays", UNIT_NS, "2s,1s,3s", 0, 3600000000000, CALLS_MAX,
                "how long the backend takes for each of the calls"},
    {.name = NULL},
};

struct call {
    int64_t delay_ns;
    uint64_t seed;
};

static struct call call_at(const struct arguments *arguments, int i)
{
    const int64_t *delays_ns = &arguments->values[arguments->first[DELAYS]];
    return (struct call){delays_ns[i], arguments->seed + (uint64_t)i};
}

static int gather_backend_calls(const struct arguments *arguments)
{
    return argument_count(arguments, DELAYS);
}

static int64_t gather_wait_ns(const struct arguments *arguments)
{
    int64_t longest_ns = 0;
    for (int i = 0; i < gather_backend_calls(arguments); i++) {
        int64_t delay_ns = call_at(arguments, i).delay_ns;
        longest_ns = delay_ns > longest_ns ? delay_ns : longest_ns;
    }
    return longest_ns;
}

static int64_t gather_waits_ns(const struct arguments *arguments)
{
    int64_t sum_ns = 0;
    for (int i = 0; i < gather_backend_calls(arguments); i++)
        sum_ns += call_at(arguments, i).delay_ns;
    return sum_ns;
}

/* A child task. Returns the call's check value, or a negative errno. */
static int64_t run_call(void *arg)
{
    const struct call *call = arg;
    uint64_t check;
    int error = backend_call(call->delay_ns, call->seed, &check);
    return error < 0 ? error : (int64_t)check;
}

static int print(const struct arguments *arguments, uint64_t combined,
                 struct reply *reply)
{
    return reply_printf(reply, "gather calls=%d seed=%llu check=%016llx\n",
                        gather_backend_calls(arguments),
                        (unsigned long long)arguments->seed,
                        (unsigned long long)combined);
}

static int gather_handle(const struct arguments *arguments, struct reply *reply)
{
    struct rt_task *tasks[CALLS_MAX];
    uint64_t combined = 0;
    int started = 0, spawn_error = 0, call_error = 0;
    while (started < gather_backend_calls(arguments) && spawn_error == 0) {
        struct call call = call_at(arguments, started);
        spawn_error = rt_spawn(run_call, &call, sizeof call, &tasks[started]);
        started += spawn_error == 0;
    }
    /* Every task that began is joined, whatever happened to the others. */
    for (int i = 0; i < started; i++) {
        int64_t result = 0;
        int error = rt_join(tasks[i], &result);
        if (error < 0)
            spawn_error = spawn_error ? spawn_error : error;
        else if (result < 0)
            call_error = call_error ? call_error : (int)result;
        else
            combined = backend_combine(combined, (uint64_t)result);
    }
    if (spawn_error < 0) {
        (void)reply_printf(reply, "the server is out of tasks (%s)",
                           spawn_error == -ECHILD ? "a task died"
                                                  : "no task starts");
        return spawn_error;
    }
    if (call_error < 0)
        return backend_explain(call_error, reply);
    return print(arguments, combined, reply);
}

static int gather_answer(const struct arguments *arguments, struct reply *reply)
{
    uint64_t combined = 0;
    for (int i = 0; i < gather_backend_calls(arguments); i++) {
        struct call call = call_at(arguments, i);
        combined =
            backend_combine(combined, backend_check(call.delay_ns, call.seed));
    }
    return print(arguments, combined, reply);
}

const struct workload workload_gather = {
    .summary = "backend calls at once, joined",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .needs_backend = true,
    .handle = gather_handle,
    .answer = gather_answer,
    .wait_ns = gather_wait_ns,
    .waits_ns = gather_waits_ns,
    .backend_calls = gather_backend_calls,
    .source = "a gather of 2, 1 and 3 s takes 3 s, not 6 (Python Performance: "
              "Why I/O-Bound Tasks Demand asyncio); 300, 200 and 400 ms take "
              "400, not 900 (Async I/O)",
};
