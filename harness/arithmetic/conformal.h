/* SPDX-License-Identifier: MIT
 *
 * Split conformal bands: of n errors that were seen, the bound that the next
 * one keeps with a given probability, whatever their distribution (J. Lei,
 * M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman, Distribution-Free
 * Predictive Inference for Regression, JASA 113, 2018, section 2.2).
 */
#pragma once

/* Fewer errors than this give no bound of 90 %. */
enum { CONFORMAL_LEAST = 19 };

/* The ceil((n + 1) x cover)-th smallest of the n absolute errors, which are put
 * in order: the next error is no larger with a chance of at least `cover`, if
 * that one is drawn as they were. NAN if n is below CONFORMAL_LEAST or there is
 * no such one. */
double conformal_bound(double *errors, int n, double cover);
