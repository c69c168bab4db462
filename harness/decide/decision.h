/* SPDX-License-Identifier: MIT
 *
 * A decision: which model should serve a service, with how many workers, how
 * sure that is, and what would change it. All of it follows from an inquiry.
 * How it reads is in words.h.
 */
#pragma once

#include "flips.h"
#include "harness/advice/advice.h"

enum { DOUBTS_MAX = 8, DOUBT_SIZE = 512 };

/* All that an answer follows from. */
struct inquiry {
    struct question question; /* its model names may be those below */
    struct wishes wishes;
    enum language language;
    bool shipped;
    struct machine machine;
    struct bands bands;
    struct evidence evidence; /* without a model: nothing was measured */
    /* Of the profile of a run: its id, the experiment, and the profile's name;
     * "" for others. */
    char run[64], experiment[96], profile[256];
    char names[ADVICE_MODELS_GIVEN_MAX][64];
};

struct decision {
    const struct inquiry *inquiry;
    struct matter matter;
    struct wishes wishes;
    enum language language;
    struct question at_peak;
    /* At the peak: doubts, laws, bands, nearest measurement, remedies. Its
     * models are the options that could be forecast, in their order. */
    struct advice advice;
    struct service peak;
    bool kept_usually; /* none keeps the limits at the peak, and some do at the
                          usual rate */
    struct candidate options[OPTIONS_MAX];
    struct band latency[OPTIONS_MAX], memory[OPTIONS_MAX]; /* at the peak */
    struct choice choice;
    struct flips flips; /* none if there is no leader */
    /* Why the answer is not to be relied on, the worst first. */
    char doubts[DOUBTS_MAX][DOUBT_SIZE];
    int doubt_count;
};

/* Decides between the models of the question, or, if it names none, those of
 * the language that have constants. `decision` keeps pointers into the inquiry.
 * Returns 0; -ENOENT: no such model has constants; -ENOMEM. */
int decision_make(const struct inquiry *inquiry, struct decision *decision);

/* Sets the models of the matter: those of the question, or, if it names none,
 * those of the language that have constants. Returns 0, or -ENOENT: there are
 * none. */
int decision_models(const struct question *question,
                    const struct machine *machine, enum language language,
                    struct matter *matter);

/* Whether some option keeps the limits. */
enum kept decision_kept(const struct decision *decision);

/* Whether the choice may be followed without looking further. */
bool decision_is_firm(const struct decision *decision);
