/* SPDX-License-Identifier: MIT
 *
 * The ceiling: the rate that the null server reaches, which is the most that
 * load generator, kernel and HTTP can do. A rate above 70 % of the ceiling says
 * more about them than about the model. Such a rate is a lower bound
 * ("generator-bound"), and two such rates cannot be told apart.
 *
 * A ceiling is measured when a rate first comes near one, and then kept for all
 * trials of the run with that placement, number of connections, churn and
 * answer size.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/server/models.h"
#include "harness/trial/trial.h"

/* The ceiling of a trial that was carried out, in requests per second. 0: the
 * trial's rate is nowhere near one, or there is no null server. `known` is the
 * run's array of ceilings, to which a new one is added. */
double ceiling_of(json_t *known, const struct model_info *models,
                  const struct trial_spec *spec, const struct trial *trial);
