/* SPDX-License-Identifier: MIT
 *
 * run.json as it is before the first trial: plan, experiments, models,
 * environment. summary.c adds summary, comparisons and tally.
 */
#pragma once

#include <jansson.h>

#include "harness/server/models.h"
#include "plan.h"

/* Takes the reference to `environment`. The caller owns the object; NULL: out
 * of memory. */
json_t *run_json(const char *run_id, const char *command,
                 const struct plan *plan, json_t *environment);

/* A load point as run.json has it. The caller owns the object. */
json_t *run_json_load_point(const struct load_point *point);

/* Appends the plan's trials from index `from` on to `plan` of run.json. */
void run_json_add_plan(json_t *run, const struct plan *plan, int from);

/* The second load of a load point; null: there is none. */
json_t *run_json_beside(const struct beside *beside);

/* Sets "primitives" of the run, the cost of switches, tasks and system calls on
 * this machine, from the newest DIRECTORY/../primitives-*.json of an equal
 * environment. If there is none, the run keeps its value, or gets null. */
void run_json_add_primitives(const char *directory, json_t *run);
