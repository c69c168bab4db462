/* SPDX-License-Identifier: MIT
 *
 * What one more connection, request in flight or task costs in memory, by
 * kind: from the trials of a section whose load points differ in connections,
 * or in the tasks that each request starts.
 * Reads and writes JSON as docs/results.md describes it.
 */
#pragma once

#include <jansson.h>

/* Sets "slopes" of the run from the trials (an array of trial objects, any
 * order). Returns 0 or -ENOMEM. */
int memory_slopes_make(json_t *run, const json_t *trials);
