/* SPDX-License-Identifier: MIT
 *
 * The cost of one more: a straight line through measurements by weighted least
 * squares, and the interval of its slope. Pure functions. What is fitted:
 * docs/method/memory-and-cpu.md.
 */
#pragma once

/* The line at_zero + value * x. */
struct slope {
    int n;         /* measurements */
    int places;    /* distinct values of x */
    double value;  /* per unit of x */
    double lo, hi; /* 95 % interval of the value */
    double at_zero;
};

/* Fits y over x. Weights are 1 / variance up to a common factor, > 0; NULL: all
 * equal. With equal x and weights, the slopes of parts add up to the slope of
 * their sum. Returns 0; -EINVAL with fewer than three distinct x, which cannot
 * tell a line from a bend, or when a number is not finite. */
int slope_fit(const double *x, const double *y, const double *weights, int n,
              struct slope *slope);
