/* SPDX-License-Identifier: MIT
 *
 * The second opinion on paired differences: Wilcoxon's signed ranks believe in
 * symmetry but not in normal logarithms, so one wild block cannot move them
 * far. Works on d = ln(a/b); pure functions.
 */
#pragma once

#include <stdbool.h>

enum { SIGNED_RANK_MAX = 50, SIGNED_RANK_INTERVAL_MIN = 6 };

/* The Hodges-Lehmann estimate of a ratio with its exact 95 % interval. */
struct signed_rank {
    double value;  /* exp(median of the pairwise means) */
    double lo, hi; /* NAN where n < 6 or n > 50: no 95 % interval exists, or
                      none is counted */
};

/* Exact two-sided p of the signed-rank test on ln(a/b); NAN for n > 50. */
double signed_rank_p(const double *a, const double *b, int n);

/* The same for the ratio a/b; value is NAN too when n < 1 or n > 50. */
void signed_rank_ratio(const double *a, const double *b, int n,
                       struct signed_rank *estimate);
