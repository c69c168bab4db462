/* SPDX-License-Identifier: MIT
 *
 * Where a server stops keeping up while the rate rises evenly: from what each
 * interval saw to a knee, "no knee", or "cannot tell". Pure functions;
 * docs/method/clocks-and-load.md states the rule.
 *
 * The knee is the corner of a line: what is missing = g x max(0, due - K), with
 * the K and g that leave the least squares (segmented regression: D. V.
 * Hinkley, Biometrika 56, 1969). There is one if 5 % or more of what was due
 * beyond it is missing.
 */
#pragma once

#include <stdbool.h>

/* What one interval saw. */
struct knee_interval {
    double at_s;       /* its middle, since the ramp began */
    double rate_per_s; /* that the ramp wants then */
    double due_per_s, ok_per_s;
    double tail_ns; /* a percentile of the response times, the same one in every
                       interval; NAN: too few requests */
    double service_ns; /* mean; NAN: no answer */
    bool exhausted;    /* every connection was busy at some moment */
    bool tail_spoilt;  /* by the generator's own lateness: not to be used */
    bool unjudged;     /* the generator itself was the limit */
};

enum knee_verdict {
    KNEE_FOUND,
    KNEE_NONE, /* up to the highest rate that was judged */
    KNEE_CANNOT_TELL,
};

/* One sign of a knee, by throughput or by latency. */
struct knee_sign {
    enum knee_verdict verdict;
    double rate_per_s; /* found: where; none: up to where */
};

struct knee {
    enum knee_verdict verdict;
    double rate_per_s; /* as in knee_sign: by throughput, unless latency alone
                          has a knee */
    struct knee_sign throughput, latency;
    double plateau_ns; /* of the tail, while the rate was low; NAN: unknown */
    double beyond_lo_per_s, beyond_hi_per_s; /* answered in the intervals behind
                                                the knee; NAN: none */
    int judged, count;                       /* intervals */
    bool client_bound; /* the load ran out of connections */
    int spoilt;        /* of those that were judged, without a tail for this */
    char words[512];   /* the finding as a sentence without its full stop */
};

enum { KNEE_INTERVALS_MIN = 8 };

/* What of the load the knee depends on. */
struct knee_ramp {
    int connections;      /* the most at any time */
    double highest_per_s; /* where the rate ends */
    double tail_p;        /* the percentile of `tail_ns`; NAN: none */
};

/* Finds the knee in `count` intervals, which are in order. */
void knee_find(const struct knee_interval *intervals, int count,
               const struct knee_ramp *ramp, struct knee *knee);

/* "found", "none", "cannot tell". */
const char *knee_verdict_name(enum knee_verdict verdict);
