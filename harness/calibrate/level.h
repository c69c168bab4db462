/* SPDX-License-Identifier: MIT
 *
 * A constant from one value for each block, which a single disturbed block does
 * not decide. A value that lies far from all others is left out by Dixon's r10
 * test at 1 % (R. B. Dean and W. J. Dixon, Simplified statistics for small
 * numbers of observations, 1951; critical values: D. B. Rorabacher, 1991). The
 * constant is the median of the others, with a 95 % interval.
 */
#pragma once

#include "harness/predict/constants.h"

/* Sorts the n >= 0 finite values. `n` of the constant counts the values that
 * were kept; without any the constant is NAN. */
struct constant level_of(double *values, int n);
