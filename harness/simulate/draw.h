/* SPDX-License-Identifier: MIT
 *
 * Random numbers by their place: the value for (seed, request, index) is the
 * same whenever and however often it is asked for.
 */
#pragma once

#include <stdint.h>

#include "simulation.h"

/* Uniform in (0, 1). */
double draw_uniform(uint64_t seed, uint64_t request, unsigned index);

/* A factor of mean 1. */
double draw_factor(const struct draw *draw, uint64_t seed, uint64_t request,
                   unsigned index);

/* Exponential of mean 1. */
double draw_exponential(uint64_t seed, uint64_t request, unsigned index);
