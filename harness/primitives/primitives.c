/* SPDX-License-Identifier: MIT
 *
 * The table of primitives, and how they are measured. Calibration finds how
 * many operations of each fill the budget. Then every repetition runs all
 * primitives, alternately forwards and backwards and with a different one
 * first, so that a slow moment of the machine is spread over them.
 */
#include "primitives.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/statistics.h"
#include "measure.h"

#define HANDOVER(how, run, words)                                              \
    {"handover-" how "-same-cpu", "handover", "wall",                          \
     words ", both on one CPU",   run,        MEASURE_SAME_CPU},               \
        {"handover-" how "-two-cpus",        "handover", "wall",               \
         words ", each on a CPU of its own", run,        MEASURE_TWO_CPUS},    \
    {                                                                          \
        "handover-" how "-unpinned", "handover", "wall",                       \
            words ", wherever they run", run, MEASURE_ANYWHERE                 \
    }

const struct primitive primitives[] = {
    {"coroutine-switch", "switch", "cpu", "into a coroutine or out of it",
     switching_turns, 1},
    {"coroutine-switch-10k", "switch", "cpu",
     "into a coroutine or out of it, 10,000 of them in turn", switching_turns,
     10000},
    {"swapcontext", "switch", "cpu", "the C library's switch of contexts",
     switching_ucontext, 0},
    {"coroutine-spawn", "task", "cpu",
     "a coroutine from start to end, on a stack used before", switching_spawn,
     0},
    {"coroutine-spawn-fresh", "task", "cpu",
     "a coroutine's start on a new guarded stack", switching_spawn_fresh, 0},
    {"thread-create-join", "task", "wall", "a thread from start to end",
     tasks_thread, 0},
    {"fork-wait", "task", "wall", "a process forked, ended and waited for",
     tasks_fork, 0},
    {"fork-wait-64mib", "task", "wall",
     "a process with 64 MiB more forked, ended and waited for", tasks_fork, 64},
    HANDOVER("futex", handover_futex, "a thread woken through a futex"),
    HANDOVER("pipe", handover_pipe, "a thread woken through a pipe"),
    HANDOVER("epoll", handover_epoll,
             "a thread woken from epoll_wait through an eventfd"),
    {"timer-set-cancel", "timer", "cpu",
     "into the loop's heap of 10,000 and out", basics_timer, 10000},
    {"timerfd-set-cancel", "timer", "cpu", "a timerfd armed and disarmed",
     basics_timerfd, 0},
    {"syscall", "kernel", "cpu", "a system call that does nothing",
     basics_syscall, 0},
    {"clock", "kernel", "cpu", "reading CLOCK_MONOTONIC", basics_clock, 0},
    {"page-touch", "kernel", "cpu", "the first write to a page", basics_touch,
     0},
    {0},
};

enum { PRIMITIVES = sizeof primitives / sizeof primitives[0] - 1 };

const char *primitives_why(int error)
{
    if (error == -ENOTSUP)
        return "not possible here: it takes two CPUs, or a build without "
               "sanitizers";
    return strerrordesc_np(-error) ? strerrordesc_np(-error) : "unknown error";
}

/* Runs a primitive on one CPU, since a migration would count as its cost.
 * Hand-overs choose their CPUs themselves. */
static int64_t run(const struct primitive *primitive, const cpu_set_t *all,
                   int64_t operations)
{
    cpu_set_t one;
    int64_t result;
    int cpu = 0;

    if (!strcmp(primitive->group, "handover"))
        return primitive->run(operations, primitive->variant);
    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, all))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) < 0)
        return -errno;
    result = primitive->run(operations, primitive->variant);
    sched_setaffinity(0, sizeof *all, all);
    return result;
}

/* Finds how many operations fill the budget, which is a warm-up as well. */
static void calibrate(const struct primitive *primitive, const cpu_set_t *all,
                      int64_t budget_ns, struct primitive_result *result)
{
    int64_t operations = 2;

    for (;;) {
        int64_t took_ns = run(primitive, all, operations);
        if (took_ns < 0) {
            result->error = (int)took_ns;
            return;
        }
        if (took_ns >= budget_ns / 2 || operations > INT32_MAX / 4)
            break;
        /* Grow step by step, because the first operations are slow. */
        operations *= took_ns >= budget_ns / 8 ? 2 : 4;
    }
    result->operations = operations;
}

static void measure(const struct primitive *primitive, const cpu_set_t *all,
                    struct primitive_result *result)
{
    int64_t took_ns;

    if (result->operations == 0 || result->error < 0)
        return;
    took_ns = run(primitive, all, result->operations);
    if (took_ns < 0)
        result->error = (int)took_ns;
    else
        result->ns[result->repetitions++] =
            (double)took_ns / (double)result->operations;
}

/* Interpolates linearly between the neighbours (type 7 of Hyndman and Fan,
 * Sample Quantiles in Statistical Packages, 1996). */
static double quantile(const double *sorted, int count, double p)
{
    double at = p * (count - 1);
    int below = (int)at;

    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

static void summarise(struct primitive_result *result)
{
    double sorted[PRIMITIVES_REPETITIONS_MAX];
    int count = result->repetitions;

    if (result->error < 0)
        result->repetitions = count = 0;
    if (count == 0)
        return;
    memcpy(sorted, result->ns, (size_t)count * sizeof sorted[0]);
    qsort(sorted, (size_t)count, sizeof sorted[0], statistics_ascending);
    result->median_ns = quantile(sorted, count, 0.5);
    result->lower_ns = quantile(sorted, count, 0.25);
    result->upper_ns = quantile(sorted, count, 0.75);
    result->min_ns = sorted[0];
    result->max_ns = sorted[count - 1];
}

int primitives_run(const bool *chosen, int repetitions, int64_t budget_ns,
                   struct primitive_result *results)
{
    cpu_set_t all;

    if (sched_getaffinity(0, sizeof all, &all) < 0)
        return -errno;
    memset(results, 0, PRIMITIVES * sizeof *results);
    for (int i = 0; i < PRIMITIVES; i++)
        if (chosen[i])
            calibrate(&primitives[i], &all, budget_ns, &results[i]);
    for (int repetition = 0; repetition < repetitions; repetition++)
        for (int step = 0; step < PRIMITIVES; step++) {
            int at = (step + repetition * 5) % PRIMITIVES;
            int i = repetition % 2 == 0 ? at : PRIMITIVES - 1 - at;
            measure(&primitives[i], &all, &results[i]);
        }
    for (int i = 0; i < PRIMITIVES; i++)
        summarise(&results[i]);
    return 0;
}
