/* SPDX-License-Identifier: MIT
 *
 * When each request of an open loop is due. The schedule follows from a seed
 * alone and is computed before the load starts. The whole load has one
 * schedule; process p of n owns every n-th entry from the p-th on, so the union
 * does not depend on n.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "load.h"

/* The largest burst; the size of a name of arrivals with its terminating null.
 */
enum { LOAD_BURST_MAX = 10000, LOAD_ARRIVALS_TEXT = 24 };

/* load_start refuses more entries, which would need too much memory. */
#define LOAD_SCHEDULE_MAX 100e6

/* One process's part of a schedule. */
struct load_schedule {
    int64_t *due_ns; /* ascending, counted from the start of the warm-up */
    size_t count;
};

/* The rate at which requests are due at a time, counted from the start of the
 * warm-up. */
double load_schedule_rate(const struct load_spec *spec, double at_ns);

/* Checks that the spec's arrivals fit into a schedule. Returns 0, or -E2BIG
 * with a sentence in `why` that names the limit. */
int load_schedule_check(const struct load_spec *spec, char *why, size_t size);

/* Builds process `process`'s part of the spec's arrivals over warm-up and
 * window. Entry k is request number process + k * processes of the load.
 * Returns 0 or -ENOMEM. */
int load_schedule_make(const struct load_spec *spec, int process, int processes,
                       struct load_schedule *schedule);

/* Parses the name of an arrival process as users write it: "poisson",
 * "uniform", "burst:8". Returns 0, or -EINVAL for anything else. */
int load_schedule_parse(const char *text, enum load_arrivals *arrivals,
                        int *burst);

/* Formats the name of an arrival process as load_schedule_parse takes it.
 * Returns text. */
char *load_schedule_name(enum load_arrivals arrivals, int burst, char *text,
                         size_t size);

/* The default number of connections of an open loop: four times what its
 * requests need, which take `wait_ns` and 50 ms each, or what a burst needs if
 * that is more; at least 16 and at most 10,000. */
int load_schedule_connections(double rate_per_s, int burst, int64_t wait_ns);

void load_schedule_free(struct load_schedule *schedule);
