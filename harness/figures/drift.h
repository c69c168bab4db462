/* SPDX-License-Identifier: MIT
 *
 * Whether a figure grows with time: a line through the ten parts of the window,
 * the interval of its slope, and a verdict in words.
 */
#pragma once

#include <stddef.h>

enum { DRIFT_PARTS = 10 };

enum drift_verdict {
    DRIFT_NONE,  /* the interval of the slope lies within the margin */
    DRIFT_GROWS, /* the interval excludes 0, the slope is beyond the margin, and
                    growth goes on in the second half */
    DRIFT_FALLS, /* as for growth, downwards */
    DRIFT_UNKNOWN, /* the data allow none of these verdicts */
};

struct drift {
    enum drift_verdict verdict;
    double per_hour, lo, hi; /* the slope with its 95 % interval */
    double margin;           /* per hour; a smaller slope is no drift */
    char words[200];
};

/* Judges the values of the ten parts of a window of `window_ns`. A part without
 * a value is NAN; the verdict is then DRIFT_UNKNOWN. `margin` is the change
 * over the whole window that matters. The end of the name `metric` gives the
 * unit (metric_format). */
void drift_judge(const double values[DRIFT_PARTS], double window_ns,
                 double margin, const char *metric, struct drift *drift);

/* "none", "grows", "falls", "unknown". */
const char *drift_verdict_name(enum drift_verdict verdict);
