/* SPDX-License-Identifier: MIT
 *
 * How sure: intervals for ratios and levels from one value per block, and the
 * words for them. Pure functions; method and sources in
 * docs/method/statistics.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A level or a ratio with its 95 % t-interval on logarithms. */
struct estimate {
    int n;         /* values used */
    double value;  /* geometric mean */
    double lo, hi; /* 95 %; equal to value when n < 2 (and then unknown) */
    double lo90, hi90;
    double min, max; /* of the values */
    double log_sd;   /* standard deviation of the logarithms */
    double p;        /* two-sided, of the value being 1; NAN when n < 2 */
};

enum verdict {
    VERDICT_BETTER, /* 95 % interval excludes 1, point beyond margin */
    VERDICT_WORSE,
    VERDICT_SAME,       /* 90 % interval wholly inside the margin */
    VERDICT_NEGLIGIBLE, /* measurable, inside the margin */
    VERDICT_INCONCLUSIVE,
};

/* Order of doubles, for qsort. */
int statistics_ascending(const void *left, const void *right);

/* Student's t quantile: P(T <= t) = p with `df` degrees of freedom. */
double statistics_t_quantile(double p, double df);

/* Geometric mean with its interval. Values must be > 0; n >= 1. */
void statistics_level(const double *values, int n, struct estimate *estimate);

/* Ratio a/b from paired values, block by block. */
void statistics_ratio(const double *a, const double *b, int n,
                      struct estimate *estimate);

/* Ratio a/b of two levels whose values share no blocks: Welch's t on
 * logarithms. n is the smaller of both; below 2 there is no interval. */
void statistics_welch(const struct estimate *a, const struct estimate *b,
                      struct estimate *ratio);

/* Holm's correction of n p-values in place; NAN is not counted. Returns how
 * many were, or -ENOMEM. */
int statistics_holm(double *p, int n);

/* Whether the 95 % interval of a ratio leaves 1 out. */
bool statistics_excludes_one(const struct estimate *ratio);

/* First matching row of the table in docs/method/statistics.md wins; `margin`
 * is the difference that matters (0.05), higher_is_better turns the ratio
 * round. Unless `confirmed`, that the interval excludes 1 does not count: the
 * rank interval or the correction for many comparisons speaks against it. */
enum verdict statistics_verdict(const struct estimate *ratio, double margin,
                                bool higher_is_better, bool confirmed);

/* Blocks that would settle an inconclusive comparison. */
int statistics_blocks_needed(const struct estimate *ratio, double margin);

/* "better", "worse", "no meaningful difference", "measurable, negligible",
 * "inconclusive". */
const char *verdict_words(enum verdict verdict);
