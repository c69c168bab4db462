/* SPDX-License-Identifier: MIT
 *
 * A trial's slices, the figures that are made of their counted parts, and
 * both as docs/results.md describes them.
 */
#pragma once

#include <jansson.h>

#include "trial.h"

/* One stay of the load with a server. Unknown: -1. */
struct slice {
    int64_t started_ns;  /* since the block's window opened */
    int64_t counted_ns;  /* length of the part that counts, its end */
    int64_t late_ns;     /* how far off its edges CPU was read, at worst */
    uint64_t completed;  /* right answers in the counted part */
    int64_t cpu_ns;      /* of the server's tree in it */
    int64_t idle_cpu_ns; /* of all the other servers together in it */
};

/* Whether CPU was read near enough to the edges of the counted part. How late a
 * reading was is the clock's word, and has nothing to do with what it says. */
bool slice_sampled(const struct slice *slice);

struct trial_slices {
    int count;
    int64_t slice_ns; /* of the plan, the discarded part included */
    struct slice rows[];
};

/* [{started_ns, counted_ns, completed, cpu_ns, idle_cpu_ns}]; null where there
 * are none. */
json_t *slices_json(const struct trial_slices *slices);

/* Right answers per second of all counted parts. */
double slices_per_s(const struct trial_slices *slices);

/* CPU per right answer; -1: unknown. */
int64_t slices_cpu_per_request_ns(const struct trial_slices *slices);
