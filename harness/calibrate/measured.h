/* SPDX-License-Identifier: MIT
 *
 * A run that a verb starts for its own purpose, and the run.json of one that is
 * stored. What goes wrong is told on stderr, as the verb's.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "harness/experiment/experiment.h"
#include "harness/run/run.h"

/* Runs experiments. The run's directory goes to `directory`, "" if there is
 * none. Returns the exit code of the run. */
int measured_run(const char *verb, char *const *experiments, int count,
                 struct run_options *options, char *directory, size_t size);

/* Goes on with a run that was stopped. Returns the exit code of the run. */
int measured_resume(const char *verb, const char *directory,
                    struct run_options *options);

/* The experiment of the run (its only one), with its models and targets.
 * experiment_free releases it. NULL: it was told what is wrong. */
struct experiment *measured_experiment(const char *verb, const char *directory,
                                       const json_t *run);

/* Reads and checks the run.json of `directory`, and tells if gates were
 * switched off. NULL: it was told what is wrong. */
json_t *measured_open(const char *verb, const char *directory);

/* Whether gates were switched off when the run was measured. */
bool measured_untrusted(const json_t *run);

/* The whole trials of that run. NULL: some are damaged, and were named. */
json_t *measured_trials(const char *verb, const char *directory,
                        const json_t *run);
