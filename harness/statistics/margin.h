/* SPDX-License-Identifier: MIT
 *
 * The smallest difference that matters, for each metric: the margin that the
 * experiment declares, or the noise floor of the machine if that is larger.
 * Also the primary metrics, the set declared before anything was measured.
 *
 * The noise floor: a second copy of the baseline model, the same binary under
 * the name MODEL~, takes part in every block, and every difference between the
 * two is noise. The 95th percentile of these differences is the floor of a
 * metric. If verdicts call too many such pairs different, the verdicts of the
 * run cannot be trusted.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/figures/metric.h"
#include "harness/results/results.h"

/* Whether the metric is primary: throughput, capacity, p99, memory and CPU per
 * request are. All others are exploratory. */
bool margin_is_primary(const struct metric *metric);

/* Sets "noise_floor" of the run from its trials: null if no experiment has a
 * copy of its baseline. Returns 0 or -ENOMEM. */
int margin_floor_make(json_t *run, const json_t *trials);

/* The noise floor of an experiment's metric as a share (0.012); 0, or NAN from
 * the second, if there is none. */
double margin_floor(const json_t *run, const char *experiment,
                    const char *metric);
double margin_floor_known(const json_t *run, const char *experiment,
                          const char *metric);

/* Prints the noise floor at the end of a run; nothing without one. */
void margin_floor_print(const struct results *results, const json_t *run);

/* The margin that the experiment declares for the metric, or the noise floor of
 * the run if that is larger. */
double margin_of(const json_t *run, const json_t *experiment,
                 const struct metric *metric);
