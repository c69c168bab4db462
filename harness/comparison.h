/* SPDX-License-Identifier: MIT
 *
 * One comparison in words: what is said about two models must follow from the
 * interval and the margin, never from the point alone. Where more than a fifth
 * of a model's trials were invalid there is no verdict at all: what is left
 * may be left for a reason.
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
    double invalid_share;         /* of the trials of the worse off of both */
};

/* Writes 98.9, 1.02, 0.0101. Returns text. */
const char *comparison_ratio_format(double ratio, char *text, size_t size);

/* "event-loop is 98.9 times serial [97.0-100.1]", with what that means. */
char *comparison_words(const struct comparison *comparison, char *text,
                       size_t size);

/* The row of run.json, without "trials". */
json_t *comparison_json(const struct comparison *comparison);
