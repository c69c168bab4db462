/* SPDX-License-Identifier: MIT
 *
 * Ratios between load points: what a model's figure at one is over its figure
 * at the experiment's base, block by block. Does ten times the connections
 * double the latency? Do two workers do twice what one does? Comparisons are
 * between models at one load point; this is the other direction.
 */
#pragma once

#include <jansson.h>

/* Sets "across" of the run from the trials (an array of trial objects, any
 * order): a row per load point, model and metric of the experiments that name
 * a base. Returns 0 or -ENOMEM. */
int across_make(json_t *run, const json_t *trials);
