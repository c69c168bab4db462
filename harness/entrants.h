/* SPDX-License-Identifier: MIT
 *
 * Which models take part at a load point, and with how many workers.
 */
#pragma once

#include "cell.h"

/* Fills point->models and point->model_workers from the cell's `models`,
 * `workers` and `workers.MODEL`; point->workload and point->workers are set.
 * A model that exists but cannot take part (not built, lacks the workload) is
 * left out with a note, unless no model remains. Returns 0 or -EINVAL. */
int entrants_choose(const struct reader *reader, const struct cell *cell,
                    struct load_point *point);
