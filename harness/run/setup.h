/* SPDX-License-Identifier: MIT
 *
 * Everything that must be right before the first trial: experiments, plan,
 * limits, the build, the results directory. Each returns an exit code
 * (base/exit.h) with a sentence in `why`; nothing runs unless all is well.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "harness/results/results.h"
#include "harness/server/models.h"
#include "plan.h"
#include "run.h"

/* Reads and overrides the experiments; what is left out is said on stderr. */
int run_setup_experiments(char *const *names, int count,
                          const struct run_options *options,
                          const struct model_info *models,
                          struct experiment ***experiments, char *why,
                          size_t why_size);
void run_setup_free(struct experiment **experiments, int count);

/* Lays out the plan and checks it against the limits of this machine. */
int run_setup_plan(struct experiment **experiments, int count,
                   const struct run_options *options, struct plan *plan,
                   char *why, size_t why_size);

/* Starts the guardian, makes the run's directory, keeps copies of the
 * experiment files there, and builds run.json. */
int run_setup_results(const struct plan *plan,
                      const struct run_options *options,
                      struct results *results, json_t **run, char *why,
                      size_t why_size);

/* Writes where the run is to the file that was asked for, if one was. */
int run_setup_tell_file(const struct run_options *options,
                        const struct results *results, char *why,
                        size_t why_size);

/* Sets up --resume: experiments and overrides come from the run, and the
 * plan must be the one that was begun. Sets *count. */
int run_setup_again(const struct results *results, json_t *run,
                    const struct run_options *options,
                    const struct model_info *models,
                    struct experiment ***experiments, int *count,
                    struct plan *plan, char *why, size_t why_size);
