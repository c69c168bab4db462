/* SPDX-License-Identifier: MIT
 *
 * Everything that must be right before the first trial: experiments, plan,
 * limits of the machine, build, directory of the results. Each function returns
 * an exit code (base/exit.h); if it is not EXIT_OK, the reason is in run->why.
 */
#pragma once

#include "attempt.h"

/* Reads the experiments, applies the overrides, and lays out the plan. Cells
 * that are left out are named on stderr. */
int setup_plan(struct run *run, char *const *names, int count);

/* Starts the guardian, creates the run's directory with copies of the
 * experiment files, and makes run->json. */
int setup_results(struct run *run);

/* Prepares a stored run, which is open and whose JSON is read, for going on:
 * experiments and overrides come from the run, and the plan must be the one
 * that was begun. */
int setup_resume(struct run *run);

/* Frees what the above have read. */
void setup_free(struct run *run);
