/* SPDX-License-Identifier: MIT
 *
 * What run.json says before the first trial: plan, experiments, models,
 * environment. Summary, comparisons and tally are added by summary.c.
 */
#pragma once

#include <jansson.h>

#include "harness/server/models.h"
#include "plan.h"

/* The caller owns the object; NULL when out of memory. Takes the reference
 * to `environment`. */
json_t *run_json(const char *run_id, const char *command,
                 const struct plan *plan, json_t *environment);

/* A load point as run.json has it. The caller owns the object. */
json_t *run_json_load_point(const struct load_point *point);

/* Sets "primitives" of the run, what switches, tasks and system calls cost on
 * this machine, from the newest DIRECTORY/../primitives-*.json of the same
 * environment. Without one the run keeps what it has, or null. */
void run_json_add_primitives(const char *directory, json_t *run);
