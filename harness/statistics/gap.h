/* SPDX-License-Identifier: MIT
 *
 * Why a request costs more CPU under one model than under another: the gap
 * between both, and the events that one has more of, times the price of one
 * event. The part of the gap that these do not explain is called unexplained;
 * nothing is made to fit.
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

/* A mean with its 95 % t-interval; NAN where there is none. */
struct gap_mean {
    int n;
    double value, lo, hi;
};

void gap_mean_of(const double *values, int n, struct gap_mean *mean);

/* The price of one event in ns, with its quartiles; NAN: not measured. */
struct gap_price {
    double each_ns, lower_ns, upper_ns;
};

enum gap_verdict {
    GAP_NONE,    /* the interval of the gap contains 0 */
    GAP_UNKNOWN, /* there is only one block, or counts or prices are missing */
    GAP_UNSURE,  /* the interval of the rest contains 0, but is wider than a
                    quarter of the gap either way */
    GAP_EXPLAINED, /* the interval of the rest contains 0 */
    GAP_PARTLY,    /* a part of the gap remains unexplained */
    GAP_OVER,      /* the parts add up to more than the gap */
};

struct gap {
    enum gap_verdict verdict;
    struct gap_mean gap_ns;          /* the costlier model less the other */
    struct gap_mean more[GAP_PARTS]; /* per request; n = 0: unknown */
    double part_ns[GAP_PARTS];       /* NAN: unknown */
    struct gap_mean rest_ns;
    bool turned; /* the second model is the costlier */
    char words[768];
};

/* The facts about a pair, a - b in each block. */
struct gap_facts {
    const char *a, *b;
    const double *cpu_ns; /* per request */
    int n;
    const double *more[GAP_PARTS]; /* for `counted` blocks; NULL: unknown */
    int counted;
    struct gap_price price[GAP_PARTS];
};

void gap_explain(const struct gap_facts *facts, struct gap *gap);

/* "none", "unknown", "unsure", "explained", "partly", "over". */
const char *gap_verdict_name(enum gap_verdict verdict);
