/* SPDX-License-Identifier: MIT
 *
 * From the trials of the experiment `calibrate` to the constants of each
 * model. Cells of that experiment differ from one another by one thing, so
 * that a constant is a difference of two figures over what they differ by; it
 * is made block by block, and its interval is of the blocks (Student's t).
 */
#pragma once

#include <jansson.h>

#include "harness/predict/constants.h"

/* Fills machine->models from the valid trials: of each model named in `models`
 * (facts of each are there already), the constants whose cells it has. Returns
 * 0, or -EINVAL where no model has even the cost of a request; `why`
 * names what is missing. */
int fit_constants(const json_t *trials, struct machine *machine, char *why,
                  size_t why_size);
