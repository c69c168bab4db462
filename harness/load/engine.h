/* SPDX-License-Identifier: MIT
 *
 * The loop of one generator process.
 */
#pragma once

#include "drive.h"

/* Connects, waits for the beginning, drives the load to its end. Leaves the
 * result in the slot. Returns 0 or a negative errno. */
int load_engine_run(const struct load_task *task);
