/* SPDX-License-Identifier: MIT
 *
 * Which executors compute: their order on the cores, the token, stalls.
 */
#pragma once

#include "state.h"

/* Returns 0 or -ENOMEM. */
int cores_prepare(struct engine *engine);
/* The executor has remaining_ns of work. */
void cores_compute(struct engine *engine, int executor);
/* Handles the event of a core. Returns the executor whose piece of work is
 * done and which is still on its core, until cores_settle; or NONE. */
int cores_event(struct engine *engine, const struct event *event);
/* Lets that executor go on with its next piece, or frees its core. */
void cores_settle(struct engine *engine, int executor);
void cores_token_event(struct engine *engine, const struct event *event);
void cores_stall_event(struct engine *engine, const struct event *event);
/* Brings computed_ns up to now. */
void cores_look(struct engine *engine);
