/* SPDX-License-Identifier: MIT */
#include "rung.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "harness/arithmetic/statistics.h"

static double median_of(const struct turn *turns, int count, size_t member)
{
    double values[RUNG_TURNS];
    int known = 0;

    for (int i = 0; i < count; i++) {
        double value =
            *(const double *)(const void *)((const char *)&turns[i] + member);
        if (isfinite(value))
            values[known++] = value;
    }
    qsort(values, (size_t)known, sizeof values[0], statistics_ascending);
    return known == 0       ? NAN
           : known % 2 == 1 ? values[known / 2]
                            : (values[known / 2 - 1] + values[known / 2]) / 2;
}

#define MEDIAN(rung, member)                                                   \
    median_of((rung)->turns, (rung)->turn_count, offsetof(struct turn, member))

/* The median wait of the turns, since what is taken off belongs to the turn. */
static double wait_of(const struct rung *rung, double path_ns)
{
    struct turn waits[RUNG_TURNS];

    for (int i = 0; i < rung->turn_count; i++) {
        const struct turn *turn = &rung->turns[i];
        waits[i] = *turn;
        waits[i].response_ns -= path_ns;
        if (isfinite(turn->cpu_ns))
            waits[i].response_ns -= turn->cpu_ns;
        if (isfinite(turn->ready_ns))
            waits[i].response_ns -= turn->ready_ns;
    }
    return median_of(waits, rung->turn_count,
                     offsetof(struct turn, response_ns));
}

void rung_settle(struct rung *rung, double path_ns)
{
    rung->per_s = MEDIAN(rung, per_s);
    rung->response_ns = MEDIAN(rung, response_ns);
    rung->cpu_ns = MEDIAN(rung, cpu_ns);
    rung->ready_ns = MEDIAN(rung, ready_ns);
    rung->busy_cpus = MEDIAN(rung, busy_cpus);
    rung->wait_ns = wait_of(rung, path_ns);
    rung->per_s_most = NAN;
    rung->ok = rung->failed = 0;
    for (int i = 0; i < rung->turn_count; i++) {
        rung->per_s_most = fmax(rung->per_s_most, rung->turns[i].per_s);
        rung->ok += rung->turns[i].ok;
        rung->failed += rung->turns[i].failed;
    }
}
