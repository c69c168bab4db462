/* SPDX-License-Identifier: MIT
 *
 * What the laws say of a trial, and what became of it.
 */
#pragma once

#include <jansson.h>

#include "trial.h"

/* From what is known before the window: the plan, the server's CPUs and
 * workers, the bare ceiling (zero where none was taken). */
void trial_predict(const struct trial_plan *plan, const struct trial *trial,
                   struct prediction *prediction);

/* "prediction" of a trial; null where no law speaks. */
json_t *trial_predict_json(const struct trial_plan *plan,
                           const struct trial *trial, double throughput);
