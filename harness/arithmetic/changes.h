/* SPDX-License-Identifier: MIT
 *
 * Where the level of a series changed. The series is parted where Student's t
 * between both sides is largest, if chance explains that t badly enough; then
 * each part is looked at likewise. This hierarchical segmentation is that of
 * Matteson and James, "A Nonparametric Approach for Multiple Change Point
 * Analysis of Multivariate Data", JASA 109, 2014, and its use for benchmarks
 * that of Fleming and others, "Hunter: Using Change Point Detection to Hunt for
 * Performance Regressions", ICPE 2023.
 *
 * The place was chosen for its t, so no table of t applies. Chance is told by
 * drawing: the largest t over all places of normal noise of equal length, and
 * from 16 values on also that of the values themselves in random orders, which
 * a single odd value cannot deceive. With fewer values such orders could show
 * nothing at our level, and there an odd value is too little for normal noise.
 * A drift counts as changes.
 */
#pragma once

#include <stdint.h>

#include "statistics.h"

enum {
    CHANGES_SERIES_MIN = 8,    /* fewer values show no change */
    CHANGES_SIDE_MIN = 3,      /* values on each side of a change */
    CHANGES_SERIES_MAX = 1024, /* values */
};

/* The share of unchanged series in which a change is found. */
#define CHANGES_LEVEL 0.005

struct change {
    int at;                /* index of the first value behind the change */
    double p;              /* the larger of both */
    struct estimate ratio; /* level behind / level before, up to the next
                              changes; since the place was chosen for its
                              difference, a little too far from 1 */
};

/* Finds the changes of n positive values in order of time, on their logarithms.
 * `changes` has room for n / CHANGES_SIDE_MIN. Equal arguments give equal
 * results. Returns how many were found, ascending; 0 if n is below
 * CHANGES_SERIES_MIN or above CHANGES_SERIES_MAX; or -ENOMEM. */
int changes_find(const double *values, int n, uint64_t seed,
                 struct change *changes);
