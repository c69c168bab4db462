/* SPDX-License-Identifier: MIT
 *
 * Is it the server? The null server, canned answers of the same size over as
 * many connections, shows what client, kernel and HTTP can do at most. A
 * figure above 70 % of it says more about them than about the model: it is a
 * lower bound, "generator-bound", and no two of them are told apart.
 *
 * Measured at most once per run for the same placement, connections and size
 * of the answer, the first time that a rate comes near.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/server/models.h"
#include "harness/trial/trial.h"

/* The ceiling of a trial that was carried out, in requests per second; 0 when
 * its rate is nowhere near one, or there is none to be had. `known` is the
 * run's array of ceilings, which grows. */
double ceiling_of(json_t *known, const struct model_info *models,
                  const struct trial_spec *spec, const struct trial *trial);
