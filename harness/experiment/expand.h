/* SPDX-License-Identifier: MIT
 *
 * From a cell to its load points.
 */
#pragma once

#include <stdbool.h>

#include "cell.h"

/* Expands and checks the cell, and adds its load points to the experiment.
 * Returns 0, -EINVAL or -ENOMEM. */
int expand_cell(const struct reader *reader, const struct cell *cell);

/* Whether the cell's workload, which may be its default, was not built for
 * want of a package; then notes so. Nobody knows such a workload's
 * parameters: ask before the cell's entries are read. */
bool expand_leaves_out(const struct reader *reader, const struct cell *cell,
                       int section);
