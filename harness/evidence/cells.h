/* SPDX-License-Identifier: MIT
 *
 * What a run's own cells say of forecasts: each cell whose work a forecast
 * knows is a service, and its levels stand beside the forecast for it. From a
 * run a decision takes constants, where there are none of its machine, the
 * errors of forecasts, and the load point that is nearest to the profile.
 */
#pragma once

#include "evidence.h"
#include "harness/predict/forecast.h"

/* The fingerprint of the run's machine; "unknown", if the run has none. */
const char *cells_fingerprint(const json_t *run);

/* The service and workers of a trial's cell. False: no forecast is about it,
 * since its workload, its mode or a second load beside it is in no model. */
bool cells_service(const json_t *run, const json_t *trial,
                   const struct machine *machine, struct service *service,
                   int *workers);

/* Makes another machine's constants this run's: times are multiplied by what
 * the run's cells cost over what they are forecast to cost, model by model, and
 * the time of a step of work is the run's own. Returns how many models have
 * cells; of the others the middle of these is taken. */
int cells_scale(const json_t *run, const json_t *trials,
                struct machine *machine);

/* The cells beside their forecasts, in the form of validation.json. A new
 * object. */
json_t *cells_validation(const json_t *run, const json_t *trials,
                         const struct machine *machine);

/* The trials at the load point of the experiment that is nearest to the
 * service, if it is near: no quantity differs by more than a factor of 1.25.
 * Without such a one `evidence` has no model. */
void cells_evidence(const json_t *run, const json_t *trials,
                    const char *experiment, const struct service *service,
                    const struct machine *machine, struct evidence *evidence);
