/* SPDX-License-Identifier: MIT
 *
 * Whether a stored run.json is the plan of a run at all: whatever summarises,
 * compares or goes on with a run relies on what is checked here.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* False, with what is wrong with which member in `why` ("experiments[0].name is
 * no text"), when it is none, or of another version of troika. */
bool stored_run_check(const json_t *run, char *why, size_t why_size);

/* False likewise when its summary is no list of levels: a figure is below zero,
 * or an interval's lower end above its level or upper end. */
bool stored_run_check_summary(const json_t *run, char *why, size_t why_size);

/* Of a folder whose run.json is missing or damaged: whether it is a run's at
 * all, and what to do about it. Writes to `why` the `problem` and its remedy. A
 * command that removes the folder is given only where nothing was measured,
 * nothing else than a run's files lies there, and the caller does not stand in
 * it. */
void stored_run_explain_lost(const char *directory, const char *problem,
                             char *why, size_t why_size);
