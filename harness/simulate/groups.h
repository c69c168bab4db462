/* SPDX-License-Identifier: MIT
 *
 * Who gets an executor of a group, and who queues for one.
 */
#pragma once

#include "state.h"

/* Makes the executors of limited groups. Returns 0 or -ENOMEM. */
int group_prepare(struct engine *engine);
/* Whether the request has the executor now; otherwise it queues. */
bool group_acquire(struct engine *engine, int request, int group);
/* The next request in the queue, if any, becomes runnable. */
void group_release(struct engine *engine, int request, int group);
