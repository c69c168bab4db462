/* SPDX-License-Identifier: MIT
 *
 * What would change a choice: for each input the nearest value at which another
 * option leads, or none fits (break-even); how far the lead moves within an
 * input's spread, and within the interval of a constant (tornado); and how much
 * less regret is expected if the input were known (value of information).
 *
 * The value of information is that of perfect information on one input (R. A.
 * Howard, Information Value Theory, IEEE Transactions on Systems Science and
 * Cybernetics 2, 1966), from a straight line of each option's burden over the
 * logarithms of the inputs of the drawn variants (M. Strong, J. E. Oakley, A.
 * Brennan, Medical Decision Making 34, 2014).
 */
#pragma once

#include "choice.h"

/* Values up to so many times the own one, and so many times less. */
enum { FLIPS_REACH = 16 };

struct flip {
    enum input input;
    /* The nearest values below and above the service's own at which the choice
     * is another; NAN: none within a factor of 16, or as far as there
     * is such a service. */
    double below, above;
    double least, most;             /* how far was looked where there is none */
    int below_leader, above_leader; /* that leads there; -1: none fits */
    /* ln(burden) by which the leader leads the second, or is behind the best,
     * at the low and the high end of the spread; NAN: no second. */
    double low_lead, high_lead;
    bool unknown; /* nobody knows who leads there: too much to simulate */
    double value; /* expected regret that knowing the input takes away */
};

/* A constant of the leader, or of the second, and how far the lead moves within
 * its interval. */
struct shaken {
    const struct model_constants *model;
    enum constant_id constant;
    double low_lead, high_lead; /* as in struct flip */
};

enum { SHAKEN_MAX = 5 };

struct flips {
    struct flip of[INPUTS];
    int count;
    /* The choice stands with the requests of a search; otherwise what would
     * flip it was looked for in limit and memory alone. */
    bool stands;
    double lead;  /* at the service itself */
    double slack; /* of the field: lead.h */
    int best;     /* of `of`, by value; -1: nothing is worth knowing */
    struct shaken shaken[SHAKEN_MAX]; /* those that move it most */
    int shaken_count;
};

/* `choice` has a leader. */
void flips_find(const struct matter *matter, const struct candidate *options,
                const struct draws *draws, const struct choice *choice,
                struct flips *flips);
