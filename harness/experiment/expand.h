/* SPDX-License-Identifier: MIT
 *
 * From a cell to its load points.
 */
#pragma once

#include <stdbool.h>

#include "cell.h"

/* Expands and checks the cell and adds its load points to the experiment.
 * Returns 0, -EINVAL or -ENOMEM. */
int expand_cell(const struct reader *reader, const struct cell *cell);

/* Whether the cell is left out because its workload, which may be a default,
 * was not built for want of a package; then notes so. Ask before the entries of
 * the cell are taken, since the parameters of such a workload are unknown. */
bool expand_leaves_out(const struct reader *reader, const struct cell *cell,
                       int section);
