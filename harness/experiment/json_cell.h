/* SPDX-License-Identifier: MIT
 *
 * A cell as JSON (docs/results.md): its work and its load.
 */
#pragma once

#include <jansson.h>

#include "experiment.h"

/* The workload's parameters with units in their names: {"delay_ns": ...}; lists
 * are arrays. */
json_t *json_parameters(const struct parameter *table,
                        const struct arguments *arguments);

/* The model's own flags with their values: {"stack_bytes": 65536}. `choice`
 * holds those that the experiment sets (settings.h); NULL: none. */
json_t *json_settings(const struct model_info *model, const char *choice);

/* The canonical query without a seed. */
json_t *json_query(const struct workload_entry *workload,
                   const struct arguments *arguments);

/* {"mode", "connections", "rate_per_s", "arrivals", "think_ns"}, and what the
 * mode adds. */
json_t *json_load(const struct load_point *point);
