/* SPDX-License-Identifier: MIT */
#include "draw.h"

#include <math.h>

#include "models/runtime/base/mix.h"

double draw_uniform(uint64_t seed, uint64_t request, unsigned index)
{
    uint64_t bits = mix(mix(mix(seed) ^ request) + index);
    /* 53 bits, shifted by half a step: neither 0 nor 1. */
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

double draw_exponential(uint64_t seed, uint64_t request, unsigned index)
{
    return -log(draw_uniform(seed, request, index));
}

/* A standard normal (G. E. P. Box and M. E. Muller, Annals of Mathematical
 * Statistics 29, 1958). */
static double normal(uint64_t seed, uint64_t request, unsigned index)
{
    double radius = sqrt(2 * draw_exponential(seed, request, 2 * index));
    return radius * cos(2 * M_PI * draw_uniform(seed, request, 2 * index + 1));
}

double draw_factor(const struct draw *draw, uint64_t seed, uint64_t request,
                   unsigned index)
{
    switch (draw->shape) {
    case SHAPE_EXPONENTIAL:
        return draw_exponential(seed, request, 2 * index);
    case SHAPE_LOGNORMAL: {
        double variance = log1p(draw->cv * draw->cv);
        return exp(sqrt(variance) * normal(seed, request, index) -
                   variance / 2);
    }
    case SHAPE_CONSTANT:
        break;
    }
    return 1;
}
