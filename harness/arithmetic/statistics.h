/* SPDX-License-Identifier: MIT
 *
 * Intervals for ratios and levels from one value per block, and verdicts in
 * words. Pure functions; method and sources are in docs/method/statistics.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A level or a ratio with its 95 % t-interval on logarithms. */
struct estimate {
    int n;         /* values used */
    double value;  /* geometric mean */
    double lo, hi; /* 95 %; if n < 2, equal to value and meaningless */
    double lo90, hi90;
    double min, max; /* of the values */
    double log_sd;   /* standard deviation of the logarithms */
    double p;        /* two-sided, for a true value of 1; NAN when n < 2 */
};

enum verdict {
    VERDICT_BETTER, /* the 95 % interval excludes 1 and the value is beyond the
                       margin */
    VERDICT_WORSE,
    VERDICT_SAME,       /* the 90 % interval lies wholly inside the margin */
    VERDICT_NEGLIGIBLE, /* the 95 % interval excludes 1 but the value is inside
                           the margin */
    VERDICT_INCONCLUSIVE,
};

/* Ascending order of doubles, for qsort. */
int statistics_ascending(const void *left, const void *right);

/* Student's t quantile: P(T <= t) = p with `df` degrees of freedom. */
double statistics_t_quantile(double p, double df);

/* Half of the 95 % t-interval of the arithmetic mean of n >= 2 values. */
double statistics_half_width(const double *values, int n);

/* Geometric mean with its interval. Values must be > 0; n >= 1. */
void statistics_level(const double *values, int n, struct estimate *estimate);

/* The ratio a/b from paired values, block by block. */
void statistics_ratio(const double *a, const double *b, int n,
                      struct estimate *estimate);

/* The ratio a/b of two levels whose values share no blocks, by Welch's t on
 * logarithms. n is the smaller of both; below 2 there is no interval. */
void statistics_welch(const struct estimate *a, const struct estimate *b,
                      struct estimate *ratio);

/* Holm's correction of n p-values in place. NANs are skipped. Returns how many
 * values were corrected, or -ENOMEM. */
int statistics_holm(double *p, int n);

/* Whether the 95 % interval of a ratio excludes 1. */
bool statistics_excludes_one(const struct estimate *ratio);

/* The first matching row of the table in docs/method/statistics.md. `margin` is
 * the smallest difference that matters (0.05). higher_is_better says which side
 * of 1 is the better one. Unless `confirmed`, an interval that excludes 1 does
 * not count, because the rank interval or the correction for many comparisons
 * contradicts it. */
enum verdict statistics_verdict(const struct estimate *ratio, double margin,
                                bool higher_is_better, bool confirmed);

/* How many blocks would settle an inconclusive comparison. */
int statistics_blocks_needed(const struct estimate *ratio, double margin);

/* "better", "worse", "no meaningful difference", "measurable, negligible",
 * "inconclusive". */
const char *verdict_words(enum verdict verdict);
