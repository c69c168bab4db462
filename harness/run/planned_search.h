/* SPDX-License-Identifier: MIT
 *
 * The searches of one load point and block, one per model, which take their
 * steps in turn. Each search becomes one trial: its figures are those of the
 * fastest step that passed, and `capacity` has the result and every step.
 */
#pragma once

#include "attempt.h"

/* Whether the planned trial is a search. */
bool planned_search_is(const struct run *run,
                       const struct planned_trial *planned);

/* Does the searches of planned trials of one load point and block, and stores
 * them. Returns 0 or a negative errno: -EINTR stopped (none of the searches is
 * kept), others: not stored. */
int planned_search_do(struct run *run,
                      const struct planned_trial *const *planned, int count);
