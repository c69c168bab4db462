/* SPDX-License-Identifier: MIT
 *
 * The difference that matters, metric by metric: what the experiment declares,
 * or what the machine cannot resolve, whichever is larger. And which metrics
 * an experiment is judged by: the set declared before anything was measured.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/figures/metric.h"

/* Throughput, capacity, p99, memory and CPU per request; all others are
 * exploratory. */
bool margin_is_primary(const struct metric *metric);

/* What the experiment (of run.json) declares for the metric. */
double margin_declared(const json_t *experiment, const struct metric *metric);
