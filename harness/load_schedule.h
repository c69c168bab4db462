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

/* More would not fit into memory reasonably: load_start refuses. */
#define LOAD_SCHEDULE_MAX 100e6

/* One process's part. */
struct load_schedule {
    int64_t *due_ns; /* ascending, counted from the start of the warm-up */
    size_t count;
};

/* Builds process `process`'s part of the plan's arrivals over warm-up and
 * window. Entry k is request number process + k * processes of the load.
 * Returns 0 or -ENOMEM. */
int load_schedule_make(const struct load_plan *plan, int process, int processes,
                       struct load_schedule *schedule);

void load_schedule_free(struct load_schedule *schedule);
