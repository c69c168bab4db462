/* SPDX-License-Identifier: MIT
 *
 * A trial as JSON, as docs/results.md says. What is unknown is null, what is
 * a count or a time in ns is an integer, no number is NaN.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "harness/base/json.h"
#include "harness/experiment/json_cell.h"
#include "harness/gate/gate.h"
#include "harness/trial/trial.h"
#include "plan.h"

/* The whole trial. The caller owns the object; NULL when out of memory. */
json_t *trial_json(const char *run_id, const struct plan *plan,
                   const struct planned_trial *planned, int attempt,
                   const struct trial_spec *spec, const struct trial *trial,
                   const struct gate *gates, int gate_count);
