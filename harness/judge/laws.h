/* SPDX-License-Identifier: MIT
 *
 * Which law a row's figures break. Only theorems accuse: a row breaks a law if
 * no run whatever could have given these figures, with their digits' rounding,
 * the requests in flight when the run began and ended, failed requests and
 * early timers all taken in the row's favour. What is possible and yet needs an
 * explanation is suspicious.
 *
 *   closed-loop   X <= m C / D    each connection has m requests in flight, of
 *                                 which each lasts D at least
 *   workers       X <= W / D      each request holds a worker for D
 *   cpu           X <= P / c      each request computes for c
 *   little        X R <= m C      J. D. C. Little, A Proof for the Queuing
 *                                 Formula L = lambda W, Operations Research 9,
 *                                 1961; on one run: Denning and Buzen
 *                                 (predict/laws.h)
 *   under-wait    min, p, R >= D
 *   order         min <= p50 <= p90 <= ... <= max
 *   mean          between what the percentiles allow at least and at most
 *   mean-is-p99   R = p99 in all digits
 *   longer-than-run   max <= duration, of programs that time no request from
 *                 before the run
 *   count         requests / duration = X
 *   failures      the rate counts failed requests, or latencies lack them
 */
#pragma once

#include "row.h"

enum judge_law {
    JUDGE_CLOSED_LOOP,
    JUDGE_WORKERS,
    JUDGE_CPU,
    JUDGE_LITTLE,
    JUDGE_UNDER_WAIT,
    JUDGE_ORDER,
    JUDGE_MEAN,
    JUDGE_MEAN_IS_P99,
    JUDGE_LONGER,
    JUDGE_COUNT,
    JUDGE_FAILURES,
    JUDGE_LAWS,
};

enum verdict {
    VERDICT_UNKNOWN, /* a figure is missing, or the law does not apply */
    VERDICT_SOUND,
    VERDICT_SUSPICIOUS,
    VERDICT_BREAKS,
};

/* What one law says of a row. */
struct finding {
    enum verdict verdict;
    enum figure_id figure, other; /* which ones; `other` of two */
    double value, bound;          /* as stated, and what the law allows */
    double ratio;     /* how many times the value is beyond; 1 or more */
    unsigned missing; /* UNKNOWN: the figures, as bits; 0: does not apply */
    double below_s;   /* closed-loop and the like: possible in a run shorter
                         than this; 0: not told */
    double tail_s;    /* mean-is-p99: the mean of the slowest 1 % */
};

struct judgement {
    enum verdict verdict;
    struct finding findings[JUDGE_LAWS];
    double in_flight; /* X R; 0: not known */
};

/* "closed-loop". */
const char *judge_law_name(enum judge_law law);
/* "BREAKS". */
const char *verdict_name(enum verdict verdict);

void judge_row(const struct row *row, struct judgement *judgement);
