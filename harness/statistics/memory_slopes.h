/* SPDX-License-Identifier: MIT
 *
 * The memory cost of one more connection, request in flight or task, by kind of
 * memory: from the trials of a section whose load points differ in connections,
 * or in the tasks that each request starts. docs/results.md describes the JSON
 * that is read and written.
 */
#pragma once

#include <jansson.h>

/* Sets "slopes" of the run from the trials (an array of trial objects, any
 * order). Returns 0 or -ENOMEM. */
int memory_slopes_make(json_t *run, const json_t *trials);
