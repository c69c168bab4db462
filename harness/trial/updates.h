/* SPDX-License-Identifier: MIT
 *
 * What became of updates that tasks made to something shared, where the
 * workload has some: the server counts, its GET /stats tells.
 */
#pragma once

#include <jansson.h>

#include "steps.h"

/* Asks the server, from its start on, where the workload counts. Unknown where
 * it does not tell. */
void trial_updates_read(struct stage *stage);

/* {"made", "kept"}, or null. */
json_t *trial_updates_json(const struct trial_updates *updates);
