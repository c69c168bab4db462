/* SPDX-License-Identifier: MIT
 *
 * What one more costs: a straight line through measurements by weighted least
 * squares, and how sure its slope is. Pure functions;
 * docs/method/memory-and-cpu.md says what is fitted.
 */
#pragma once

/* The line at_zero + value * x. */
struct slope {
    int n;         /* measurements */
    int places;    /* different x among them */
    double value;  /* per unit of x */
    double lo, hi; /* 95 % of value */
    double at_zero;
};

/* Fits y over x. A weight is 1 / variance up to a common factor, > 0; NULL
 * means equal ones. With the same x and weights the slopes of parts add up to
 * the slope of their sum. Returns 0; -EINVAL with fewer than three different
 * x, with which a line could not be told from a bend, or when a number is not
 * finite. */
int slope_fit(const double *x, const double *y, const double *weights, int n,
              struct slope *slope);
