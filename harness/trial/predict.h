/* SPDX-License-Identifier: MIT
 *
 * What the laws say of a trial, and what became of it.
 */
#pragma once

#include <jansson.h>

#include "trial.h"

/* Makes trial->prediction from what is known before the load begins: the spec,
 * the server's CPUs and workers, the bare ceiling (zero where none was taken).
 * It goes to the disk as a line of spec->predictions, so that nobody need
 * believe that it came first. Returns 0, or a negative errno with the reason in
 * trial->failure. */
int trial_predict(const struct trial_spec *spec, struct trial *trial);

/* "prediction" of a trial: what was made, and what became of it; null where no
 * law speaks. */
json_t *trial_predict_json(const struct trial_spec *spec,
                           const struct trial *trial, double throughput);
