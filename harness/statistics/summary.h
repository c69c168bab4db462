/* SPDX-License-Identifier: MIT
 *
 * From stored trials to figures with intervals and verdicts. Reads and writes
 * JSON as docs/results.md describes it, so that a run that just ended, a
 * resumed one and an old one are summarised by the same code.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Sets "summary", "comparisons", "tally" and "noise" of the run from the
 * trials (an array of trial objects, any order). Returns 0 or -ENOMEM. */
int summary_make(json_t *run, const json_t *trials);

/* The long form: experiment,load_point,model,metric,block,trial,value,valid.
 * The caller frees the text; NULL when out of memory. */
char *summary_csv(const json_t *trials);

/* One experiment's load point: (load_point, experiment) objects of run.json.
 * Walks all of them; stops when the function returns non-zero and returns
 * that. */
int summary_each_point(const json_t *run,
                       int (*visit)(const json_t *experiment,
                                    const json_t *point, void *context),
                       void *context);
