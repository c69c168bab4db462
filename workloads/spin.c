/* SPDX-License-Identifier: MIT
 *
 * A tight numerical loop that never yields: CPU work that an interpreter would
 * run itself. The loop runs through rt_offload, which is inline unless the
 * model can run such calls elsewhere.
 */
#include "spin.h"
#include "models/runtime/workload.h"

enum { STEPS };
static const struct parameter parameters[] = {
    [STEPS] = {"steps", UNIT_COUNT, "100k", 0, 10000000000, 0,
               "steps of xorshift64*"},
    {.name = NULL},
};

static struct spin spin_of(const struct arguments *arguments)
{
    return (struct spin){arguments->seed, argument(arguments, STEPS)};
}

static int print(const struct arguments *arguments, int64_t state,
                 struct reply *reply)
{
    return reply_printf(reply, "spin steps=%lld seed=%llu state=%016llx\n",
                        (long long)argument(arguments, STEPS),
                        (unsigned long long)arguments->seed,
                        (unsigned long long)state);
}

static int spin_handle(const struct arguments *arguments, struct reply *reply)
{
    struct spin spin = spin_of(arguments);
    int64_t state;
    int error = rt_offload(spin_run, &spin, sizeof spin, &state);
    return error < 0 ? error : print(arguments, state, reply);
}

static int spin_answer(const struct arguments *arguments, struct reply *reply)
{
    struct spin spin = spin_of(arguments);
    return print(arguments, spin_run(&spin), reply);
}

const struct workload workload_spin = {
    .summary = "a tight numerical loop",
    .kind = WORKLOAD_CPU,
    .parameters = parameters,
    .handle = spin_handle,
    .answer = spin_answer,
    .wait_ns = workload_never_waits,
    .source = "CPU work in a coroutine blocks everyone, and CPU work needs "
              "processes (Async I/O; How Asyncio Works and Powers "
              "High-Performance Python Applications)",
};
