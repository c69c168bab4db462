/* SPDX-License-Identifier: MIT
 *
 * Light requests, and among them a few that compute for long: how much do the
 * light ones suffer? Latency is recorded separately for the two kinds. Heavy
 * work runs through rt_offload; light work is too small to be worth it.
 */
#include "models/runtime/workload.h"
#include "share.h"
#include "spin.h"

enum { LIGHT, HEAVY, SHARE };
static const struct parameter parameters[] = {
    [LIGHT] = {"light", UNIT_COUNT, "1k", 0, 10000000000, 0,
               "steps of xorshift64* of a light request"},
    [HEAVY] = {"heavy", UNIT_COUNT, "10M", 0, 10000000000, 0,
               "steps of a heavy one"},
    [SHARE] = {"share", UNIT_COUNT, "10", 0, SHARE_WHOLE, 0,
               "heavy requests in a thousand"},
    {.name = NULL},
};

static bool hog_heavy(const struct arguments *arguments)
{
    return share_has(argument(arguments, SHARE), arguments->seed);
}

static struct spin spin_of(const struct arguments *arguments)
{
    int row = hog_heavy(arguments) ? HEAVY : LIGHT;
    return (struct spin){arguments->seed, argument(arguments, row)};
}

static int print(const struct arguments *arguments, const struct spin *spin,
                 int64_t state, struct reply *reply)
{
    return reply_printf(reply, "hog steps=%lld seed=%llu state=%016llx\n",
                        (long long)spin->steps,
                        (unsigned long long)arguments->seed,
                        (unsigned long long)state);
}

static int hog_handle(const struct arguments *arguments, struct reply *reply)
{
    struct spin spin = spin_of(arguments);
    int64_t state;
    if (!hog_heavy(arguments))
        return print(arguments, &spin, spin_run(&spin), reply);
    int error = rt_offload(spin_run, &spin, sizeof spin, &state);
    return error < 0 ? error : print(arguments, &spin, state, reply);
}

static int hog_answer(const struct arguments *arguments, struct reply *reply)
{
    struct spin spin = spin_of(arguments);
    return print(arguments, &spin, spin_run(&spin), reply);
}

const struct workload workload_hog = {
    .summary = "light requests, a share of them a heavy loop",
    .kind = WORKLOAD_MIXED,
    .parameters = parameters,
    .handle = hog_handle,
    .answer = hog_answer,
    .heavy = hog_heavy,
    .wait_ns = workload_never_waits,
    .source = "CPU work in a coroutine blocks everyone (Python Performance: "
              "Why I/O-Bound Tasks Demand asyncio; Async I/O; How Asyncio "
              "Works and Powers High-Performance Python Applications)",
};
