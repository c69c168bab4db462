/* SPDX-License-Identifier: MIT
 *
 * How a load point is loaded: mode, rate, connections, times, and the second
 * load beside it. Each returns 0 or -EINVAL.
 */
#pragma once

#include "expansion.h"

/* Mode, arrivals, rate and connections; point->workload and its arguments are
 * set. */
int expand_load_take(const struct expansion *expansion,
                     struct load_point *point);

/* Placement, warm-up, window, timeout, pause. */
int expand_load_times(const struct expansion *expansion,
                      struct load_point *point);

/* The second load of the whole cell, into expansion->beside. */
int expand_load_beside(struct expansion *expansion);
