/* SPDX-License-Identifier: MIT
 *
 * Slice mode of a load point.
 */
#pragma once

#include <stdbool.h>

#include "expansion.h"

/* Takes the keys of slice mode into point->slicing, or refuses them where the
 * cell has another mode (on: it has this one). The workload's arguments are
 * set. Returns 0 or -EINVAL. */
int expand_slices_take(const struct expansion *expansion, bool on,
                       struct load_point *point);
