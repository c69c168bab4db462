/* SPDX-License-Identifier: MIT
 *
 * The requests of a simulation: they arrive, take their steps and end.
 */
#pragma once

#include "state.h"

/* From the first arrival to the last end. Returns 0 or -ENOMEM. */
int engine_run(struct engine *engine);
void engine_free(struct engine *engine);
