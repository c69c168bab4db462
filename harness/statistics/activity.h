/* SPDX-License-Identifier: MIT
 *
 * Where the CPU time of a request goes: per cell what was counted for one
 * request, per pair of contenders the gap between them and what explains it.
 * Reads and writes JSON as docs/results.md describes it.
 */
#pragma once

#include <jansson.h>

/* Sets "activity" of the run from the trials (an array of trial objects, any
 * order), with the prices of the run's "primitives" where it has them. Returns
 * 0 or -ENOMEM. */
int activity_make(json_t *run, const json_t *trials);
