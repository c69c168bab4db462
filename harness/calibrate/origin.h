/* SPDX-License-Identifier: MIT
 *
 * Whether what is stored is of this machine: a run from which constants are
 * fitted, or constants with which this machine is validated.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/predict/constants.h"

/* Whether the run gives constants of the machine that `here` describes
 * (environment_capture): it measured the experiment `calibrate` and nothing
 * else, on the same machine, kernel and build. False: `why` says what it is
 * instead, and what to do. */
bool origin_check_run(const json_t *run, const json_t *here, char *why,
                      size_t why_size);

/* Whether the constants are of the machine that `here` describes. False: `why`
 * names both. */
bool origin_check_constants(const struct machine *machine, const json_t *here,
                            char *why, size_t why_size);
