/* SPDX-License-Identifier: MIT
 *
 * Whether something grows with time: a line through the window's ten parts,
 * how sure its slope is, and the words for it.
 */
#pragma once

#include <stddef.h>

enum { DRIFT_PARTS = 10 };

enum drift_verdict {
    DRIFT_NONE,    /* the interval lies within the margin */
    DRIFT_GROWS,   /* it excludes no growth, and growth is beyond the margin
                      and goes on in the second half */
    DRIFT_FALLS,   /* the same downwards */
    DRIFT_UNKNOWN, /* neither can be said */
};

struct drift {
    enum drift_verdict verdict;
    double per_hour, lo, hi; /* slope with its 95 % interval */
    double margin;           /* per hour: less is no drift */
    char words[200];
};

/* Judges the values of the parts, a window of `window_ns`; a part without a
 * value is NAN, and then nothing can be told. `margin` is over the whole
 * window; `metric` is a name whose end tells the unit (metric_format). */
void drift_judge(const double values[DRIFT_PARTS], double window_ns,
                 double margin, const char *metric, struct drift *drift);

/* "none", "grows", "falls", "unknown". */
const char *drift_verdict_name(enum drift_verdict verdict);
