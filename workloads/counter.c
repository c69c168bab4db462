/* SPDX-License-Identifier: MIT
 *
 * Tasks that add to a shared counter as careless code does: read the counter,
 * add one, write it back, with or without a wait in between. An update is lost
 * if another task reads the counter before the update is written. How many are
 * lost depends on the model and on chance, so the answer has only the number of
 * rounds; GET /stats has the counters' final values.
 *
 * The race is intended. Relaxed atomics keep it defined in C: each read and
 * each write is atomic, but the pair is not.
 */
#include <stdatomic.h>

#include "models/runtime/base/stats.h"
#include "models/runtime/workload.h"

enum { TASKS, ROUNDS, DELAY };
enum { TASKS_MAX = 64 };
static const struct parameter parameters[] = {
    [TASKS] = {"tasks", UNIT_COUNT, "8", 1, TASKS_MAX, 0,
               "tasks that count at once"},
    [ROUNDS] = {"rounds", UNIT_COUNT, "1k", 1, 1000000, 0,
                "how often each adds one"},
    [DELAY] = {"delay", UNIT_NS, "0ms", 0, 3600000000000, 0,
               "how long each waits between reading and writing; 0: not"},
    {.name = NULL},
};

struct count {
    _Atomic uint64_t *shared; /* a forked task counts in a copy of its own */
    int64_t rounds, delay_ns;
};

static int64_t counter_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, DELAY) * argument(arguments, ROUNDS);
}

/* A child task. Returns the rounds that it did, or a negative errno. */
static int64_t run_count(void *arg)
{
    const struct count *count = arg;
    for (int64_t i = 0; i < count->rounds; i++) {
        uint64_t seen =
            atomic_load_explicit(count->shared, memory_order_relaxed);
        int error = count->delay_ns > 0 ? rt_sleep(count->delay_ns) : 0;
        if (error < 0)
            return error;
        atomic_store_explicit(count->shared, seen + 1, memory_order_relaxed);
    }
    return count->rounds;
}

static int print(const struct arguments *arguments, int64_t updates,
                 struct reply *reply)
{
    return reply_printf(reply, "counter tasks=%lld updates=%lld seed=%llu\n",
                        (long long)argument(arguments, TASKS),
                        (long long)updates,
                        (unsigned long long)arguments->seed);
}

static int counter_handle(const struct arguments *arguments,
                          struct reply *reply)
{
    struct rt_task *tasks[TASKS_MAX];
    _Atomic uint64_t shared = 0;
    struct count count = {&shared, argument(arguments, ROUNDS),
                          argument(arguments, DELAY)};
    int64_t started = 0, updates = 0, wanted = argument(arguments, TASKS);
    int error = 0;
    while (started < wanted && error == 0) {
        error = rt_spawn(run_count, &count, sizeof count, &tasks[started]);
        started += error == 0;
    }
    /* Every task that began is joined, whatever happened to the others. */
    for (int64_t i = 0; i < started; i++) {
        int64_t result = 0;
        int joined = rt_join(tasks[i], &result);
        if (joined < 0 || result < 0)
            error = joined < 0 ? joined : (int)result;
        else
            updates += result;
    }
    if (error < 0)
        return error;
    stats_count_updates((uint64_t)updates, atomic_load(&shared));
    return print(arguments, updates, reply);
}

static int counter_answer(const struct arguments *arguments,
                          struct reply *reply)
{
    return print(arguments,
                 argument(arguments, TASKS) * argument(arguments, ROUNDS),
                 reply);
}

const struct workload workload_counter = {
    .summary = "tasks that add to one counter, with nothing to hold them apart",
    .kind = WORKLOAD_MIXED,
    .parameters = parameters,
    .counts_updates = true,
    .handle = counter_handle,
    .answer = counter_answer,
    .wait_ns = counter_wait_ns,
    .source = "cooperative tasks cannot race, threads can (Async I/O)",
};
