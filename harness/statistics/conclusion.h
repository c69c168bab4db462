/* SPDX-License-Identifier: MIT
 *
 * The last lines of a run on stdout: who led, by how much, how sure, and which
 * models cannot be told apart; then how many trials were valid, how noisy the
 * machine was, where the files are and what to do next.
 */
#pragma once

#include <jansson.h>

#include "harness/results/results.h"

/* `trials` are those of the run. They are needed for soaks, whose drift is told
 * trial by trial. */
void conclusion_print(const struct results *results, const json_t *run,
                      const json_t *trials);
