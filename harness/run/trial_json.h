/* SPDX-License-Identifier: MIT
 *
 * A trial as JSON (docs/results.md). An unknown value is null, a count or a
 * time in ns is an integer, and no number is NaN.
 */
#pragma once

#include <jansson.h>

#include "harness/gate/gate.h"
#include "harness/trial/trial.h"
#include "plan.h"

/* The whole trial. The caller owns the object; NULL: out of memory. */
json_t *trial_json(const char *run_id, const struct plan *plan,
                   const struct planned_trial *planned,
                   const struct trial_spec *spec, const struct trial *trial,
                   const struct gate *gates, int gate_count);
