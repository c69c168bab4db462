/* SPDX-License-Identifier: MIT
 *
 * A machine that others use: who they are, and a wait until they are done. A
 * run does not measure the same trial again and again beside them.
 */
#pragma once

#include "attempt.h"

/* Whether others used the machine in this attempt (a trial's JSON). */
bool busy_was(const json_t *trial);

/* After such an attempt, which took so long, where a wait is wanted: names
 * those that use most, and returns 0 as soon as the machine is quiet; -EBUSY
 * when it has not become so within options->wait_ns, or when more than half of
 * the run's announced time was lost that way; -EINTR when the run is to stop.
 */
int busy_wait(struct run *run, int64_t attempt_ns);
