/* SPDX-License-Identifier: MIT
 *
 * A trial as JSON, as docs/results.md says. What is unknown is null, what is
 * a count or a time in ns is an integer, no number is NaN.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "harness/experiment/json_cell.h"
#include "harness/gate/gate.h"
#include "harness/run/plan.h"
#include "harness/trial/trial.h"

/* null for a negative (unknown) value. */
json_t *json_known(int64_t value);

/* null for what is not finite. */
json_t *json_finite(double value);

/* The text; bytes that are not UTF-8 (a server's own words) become '?'. */
json_t *json_text(const char *text);

/* "2026-11-21T03:16:02Z". */
json_t *json_time(int64_t unix_s);

/* The whole trial. The caller owns the object; NULL when out of memory. */
json_t *trial_json(const char *run_id, const struct plan *plan,
                   const struct plan_trial *planned, int attempt,
                   const struct trial_plan *trial_plan,
                   const struct trial *trial, const struct gate *gates,
                   int gate_count);
