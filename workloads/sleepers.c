/* SPDX-License-Identifier: MIT
 *
 * Many sleeping tasks at once: one request starts them all and joins them. This
 * shows, without a connection for each task, how many tasks a model can have,
 * how much memory one costs, and how late the last one wakes. Sleeper i carries
 * seed + i. If tasks run out, the answer names the limit.
 */
#include <errno.h>
#include <stdlib.h>

#include "models/runtime/clients/backend.h"
#include "models/runtime/connection/limits.h"
#include "models/runtime/workload.h"

enum { TASKS, DELAY };
static const struct parameter parameters[] = {
    [TASKS] = {"tasks", UNIT_COUNT, "100", 1, 10000000, 0,
               "how many sleep at once"},
    [DELAY] = {"delay", UNIT_NS, "10ms", 0, 3600000000000, 0,
               "how long each of them sleeps"},
    {.name = NULL},
};

struct sleeper {
    int64_t delay_ns;
    uint64_t seed;
};

static int64_t sleepers_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, DELAY);
}

static int64_t sleepers_waits_ns(const struct arguments *arguments)
{
    int64_t sum_ns;
    return __builtin_mul_overflow(argument(arguments, TASKS),
                                  argument(arguments, DELAY), &sum_ns)
               ? INT64_MAX
               : sum_ns;
}

/* A child task. Returns its check value, or a negative errno. */
static int64_t run_sleeper(void *arg)
{
    const struct sleeper *sleeper = arg;
    int error = rt_sleep(sleeper->delay_ns);
    return error < 0 ? error
                     : (int64_t)backend_check(sleeper->delay_ns, sleeper->seed);
}

static struct sleeper sleeper_at(const struct arguments *arguments, int64_t i)
{
    return (struct sleeper){argument(arguments, DELAY),
                            arguments->seed + (uint64_t)i};
}

static int print(const struct arguments *arguments, uint64_t combined,
                 struct reply *reply)
{
    return reply_printf(reply, "sleepers tasks=%lld seed=%llu check=%016llx\n",
                        (long long)argument(arguments, TASKS),
                        (unsigned long long)arguments->seed,
                        (unsigned long long)combined);
}

/* Starts the sleepers. Returns how many started; *error says why not all
 * did. */
static int64_t start_all(const struct arguments *arguments,
                         struct rt_task **tasks, int *error)
{
    int64_t count = argument(arguments, TASKS), started = 0;
    *error = 0;
    while (started < count && *error == 0) {
        struct sleeper sleeper = sleeper_at(arguments, started);
        *error =
            rt_spawn(run_sleeper, &sleeper, sizeof sleeper, &tasks[started]);
        started += *error == 0;
    }
    return started;
}

static int sleepers_handle(const struct arguments *arguments,
                           struct reply *reply)
{
    int64_t count = argument(arguments, TASKS);
    struct rt_task **tasks = calloc((size_t)count, sizeof(struct rt_task *));
    uint64_t combined = 0;
    int error, failed = 0;
    if (!tasks)
        return -ENOMEM;
    int64_t started = start_all(arguments, tasks, &error);
    if (error < 0) {
        (void)reply_printf(reply,
                           "%lld of %lld sleepers start: ", (long long)started,
                           (long long)count);
        limits_explain(error, reply); /* while the started ones exist */
    }
    /* Every task that began is joined, whatever happened to the others. */
    for (int64_t i = 0; i < started; i++) {
        int64_t result = 0;
        int died = rt_join(tasks[i], &result);
        if (died < 0 || result < 0)
            failed = died < 0 ? died : (int)result;
        else
            combined = backend_combine(combined, (uint64_t)result);
    }
    free(tasks);
    if (error < 0 || failed < 0)
        return error < 0 ? error : failed;
    return print(arguments, combined, reply);
}

static int sleepers_answer(const struct arguments *arguments,
                           struct reply *reply)
{
    uint64_t combined = 0;
    for (int64_t i = 0; i < argument(arguments, TASKS); i++) {
        struct sleeper sleeper = sleeper_at(arguments, i);
        combined = backend_combine(
            combined, backend_check(sleeper.delay_ns, sleeper.seed));
    }
    return print(arguments, combined, reply);
}

const struct workload workload_sleepers = {
    .summary = "tasks at once, each asleep",
    .kind = WORKLOAD_IO,
    .parameters = parameters,
    .handle = sleepers_handle,
    .answer = sleepers_answer,
    .wait_ns = sleepers_wait_ns,
    .waits_ns = sleepers_waits_ns,
    .source = "100 tasks of 1 s take 1 s (How Asyncio Works and Powers "
              "High-Performance Python Applications)",
};
