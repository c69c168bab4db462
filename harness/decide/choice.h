/* SPDX-License-Identifier: MIT
 *
 * The choice among options: what each may be relied on for, how often it is the
 * best of the draws, and what choosing it costs where it is not.
 *
 * Regret is the share by which an option's burden exceeds the best one's in a
 * draw; an option that misses a limit that another one keeps has a regret of 1.
 * (L. J. Savage, The Theory of Statistical Decision, JASA 46, 1951.)
 */
#pragma once

#include "draws.h"

enum fate {
    FATE_FITS,    /* the band's bad end keeps limit and memory */
    FATE_AT_RISK, /* a limit lies within the band */
    FATE_FAILS,   /* the band's good end misses one */
    FATE_BARRED,  /* a score that is required is not there */
    FATE_UNKNOWN, /* no forecast could be made, or no latency */
};

/* A regret of this and less is none. */
#define CHOICE_WITHIN 0.05

const char *fate_words(enum fate fate);

enum choice_kind {
    CHOICE_RECOMMENDED,
    CHOICE_EQUAL,   /* of several no one is worse by more than 5 % */
    CHOICE_TOSS_UP, /* what is not known decides between several */
    CHOICE_AT_RISK, /* the best one may miss a limit */
    CHOICE_NONE,    /* no option keeps the limits */
    CHOICE_REFUSED, /* the forecasts are not good enough for a choice */
};

const char *choice_name(enum choice_kind kind);

struct judged {
    enum fate fate;
    double best;     /* share of the draws in which it is the best */
    double equal;    /* in which its regret is at most 5 % */
    double keeps;    /* in which it keeps the limits, of those in which some
                        option does */
    double regret;   /* mean */
    double regret95; /* 95th percentile */
    double headroom; /* the rate that it carries over the usual one; NAN: a
                        closed loop */
};

struct choice {
    enum choice_kind kind;
    int leader; /* of the options, by burden; -1: none */
    int named[OPTIONS_MAX], named_count; /* the leader first */
    int minimax; /* of the options the one whose regret95 is least; -1: none */
    double none; /* share of the draws in which no option keeps the limits */
    struct judged of[OPTIONS_MAX];
};

/* Of a band around the figure at the peak. `latency` and `memory` may have no
 * band (factor NAN): then the figure alone decides. */
enum fate fate_of(const struct service *peak, const struct candidate *option,
                  const struct band *latency, const struct band *memory);

/* Fills `choice` but for the kind CHOICE_REFUSED. `fates` are those of the
 * options. */
void choice_make(const struct matter *matter, const struct candidate *options,
                 const enum fate *fates, const struct draws *draws,
                 struct choice *choice);
