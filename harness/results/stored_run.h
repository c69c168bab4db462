/* SPDX-License-Identifier: MIT
 *
 * Whether a stored run.json is the plan of a run at all. Programs that
 * summarise, compare or resume a run rely on these checks.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* False, with the member and what is wrong with it in `why`
 * ("experiments[0].name is not a string"), if it is no plan or of another
 * version of troika. */
bool stored_run_check(const json_t *run, char *why, size_t why_size);

/* Also false, with a sentence in `why`, if its summary is no list of levels: a
 * figure is below zero, or the lower end of an interval is above its level or
 * its upper end. */
bool stored_run_check_summary(const json_t *run, char *why, size_t why_size);

/* Explains a folder whose run.json is missing or damaged: whether it is a run
 * at all, and what to do. Writes the `problem` and its remedy to `why`. A
 * command that removes the folder is given only if nothing was measured, if
 * nothing but files of a run is there, and if the caller is not in that
 * folder. */
void stored_run_explain_lost(const char *directory, const char *problem,
                             char *why, size_t why_size);
