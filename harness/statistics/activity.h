/* SPDX-License-Identifier: MIT
 *
 * Where the CPU time of a request goes: for each cell the events per request,
 * for each pair of contenders the gap between them and its explanation.
 * docs/results.md describes the JSON that is read and written.
 */
#pragma once

#include <jansson.h>

/* Sets "activity" of the run from the trials (an array of trial objects, any
 * order), with the prices of the run's "primitives" where it has them. Returns
 * 0 or -ENOMEM. */
int activity_make(json_t *run, const json_t *trials);
