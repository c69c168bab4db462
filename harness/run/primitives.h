/* SPDX-License-Identifier: MIT
 *
 * What switches, tasks and system calls cost on this machine, as the newest
 * measurement beside the run has it.
 */
#pragma once

#include <jansson.h>

#include "harness/results/results.h"

/* Sets "primitives" of the run from the newest DIRECTORY/../primitives-*.json
 * of the same environment. Without one the run keeps what it has, or null. */
void run_primitives_add(const struct results *results, json_t *run);
