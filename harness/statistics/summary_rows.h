/* SPDX-License-Identifier: MIT
 *
 * Finding things in a run.json: its load points, a row of its summary or of its
 * comparisons.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* The summary row or the comparison of these, or NULL. A comparison is found
 * in the order given alone (a, b). */
json_t *summary_row(const json_t *run, const char *experiment,
                    const char *load_point, const char *model,
                    const char *metric);
json_t *summary_comparison(const json_t *run, const char *experiment,
                           const char *load_point, const char *metric,
                           const char *a, const char *b);

/* One experiment's load point: (load_point, experiment) objects of run.json.
 * Walks all of them; stops when the function returns non-zero and returns
 * that. */
int summary_each_point(const json_t *run,
                       int (*visit)(const json_t *experiment,
                                    const json_t *point, void *context),
                       void *context);

/* Whether a model is none of those that are compared, but a measure for them.
 */
bool summary_is_yardstick(const json_t *run, const char *model);
