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

/* Sets `headline` in every load point of the run, whose summary is made: the
 * name of the one metric that the load point is about, which a run's last lines
 * and a report's first ones tell. Chosen here, once, and stored; who reads
 * results takes it from there. */
void summary_headlines(json_t *run);
