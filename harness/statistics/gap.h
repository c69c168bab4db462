/* SPDX-License-Identifier: MIT
 *
 * Why one model's request costs more CPU than another's: the gap between both
 * held against what the one does more, times what one of it costs. What these
 * do not add up to is called unexplained; nothing is made to fit.
 */
#pragma once

#include <stdbool.h>

enum gap_part_kind {
    GAP_SWITCHES,
    GAP_SYSTEM_CALLS,
    GAP_THREADS,
    GAP_PROCESSES,
    GAP_PARTS,
};

/* "switches", "system_calls", "threads_started", "processes_started". */
const char *gap_part_name(int kind);

/* A mean with the ends of its 95 % t-interval; NAN where there is none. */
struct gap_mean {
    int n;
    double value, lo, hi;
};

void gap_mean_of(const double *values, int n, struct gap_mean *mean);

/* What one costs, in ns, with the quartiles; NAN: not measured. */
struct gap_price {
    double each_ns, lower_ns, upper_ns;
};

enum gap_verdict {
    GAP_NONE,      /* the gap's interval has 0 in it */
    GAP_UNKNOWN,   /* one block, or counts or prices are missing */
    GAP_UNSURE,    /* the rest's interval has 0 in it, and is too wide to say
                      that it is none: over a quarter of the gap either way */
    GAP_EXPLAINED, /* the rest's interval has 0 in it */
    GAP_PARTLY,    /* a part of the gap remains */
    GAP_OVER,      /* the parts come to more than the gap */
};

struct gap {
    enum gap_verdict verdict;
    struct gap_mean gap_ns;          /* of the costlier over the other */
    struct gap_mean more[GAP_PARTS]; /* per request; n = 0: unknown */
    double part_ns[GAP_PARTS];       /* NAN: unknown */
    struct gap_mean rest_ns;
    bool turned; /* the second is the costlier */
    char words[768];
};

/* The facts about a pair, block by block: a - b. */
struct gap_facts {
    const char *a, *b;
    const double *cpu_ns; /* per request */
    int n;
    const double *more[GAP_PARTS]; /* of `counted` blocks; NULL: unknown */
    int counted;
    struct gap_price price[GAP_PARTS];
};

void gap_explain(const struct gap_facts *facts, struct gap *gap);

/* "none", "unknown", "unsure", "explained", "partly", "over". */
const char *gap_verdict_name(enum gap_verdict verdict);
