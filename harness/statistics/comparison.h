/* SPDX-License-Identifier: MIT
 *
 * One comparison in words: what is said about two models must follow from the
 * interval and the margin, never from the point alone. Where more than a fifth
 * of a model's trials were invalid there is no verdict at all: what is left
 * may be left for a reason. And nothing is called different that the rank
 * interval or the correction for many comparisons speaks against.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "harness/arithmetic/signed_rank.h"
#include "harness/arithmetic/statistics.h"
#include "harness/figures/metric.h"

/* As what bounds both: memory without privileges, of which a part is missing.
 */
#define COMPARISON_ESTIMATE "estimate"

struct comparison {
    const char *experiment, *load_point;
    const struct metric *metric;
    const char *a, *b;
    double margin;
    bool primary;                  /* of the set declared beforehand */
    struct estimate ratio;         /* a / b */
    struct signed_rank rank;       /* a / b, the second opinion */
    double signed_rank_p;          /* NAN: unknown */
    double p_holm;                 /* corrected; NAN: exploratory, not tested */
    int family;                    /* how many it was corrected for */
    const char *bound_a, *bound_b; /* what limited each in its server's place;
                                      NULL: nothing */
    bool lower_a, lower_b; /* with COMPARISON_ESTIMATE: whose figure lacks a
                              part; neither: it is not known whose */
    int pairs; /* whose ratios the blocks' values are made of (sample.h); 0: a
                  block is one value */
    double invalid_share; /* invalid or withheld, of the trials of the model
                             that has more of them */
    json_t *trials;       /* their ids; comparison_json takes the reference */
};

/* Holm's correction over the primary comparisons of an experiment (NULL: of all
 * of them): sets p_holm and family. `size` is that of the array's elements, of
 * which a comparison is the first member. Returns 0 or -ENOMEM. */
int comparison_correct(void *comparisons, size_t count, size_t size,
                       const char *experiment);

/* Whether so many trials are invalid, or withhold the metric, that there is no
 * verdict. */
bool comparison_blocked(const struct comparison *comparison);

/* Whether a bound bars a verdict: who was held back by something else may only
 * be called better. */
bool comparison_barred(const struct comparison *comparison);

/* "better", "worse", "same", "negligible", "inconclusive". */
enum verdict comparison_verdict(const struct comparison *comparison);
const char *comparison_verdict_name(enum verdict verdict);

/* The verdict as docs/method/statistics.md words it; `units` ("blocks") are
 * what an inconclusive one needs more of. Returns text. */
char *comparison_phrase(const struct comparison *comparison, const char *units,
                        char *text, size_t size);

/* Writes 98.9, 1.02, 0.0101. Returns text. */
const char *comparison_ratio_format(double ratio, char *text, size_t size);

/* The row of run.json. */
json_t *comparison_json(const struct comparison *comparison);
