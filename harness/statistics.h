/* SPDX-License-Identifier: MIT
 *
 * How sure: intervals for ratios and levels from one value per block, and the
 * words for them. Pure functions; method and sources in docs/method.md.
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
};

enum verdict {
    VERDICT_BETTER, /* 95 % interval excludes 1, point beyond margin */
    VERDICT_WORSE,
    VERDICT_SAME,       /* 90 % interval wholly inside the margin */
    VERDICT_NEGLIGIBLE, /* measurable, inside the margin */
    VERDICT_INCONCLUSIVE,
};

/* Student's t quantile: P(T <= t) = p with `df` degrees of freedom. */
double statistics_t_quantile(double p, int df);

/* Geometric mean with its interval. Values must be > 0; n >= 1. */
void statistics_level(const double *values, int n, struct estimate *estimate);

/* Ratio a/b from paired values, block by block. */
void statistics_ratio(const double *a, const double *b, int n,
                      struct estimate *estimate);

/* Exact two-sided p of the Wilcoxon signed-rank test on ln(a/b), n <= 50. */
double statistics_signed_rank_p(const double *a, const double *b, int n);

/* First matching row of the table in docs/method.md wins; `margin` is the
 * difference that matters (0.05), higher_is_better turns the ratio round. */
enum verdict statistics_verdict(const struct estimate *ratio, double margin,
                                bool higher_is_better);

/* Blocks that would settle an inconclusive comparison. */
int statistics_blocks_needed(const struct estimate *ratio, double margin);

/* "better", "worse", "no meaningful difference", "measurable, negligible",
 * "inconclusive". */
const char *verdict_words(enum verdict verdict);
