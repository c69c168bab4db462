/* SPDX-License-Identifier: MIT
 *
 * A folder whose run.json is missing or damaged: whether it is a run's at all,
 * and what to do about it.
 */
#pragma once

#include <stddef.h>

/* Writes to `why` the `problem` with run.json and its remedy. A command that
 * removes the folder is given only where nothing was measured, nothing else
 * than a run's files lies there, and the caller does not stand in it. */
void lost_plan_explain(const char *directory, const char *problem, char *why,
                       size_t why_size);
