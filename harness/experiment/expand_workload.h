/* SPDX-License-Identifier: MIT
 *
 * The workload that a cell names, and the cell's entries that are parameters
 * of it.
 */
#pragma once

#include "expansion.h"

/* Whether the cell's workload, which may be its default, was not built for
 * want of a package; then notes so. Nobody knows such a workload's
 * parameters: ask before the cell's entries are read. */
bool expand_workload_leaves_out(const struct reader *reader,
                                const struct cell *cell, int section);

/* The workload of that name, or NULL after an error with the nearest one. */
const struct workload_entry *expand_workload_find(const struct reader *reader,
                                                  const struct cell_text *name);

/* The cell's loose entries that are rows of this workload, with "beside." or
 * "" before their names; an entry of the cell itself (not a default) that is
 * no row is an error. Returns 0 or -EINVAL. */
int expand_workload_pick(const struct reader *reader, const struct cell *cell,
                         const struct workload_entry *workload,
                         const char *prefix, struct cell_text *given);

/* How long a request waits by itself. */
int64_t expand_workload_wait_ns(const struct workload_entry *entry,
                                const struct arguments *arguments);
