/* SPDX-License-Identifier: MIT
 *
 * One comparison in words: what is said about two models must follow from the
 * interval and the margin, never from the point alone.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "metric.h"
#include "statistics.h"

struct comparison {
    const char *experiment, *load_point;
    const struct metric *metric;
    const char *a, *b;
    double margin;
    const struct estimate *ratio; /* a / b */
    double signed_rank_p;         /* NAN: unknown */
};

/* "event-loop is 98.9 times serial [97.0-100.1]", with what that means. */
char *comparison_words(const struct comparison *comparison, char *text,
                       size_t size);

/* The row of run.json, without "trials". */
json_t *comparison_json(const struct comparison *comparison);
