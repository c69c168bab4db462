/* SPDX-License-Identifier: MIT
 *
 * How fast the machine usually was in a cell: what a trial's own speed is held
 * to. Of the same cell, because a busy neighbouring hyperthread is part of the
 * load, and slows the reference work as well.
 */
#pragma once

#include <jansson.h>

/* The median of platform.speed_per_us in the cell's valid trials; 0 when there
 * are fewer than three. */
double run_speed_usual(const json_t *trials, const char *experiment,
                       const char *load_point, const char *model);
