/* SPDX-License-Identifier: MIT
 *
 * The searches of one load point and block, one per model, step by step in
 * turn. Each ends as one trial: the measures are those of its fastest step
 * that passed, `capacity` holds the result and every step.
 */
#pragma once

#include "attempt.h"

/* Whether the planned trial is a search. */
bool planned_search_is(const struct run *run,
                       const struct planned_trial *planned);

/* Does the searches of the planned trials, which share load point and block,
 * and stores each. Returns 0 or a negative errno: -EINTR stopped (nothing of
 * the group is kept), others not stored. */
int planned_search_do(struct run *run,
                      const struct planned_trial *const *planned, int count);
