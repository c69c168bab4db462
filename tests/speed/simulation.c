/* SPDX-License-Identifier: MIT
 *
 * How fast the simulator is: the CPU time of a million requests, for wirings as
 * forecasts make them (`make bench-simulation`). The first argument is another
 * number of requests. The table has the middle one of five runs, and the p99
 * that was simulated, which a faster simulator must not change. What takes more
 * than two seconds for a million is called too slow.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/arithmetic/statistics.h"
#include "harness/simulate/wiring.h"
#include "models/runtime/base/clock.h"

enum { REQUESTS = 1000000, RUNS = 5 };

static const double MS = 1e6;

/* For a million requests. */
static const double GOAL_S = 2;

struct subject {
    const char *name;
    const char *what;
    struct wiring wiring;
    struct demand demand;
    struct arrivals arrivals;
    int cores;
    double stall_share;
};

#define VARIED                                                                 \
    {                                                                          \
        SHAPE_LOGNORMAL, 1                                                     \
    }
#define OPEN(per_s)                                                            \
    {                                                                          \
        .kind = ARRIVE_POISSON, .rate_per_s = (per_s), .burst = 1,             \
        .think_draw = -1                                                       \
    }
#define CLIENTS(n)                                                             \
    {                                                                          \
        .kind = ARRIVE_CLOSED, .connections = (n), .think_draw = -1            \
    }
/* Two calls of 10 ms each, and a millisecond of CPU in three pieces. */
#define TWO_CALLS                                                              \
    {                                                                          \
        .before_ns = 3e5, .between_ns = 3e5, .after_ns = 4e5,                  \
        .compute = VARIED, .wait_ns = 20e6, .wait = VARIED, .calls = 2         \
    }

static const struct subject subjects[] = {
    {"loop",
     "M/M/1 at 80 % load",
     {.discipline = DISCIPLINE_LOOP, .executors = 1},
     {.after_ns = 1e6, .compute = {SHAPE_EXPONENTIAL, 0}},
     OPEN(800),
     1,
     0},
    {"threads",
     "1,000 clients, a thread each, one call of 20 ms, 2 cores",
     {.discipline = DISCIPLINE_THREAD},
     {.before_ns = 5e5,
      .after_ns = 5e5,
      .compute = VARIED,
      .wait_ns = 20e6,
      .wait = VARIED,
      .calls = 1},
     CLIENTS(1000),
     2,
     0},
    {"pool",
     "32 workers, 2 calls, 2 cores at 60 % load",
     {.discipline = DISCIPLINE_WORKER, .executors = 32},
     TWO_CALLS,
     OPEN(1200),
     2,
     0},
    {"loops",
     "4 loops on 4 cores, 2 calls, 80 % load",
     {.discipline = DISCIPLINE_LOOP, .executors = 4, .resumed_first = true},
     TWO_CALLS,
     OPEN(3200),
     4,
     0},
    {"offload",
     "a loop and 8 threads for its work, 4 calls, 4 cores with stalls",
     {.discipline = DISCIPLINE_LOOP,
      .executors = 1,
      .offload_executors = 8,
      .resumed_first = true},
     {.before_ns = 2e4,
      .between_ns = 2e4,
      .after_ns = 2e4,
      .compute = VARIED,
      .wait_ns = 40e6,
      .wait = VARIED,
      .calls = 4,
      .offloaded_ns = 1e6},
     OPEN(3000),
     4,
     0.05},
    {"token",
     "100 clients, a thread each behind a token, one call of 20 ms",
     {.discipline = DISCIPLINE_THREAD, .token = true},
     {.before_ns = 5e5,
      .after_ns = 5e5,
      .compute = VARIED,
      .wait_ns = 20e6,
      .wait = VARIED,
      .calls = 1},
     CLIENTS(100),
     2,
     0},
};

/* Returns the CPU time of a run in seconds; negative: it was refused. */
static double run(const struct subject *subject, int64_t requests,
                  struct simulation_result *result)
{
    struct simulation simulation = {
        .arrivals = subject->arrivals,
        .cores = subject->cores,
        .order = ORDER_FAIR,
        .slice_ns = simulation_slice_ns(subject->cores),
        .tick_ns = 4 * MS,
        .token_ns = 5 * MS,
        .stall_share = subject->stall_share,
        .stall_ns = MS / 10,
        .seed = 1,
        .requests = requests,
        .warmup = requests / 20,
    };
    char why[128];
    int64_t from_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);

    if (wiring_apply(&simulation, &subject->demand, &subject->wiring) < 0 ||
        simulate(&simulation, result, why, sizeof why) < 0)
        return -1;
    return (double)(clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - from_ns) / 1e9;
}

int main(int argc, char **argv)
{
    int64_t requests = argc > 1 ? strtoll(argv[1], NULL, 10) : REQUESTS;

    printf("%-8s %9s %12s %12s  %s\n", "", "CPU, s", "requests/s", "p99, ms",
           "simulated");
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct simulation_result result;
        double took_s[RUNS];

        for (int r = 0; r < RUNS; r++)
            took_s[r] = run(&subjects[i], requests, &result);
        qsort(took_s, RUNS, sizeof *took_s, statistics_ascending);
        double middle_s = took_s[RUNS / 2];
        if (middle_s <= 0) {
            fprintf(stderr, "%s: %lld requests cannot be simulated\n",
                    subjects[i].name, (long long)requests);
            return 1;
        }
        printf("%-8s %9.3f %12.0f %12.6f  %s%s\n", subjects[i].name, middle_s,
               (double)requests / middle_s, result.p99_ns.value / MS,
               subjects[i].what,
               middle_s > GOAL_S * (double)requests / REQUESTS ? ": too slow"
                                                               : "");
    }
    return 0;
}
