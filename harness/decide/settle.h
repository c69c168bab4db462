/* SPDX-License-Identifier: MIT
 *
 * Measuring what is still in question: the options that may be the choice, at
 * the profile, block after block, until trials tell them apart, or tell that
 * they do not differ, or the time is spent.
 */
#pragma once

#include "decision.h"

enum { SETTLE_OPTIONS_MAX = 4, SETTLE_BLOCKS_LEAST = 3 };

struct settle {
    int options[SETTLE_OPTIONS_MAX]; /* that may be the choice, the leader
                                        first */
    bool open[SETTLE_OPTIONS_MAX];   /* more trials may tell */
    /* Of an option its burden less the leader's, the 90 % interval over blocks;
     * NAN: not known. */
    double lo[SETTLE_OPTIONS_MAX], hi[SETTLE_OPTIONS_MAX];
    int count;
    bool settled; /* trials tell of each what was in question */
};

struct settle settle_of(const struct decision *decision);

/* How it is measured. */
struct settle_plan {
    const char *verb, *root; /* as in struct evidence_round */
    int64_t budget_ns;
    int64_t wait_ns;      /* for a busy machine to become quiet */
    bool allow_any_build; /* even one with sanitizers */
    uint64_t seed;        /* of the first run */
};

/* Measures, and leaves the trials in inquiry->evidence and what follows in
 * `decision`. Progress, and why nothing can be measured, goes to stderr.
 * Returns an exit code: EXIT_INVALID where trials are missing. */
int settle_measure(const struct settle_plan *plan, struct inquiry *inquiry,
                   struct decision *decision);
