/* SPDX-License-Identifier: MIT
 *
 * A backend call, then CPU work on its result; the two parameters set the
 * ratio. The CPU loop starts from the call's check value, so neither half can
 * be skipped.
 */
#include "models/runtime/clients/backend.h"
#include "models/runtime/workload.h"
#include "spin.h"

enum { DELAY, STEPS };
static const struct parameter parameters[] = {
    [DELAY] = {"delay", UNIT_NS, "10ms", 0, 3600000000000, 0,
               "how long the backend takes"},
    [STEPS] = {"steps", UNIT_COUNT, "100k", 0, 10000000000, 0,
               "steps of xorshift64* after that"},
    {.name = NULL},
};

static int64_t mixed_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, DELAY);
}

static int mixed_backend_calls(const struct arguments *arguments)
{
    (void)arguments;
    return 1;
}

static int print(const struct arguments *arguments, int64_t state,
                 struct reply *reply)
{
    return reply_printf(
        reply, "mixed delay_ns=%lld steps=%lld seed=%llu state=%016llx\n",
        (long long)argument(arguments, DELAY),
        (long long)argument(arguments, STEPS),
        (unsigned long long)arguments->seed, (unsigned long long)state);
}

static int mixed_handle(const struct arguments *arguments, struct reply *reply)
{
    struct spin spin = {.steps = argument(arguments, STEPS)};
    int64_t state;
    int error =
        backend_call(argument(arguments, DELAY), arguments->seed, &spin.seed);
    if (error < 0)
        return backend_explain(error, reply);
    error = rt_offload(spin_run, &spin, sizeof spin, &state);
    return error < 0 ? error : print(arguments, state, reply);
}

static int mixed_answer(const struct arguments *arguments, struct reply *reply)
{
    struct spin spin = {
        .seed = backend_check(argument(arguments, DELAY), arguments->seed),
        .steps = argument(arguments, STEPS),
    };
    return print(arguments, spin_run(&spin), reply);
}

const struct workload workload_mixed = {
    .summary = "a backend call, then a tight loop",
    .kind = WORKLOAD_MIXED,
    .parameters = parameters,
    .needs_backend = true,
    .handle = mixed_handle,
    .answer = mixed_answer,
    .wait_ns = mixed_wait_ns,
    .backend_calls = mixed_backend_calls,
    .source = "an offload pool fixes CPU work in the loop (Async I/O; How "
              "Asyncio Works and Powers High-Performance Python Applications); "
              "async's tail is worse under load (readers)",
};
