/* SPDX-License-Identifier: MIT
 *
 * The second opinion on paired differences: Wilcoxon's signed ranks believe in
 * symmetry but not in normal logarithms, so one wild block cannot move them
 * far. Works on d = ln(a/b); pure functions.
 */
#pragma once

#include <stdbool.h>

enum { SIGNED_RANK_EXACT_MAX = 50, SIGNED_RANK_INTERVAL_MIN = 6 };

/* The Hodges-Lehmann estimate of a ratio with its 95 % interval. */
struct signed_rank {
    double value;  /* exp(median of the pairwise means) */
    double lo, hi; /* NAN where n < 6: no 95 % interval exists */
};

/* Two-sided p of the signed-rank test on ln(a/b): exact up to n = 50. NAN
 * without memory. */
double signed_rank_p(const double *a, const double *b, int n);

/* Estimates the ratio a/b; value is also NAN when n < 1. */
void signed_rank_ratio(const double *a, const double *b, int n,
                       struct signed_rank *estimate);

/* What takes the place of the exact count beyond n = 50; for holding it
 * against that at 50. `cut` is how many of the sorted means fall off at either
 * end of the interval. */
double signed_rank_p_normal(const double *a, const double *b, int n);
int signed_rank_cut_exact(int n);
int signed_rank_cut_normal(int n);
