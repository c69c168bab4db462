/* SPDX-License-Identifier: MIT
 *
 * A trial's slices as docs/results.md describes them, and the figures that are
 * made of their counted parts.
 */
#pragma once

#include <jansson.h>

#include "slices.h"

/* {"count", "slice_ns", "discard_ns"}. */
json_t *slices_plan_json(const struct slicing *slicing);

/* [{started_ns, counted_ns, completed, cpu_ns, idle_cpu_ns}]; null where there
 * are none. */
json_t *slices_json(const struct trial_slices *slices);

/* Right answers per second of all counted parts. */
double slices_per_s(const struct trial_slices *slices);

/* CPU per right answer; -1: unknown. */
int64_t slices_cpu_per_request_ns(const struct trial_slices *slices);
