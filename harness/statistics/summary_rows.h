/* SPDX-License-Identifier: MIT
 *
 * Finding things in a run.json: load points, rows of the summary, comparisons.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* The summary row, or the comparison of a with b (not of b with a); or NULL. */
json_t *summary_row(const json_t *run, const char *experiment,
                    const char *load_point, const char *model,
                    const char *metric);
json_t *summary_comparison(const json_t *run, const char *experiment,
                           const char *load_point, const char *metric,
                           const char *a, const char *b);

/* Calls `visit` for every load point of every experiment of the run. Stops when
 * it returns non-zero, and returns that. */
int summary_each_point(const json_t *run,
                       int (*visit)(const json_t *experiment,
                                    const json_t *point, void *context),
                       void *context);

/* Whether the model is a yardstick, which is not compared. */
bool summary_is_yardstick(const json_t *run, const char *model);
