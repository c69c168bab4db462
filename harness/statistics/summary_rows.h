/* SPDX-License-Identifier: MIT
 *
 * Finding a row in a run's summary or among its comparisons.
 */
#pragma once

#include <jansson.h>

/* The summary row or the comparison of these, or NULL. A comparison is found
 * in the order given alone (a, b). */
json_t *summary_row(const json_t *run, const char *experiment,
                    const char *load_point, const char *model,
                    const char *metric);
json_t *summary_comparison(const json_t *run, const char *experiment,
                           const char *load_point, const char *metric,
                           const char *a, const char *b);
