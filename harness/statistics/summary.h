/* SPDX-License-Identifier: MIT
 *
 * From stored trials to figures with intervals and verdicts. The JSON that is
 * read and written is described in docs/results.md, so one code summarises a
 * run that just ended, a resumed one and an old one.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Sets "summary", "comparisons", "tally" and "noise" of the run from the
 * trials (an array of trial objects, any order). Returns 0 or -ENOMEM. */
int summary_make(json_t *run, const json_t *trials);

/* One line per value:
 * experiment,load_point,model,metric,block,trial,value,valid. The caller frees
 * the text; NULL when out of memory. */
char *summary_csv(const json_t *trials);

/* Sets `headline` in every load point of the run, once the summary is made: the
 * name of the metric that the load point is about. The last lines of a run and
 * the first lines of a report tell this metric. It is chosen here, once, and
 * stored; readers of results take it from there. */
void summary_headlines(json_t *run);
