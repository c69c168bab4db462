/* SPDX-License-Identifier: MIT
 *
 * When each request of an open loop is due: decided before the load starts,
 * by a seed alone. The schedule of the whole load is one sequence; process p
 * of n owns every n-th entry from the p-th on, so the union is the same
 * whatever n is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "load.h"

/* The largest burst; a name of arrivals with its end. */
enum { LOAD_BURST_MAX = 10000, LOAD_ARRIVALS_TEXT = 24 };

/* More would not fit into memory reasonably: load_start refuses. */
#define LOAD_SCHEDULE_MAX 100e6

/* One process's part. */
struct load_schedule {
    int64_t *due_ns; /* ascending, counted from the start of the warm-up */
    size_t count;
};

/* Whether the spec's arrivals can be held. Returns 0, or -E2BIG with a sentence
 * in `why` that names the limit. */
int load_schedule_check(const struct load_spec *spec, char *why, size_t size);

/* Builds process `process`'s part of the spec's arrivals over warm-up and
 * window. Entry k is request number process + k * processes of the load.
 * Returns 0 or -ENOMEM. */
int load_schedule_make(const struct load_spec *spec, int process, int processes,
                       struct load_schedule *schedule);

/* The name of a way to arrive, as users write it: "poisson", "uniform",
 * "burst:8". Returns 0, or -EINVAL for anything else. */
int load_schedule_parse(const char *text, enum load_arrivals *arrivals,
                        int *burst);

/* The name of these arrivals, as load_schedule_parse takes it. Returns text. */
char *load_schedule_name(enum load_arrivals arrivals, int burst, char *text,
                         size_t size);

/* Connections for an open loop where nobody says how many: what its requests,
 * which take `wait_ns` and some delay, and its bursts need, four times over. */
int load_schedule_connections(double rate_per_s, int burst, int64_t wait_ns);

void load_schedule_free(struct load_schedule *schedule);
