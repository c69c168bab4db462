/* SPDX-License-Identifier: MIT
 *
 * How much a request's wait or work is of the mean: a lognormal factor of mean
 * 1. Only the seed decides, so that every model and every language agrees.
 *
 * The hash of splitmix64 makes two uniform numbers of the seed, so that
 * consecutive seeds have independent factors; they make one normal number z (G.
 * E. P. Box and M. E. Muller, Annals of Mathematical Statistics 29, 1958). With
 * sigma^2 = ln(1 + CV^2) the factor is exp(sigma z - sigma^2 / 2), rounded to
 * 1,024ths. The rest is arithmetic of whole numbers: libraries of mathematics
 * differ in the last bit of a logarithm or a cosine, which changes a rounded
 * factor once in some 10^12 requests.
 */
#pragma once

#include <math.h>
#include <stdint.h>

#include "models/runtime/base/mix.h"

/* The two factors of a seed are independent. */
enum factor { FACTOR_WAIT, FACTOR_WORK };

/* Factors are whole numbers of 1 / FACTOR_ONE. */
enum { FACTOR_ONE = 1024, FACTOR_CV_PERCENT_MAX = 300 };

/* The factor at `z` standard deviations of the normal number. `cv`: the
 * factor's coefficient of variation, 1 for 100 %. */
static inline double factor_at(double cv, double z)
{
    double variance = log1p(cv * cv);
    return exp(sqrt(variance) * z - variance / 2);
}

/* Uniform in (0, 1): 52 bits, in the middle of their step. */
static inline double factor_uniform(uint64_t bits)
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* In 1,024ths; exactly FACTOR_ONE if nothing varies. */
static inline int64_t factor_of(enum factor which, uint64_t seed,
                                int64_t cv_percent)
{
    uint64_t state = mix(seed) + 2 * (uint64_t)which;
    if (cv_percent == 0)
        return FACTOR_ONE;
    double radius = sqrt(-2 * log(factor_uniform(mix(state))));
    double z = radius * cos(2 * M_PI * factor_uniform(mix(state + 1)));
    double factor = factor_at((double)cv_percent / 100, z);
    return (int64_t)floor(FACTOR_ONE * factor + 0.5);
}

/* The amount times the factor, rounded down, and at most `most`. No product
 * overflows up to an amount of 10^13, since no factor exceeds 2^18. */
static inline int64_t factor_times(int64_t amount, int64_t factor, int64_t most)
{
    int64_t product = amount / FACTOR_ONE * factor +
                      amount % FACTOR_ONE * factor / FACTOR_ONE;
    return product < most ? product : most;
}
