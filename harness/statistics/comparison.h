/* SPDX-License-Identifier: MIT
 *
 * One comparison in words. The statement about two models must follow from the
 * interval and the margin, never from the point alone. If more than a fifth of
 * the trials of a model were invalid, there is no verdict: the remaining trials
 * may not be typical. And no difference is claimed that the rank interval or
 * the correction for many comparisons contradicts.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "harness/arithmetic/signed_rank.h"
#include "harness/arithmetic/statistics.h"
#include "harness/figures/metric.h"

/* The bound of memory figures of which a part is missing, for want of
 * privileges. */
#define COMPARISON_ESTIMATE "estimate"

struct comparison {
    const char *experiment, *load_point;
    const struct metric *metric;
    const char *a, *b;
    double margin;
    bool primary;            /* a primary metric, declared before the run */
    struct estimate ratio;   /* a / b */
    struct signed_rank rank; /* a / b by signed ranks, a second opinion */
    double signed_rank_p;    /* NAN: unknown */
    double p_holm; /* after Holm's correction; NAN: exploratory, not tested */
    int family;    /* the number of comparisons that it was corrected for */
    const char *bound_a,
        *bound_b; /* what limited each instead of its server; NULL: nothing */
    bool lower_a, lower_b; /* with COMPARISON_ESTIMATE: the figure that lacks a
                              part; neither: unknown which */
    int pairs; /* of slices, whose ratios make the values (sample.h); 0: not in
                  slice mode */
    double invalid_share; /* invalid or withheld, of the trials of the model
                             that has more of them */
    json_t *trials;       /* their ids; comparison_json takes the reference */
};

/* Holm's correction over the primary comparisons of an experiment (NULL: of all
 * of them): sets p_holm and family. `size` is that of the array's elements, of
 * which a comparison is the first member. Returns 0 or -ENOMEM. */
int comparison_correct(void *comparisons, size_t count, size_t size,
                       const char *experiment);

/* Of the trials, of those that are invalid or withhold the metric. */
#define COMPARISON_INVALID_SHARE_MAX 0.2

/* Whether there is no verdict because too many trials are invalid or withhold
 * the metric. */
bool comparison_blocked(const struct comparison *comparison);

/* Whether a bound prevents a verdict: a model that was held back by something
 * else can only be called better. */
bool comparison_barred(const struct comparison *comparison);

/* "better", "worse", "same", "negligible", "inconclusive". */
enum verdict comparison_verdict(const struct comparison *comparison);
const char *comparison_verdict_name(enum verdict verdict);

/* The verdict in the words of docs/method/statistics.md. An inconclusive
 * verdict needs more `units` ("blocks"). Returns text. */
char *comparison_phrase(const struct comparison *comparison, const char *units,
                        char *text, size_t size);

/* Formats a ratio: 98.9, 1.02, 0.0101. Returns text. */
const char *comparison_ratio_format(double ratio, char *text, size_t size);

/* Formats an interval of ratios: [97.0–100.1]. Returns text. */
const char *comparison_range_format(double lo, double hi, char *text,
                                    size_t size);

/* The row of run.json. */
json_t *comparison_json(const struct comparison *comparison);
