/* SPDX-License-Identifier: MIT
 *
 * A second opinion on paired differences: Wilcoxon's signed ranks assume
 * symmetry but not normal logarithms, so one wild block cannot move them far.
 * All functions work on d = ln(a/b) and are pure.
 */
#pragma once

#include <stdbool.h>

enum { SIGNED_RANK_EXACT_MAX = 50, SIGNED_RANK_INTERVAL_MIN = 6 };

/* The Hodges-Lehmann estimate of a ratio with its 95 % interval. */
struct signed_rank {
    double value;  /* exp(median of the pairwise means) */
    double lo, hi; /* NAN where n < 6: no 95 % interval exists */
};

/* Two-sided p of the signed-rank test on ln(a/b); exact up to n = 50. NAN if
 * out of memory. */
double signed_rank_p(const double *a, const double *b, int n);

/* Estimates the ratio a/b. value is NAN if n < 1, too. */
void signed_rank_ratio(const double *a, const double *b, int n,
                       struct signed_rank *estimate);

/* The approximation used beyond n = 50, and the exact cut, so that a test can
 * compare them at 50. A cut is how many of the sorted means fall off at each
 * end of the interval. */
double signed_rank_p_normal(const double *a, const double *b, int n);
int signed_rank_cut_exact(int n);
int signed_rank_cut_normal(int n);
