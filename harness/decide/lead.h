/* SPDX-License-Identifier: MIT
 *
 * Who leads at another service than the one that was asked about: the option
 * that was chosen, or another one.
 *
 * Who leads where is asked some hundred times for one decision, and mostly is
 * clear: so few requests are simulated first, and more for those options alone
 * of which few do not tell. All options serve the same requests.
 */
#pragma once

#include "choice.h"

/* Options that take part: those that lead somewhere near are among the least
 * burdened. */
enum { RIVALS_MAX = 4 };

struct field {
    const struct matter *matter;
    const struct candidate *options;
    const struct choice *choice;
    int rivals[RIVALS_MAX], rival_count; /* the leader first */
    /* ln(burden) by which another one must lead: none, but what counts as equal
     * where the options that are chosen are equal, or the leader is not the
     * least burdened one. */
    double slack;
};

/* The rivals of the choice's leader. */
struct field field_of(const struct matter *matter,
                      const struct candidate *options,
                      const struct choice *choice);

/* What comes out at another service. */
struct lead {
    int leader;    /* of the options; -1: none fits */
    double margin; /* burden of the best other rival less the leader's, or, if
                      another one is the best, the best one's less the
                      leader's; NAN: no other fits */
};

/* At `there`, which differs from the service at its peak in this input. */
struct lead lead_at(const struct field *field, enum input input,
                    const struct service *there, int64_t requests);

/* An option that is no rival and keeps what is asked at `there`, where no rival
 * does; -1: none. */
int lead_of_others(const struct field *field, enum input input,
                   const struct service *there);

/* The margins, as in struct lead, at the service's peak, where the constants of
 * the rival with that number are those of each of the models. */
void lead_shake(const struct field *field, int which, int64_t requests,
                const struct model_constants *models, int count,
                double *margins);

/* A leader that is another one than the choice's, or none; and one that nobody
 * knows, since it is too much to simulate. */
enum { LEAD_UNASKED = -2, LEAD_UNKNOWN = -3 };

/* Whether the choice is the one that was made, as so many requests show. Sets
 * *leader, to LEAD_UNASKED where few requests tell that it is not. Also false
 * with LEAD_UNKNOWN. */
bool lead_holds(const struct field *field, enum input input,
                const struct service *there, int64_t requests, int *leader);

/* Whether what happens does not depend on the input, but only what is kept: a
 * limit, the memory. Then nothing is simulated. */
bool lead_needs_nothing(enum input input);
