/* SPDX-License-Identifier: MIT
 *
 * A request of any service: backend calls, one after another, and CPU work in
 * equal parts before, between and after them. Wait and work may vary from
 * request to request, each by a factor that the seed decides (factor.h).
 *
 * Every part of the work starts from the state before it and the proof of the
 * call before it, so no part and no call can be skipped. All work goes through
 * rt_offload: to a model that offloads, a part before a call is as good a
 * reason to leave the loop as a part after the last one.
 */
#include <errno.h>
#include <stdio.h>

#include "factor.h"
#include "letters.h"
#include "models/runtime/clients/backend.h"
#include "models/runtime/workload.h"
#include "spin_jump.h"

#define WAIT_MAX_NS INT64_C(3600000000000) /* of a request, and of a call */
#define STEPS_MAX   INT64_C(10000000000)
/* Room for the longest line, and a letter. */
enum { SIZE_MIN = 64 };

enum { DELAY, CALLS, STEPS, SIZE, CV_WAIT, CV_CPU };
static const struct parameter parameters[] = {
    [DELAY] = {"delay", UNIT_NS, "10ms", 0, WAIT_MAX_NS, 0,
               "how long the backend takes, for all calls together"},
    [CALLS] = {"calls", UNIT_COUNT, "1", 0, 16, 0,
               "backend calls, one after another; 0: no wait"},
    [STEPS] = {"steps", UNIT_COUNT, "100k", 0, STEPS_MAX, 0,
               "steps of xorshift64*, in equal parts around the calls"},
    [SIZE] = {"size", UNIT_BYTES, "80B", SIZE_MIN, 1 << 20, 0,
              "bytes in the answer"},
    [CV_WAIT] = {"cv_wait", UNIT_COUNT, "0", 0, FACTOR_CV_PERCENT_MAX, 0,
                 "how the delay varies: standard deviation, in % of the mean"},
    [CV_CPU] = {"cv_cpu", UNIT_COUNT, "0", 0, FACTOR_CV_PERCENT_MAX, 0,
                "how the steps vary: standard deviation, in % of the mean"},
    {.name = NULL},
};

static int service_backend_calls(const struct arguments *arguments)
{
    return (int)argument(arguments, CALLS);
}

/* The mean of all requests. */
static int64_t service_wait_ns(const struct arguments *arguments)
{
    return argument(arguments, CALLS) > 0 ? argument(arguments, DELAY) : 0;
}

static double service_wait_cv(const struct arguments *arguments)
{
    return argument(arguments, CALLS) > 0
               ? (double)argument(arguments, CV_WAIT) / 100
               : 0;
}

static int64_t steps_of(const struct arguments *arguments)
{
    int64_t factor =
        factor_of(FACTOR_WORK, arguments->seed, argument(arguments, CV_CPU));
    return factor_times(argument(arguments, STEPS), factor, STEPS_MAX);
}

static double service_work_factor(const struct arguments *arguments)
{
    int64_t steps = argument(arguments, STEPS);
    return steps > 0 ? (double)steps_of(arguments) / (double)steps : 1;
}

/* Of one call. */
static int64_t delay_ns_of(const struct arguments *arguments)
{
    int64_t calls = argument(arguments, CALLS);
    int64_t factor =
        factor_of(FACTOR_WAIT, arguments->seed, argument(arguments, CV_WAIT));
    if (calls == 0)
        return 0;
    return factor_times(argument(arguments, DELAY), factor, WAIT_MAX_NS) /
           calls;
}

/* Of part `part` of calls + 1; the last takes the remainder too. */
static int64_t part_of(int64_t steps, int part, int calls)
{
    return steps / (calls + 1) + (part == calls ? steps % (calls + 1) : 0);
}

/* Writes exactly `size` bytes. */
static int print(const struct arguments *arguments, uint64_t state,
                 struct reply *reply)
{
    size_t size = (size_t)argument(arguments, SIZE);
    char *body = reply_extend(reply, size);
    if (!body)
        return -ENOMEM;
    size_t length = (size_t)snprintf(
        body, SIZE_MIN, "service seed=%llu state=%016llx ",
        (unsigned long long)arguments->seed, (unsigned long long)state);
    letters_fill(body + length, size - length - 1,
                 arguments->seed % 26 + length);
    body[size - 1] = '\n';
    return 0;
}

/* A part without steps is not worth a wake-up of another thread. */
static int run_part(struct spin spin, uint64_t *state)
{
    int64_t spun = 0;
    int error = 0;
    if (spin.steps == 0)
        spun = spin_run(&spin);
    else
        error = rt_offload(spin_run, &spin, sizeof spin, &spun);
    *state = (uint64_t)spun;
    return error;
}

static int service_handle(const struct arguments *arguments,
                          struct reply *reply)
{
    int64_t steps = steps_of(arguments), delay_ns = delay_ns_of(arguments);
    int calls = service_backend_calls(arguments);
    uint64_t state = arguments->seed, check;
    for (int part = 0;; part++) {
        struct spin spin = {state, part_of(steps, part, calls)};
        int error = run_part(spin, &state);
        if (error < 0)
            return error;
        if (part == calls)
            return print(arguments, state, reply);
        error =
            backend_call(delay_ns, arguments->seed + (uint64_t)part, &check);
        if (error < 0)
            return backend_explain(error, reply);
        state = backend_combine(state, check);
    }
}

/* The answer without a wait, its work done by `run`. */
static int answer_by(rt_fn *run, const struct arguments *arguments,
                     struct reply *reply)
{
    int64_t steps = steps_of(arguments), delay_ns = delay_ns_of(arguments);
    int calls = service_backend_calls(arguments);
    uint64_t state = arguments->seed;
    for (int part = 0;; part++) {
        struct spin spin = {state, part_of(steps, part, calls)};
        state = (uint64_t)run(&spin);
        if (part == calls)
            return print(arguments, state, reply);
        state = backend_combine(
            state, backend_check(delay_ns, arguments->seed + (uint64_t)part));
    }
}

static int service_answer(const struct arguments *arguments,
                          struct reply *reply)
{
    return answer_by(spin_run, arguments, reply);
}

static int service_expect(const struct arguments *arguments,
                          struct reply *reply)
{
    return answer_by(spin_jump, arguments, reply);
}

const struct workload workload_service = {
    .summary = "any service: backend calls, work around them, both may vary",
    .kind = WORKLOAD_MIXED,
    .parameters = parameters,
    .needs_backend = true,
    .handle = service_handle,
    .answer = service_answer,
    .expect = service_expect,
    .wait_ns = service_wait_ns,
    .wait_cv = service_wait_cv,
    .work_factor = service_work_factor,
    .backend_calls = service_backend_calls,
    .source = "the right model follows from how long a request waits and how "
              "much it computes (Beyond the Event Loop: Architecting "
              "High-Concurrency Python Backends)",
};
