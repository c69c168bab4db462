/* SPDX-License-Identifier: MIT
 *
 * The difference that matters, metric by metric: what the experiment declares,
 * or what the machine cannot resolve, whichever is larger. And which metrics
 * an experiment is judged by: the set declared before anything was measured.
 *
 * What the machine cannot resolve is its noise floor: a second copy of the
 * baseline model, the same binary under the name MODEL~, takes part in every
 * block, and every difference between the two is noise. Its 95th percentile
 * widens the margin of each metric; and if the verdicts call such a pair
 * different too often, they are not to be trusted for the others.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/figures/metric.h"
#include "harness/results/results.h"

/* Throughput, capacity, p99, memory and CPU per request; all others are
 * exploratory. */
bool margin_is_primary(const struct metric *metric);

/* Sets "noise_floor" of the run from its trials: null where no experiment has
 * a copy. Returns 0 or -ENOMEM. */
int margin_floor_make(json_t *run, const json_t *trials);

/* The floor of an experiment's metric as a share (0.012); 0 without one. */
double margin_floor(const json_t *run, const char *experiment,
                    const char *metric);

/* Lines on the floor, for the end of a run; none without one. */
void margin_floor_print(const struct results *results, const json_t *run);

/* What the experiment declares for the metric, widened to the
 * run's noise floor where that is larger. */
double margin_of(const json_t *run, const json_t *experiment,
                 const struct metric *metric);
