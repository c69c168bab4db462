/* SPDX-License-Identifier: MIT
 *
 * What is not known of a decision, drawn: the service's inputs, the errors of
 * forecasts, and what a person weighs. All options share a draw, so an input or
 * an error that moves all of them alike moves no choice.
 *
 * Inputs: a Latin hypercube of services (M. D. McKay, R. J. Beckman, W. J.
 * Conover, Technometrics 21, 1979) within each input's spread, each forecast
 * once for each option. Errors: those of one validated service, for all options
 * together. Weights: each times a lognormal factor.
 */
#pragma once

#include "harness/predict/bands.h"
#include "input.h"
#include "option.h"

enum { VARIANTS = 16, DRAWS = 2000 };

struct variant {
    struct service service; /* at the peak */
    double log_factor[INPUTS_UNCERTAIN];
    struct figures figures[OPTIONS_MAX];
};

/* Measured over forecast of one validated service, for each option. */
struct errors {
    double ratio[OPTIONS_MAX][QUANTITIES];
};

struct draws {
    struct variant variants[VARIANTS];
    struct errors *errors;
    int error_count; /* 0: no validation */
    int blocks;      /* of trials at the profile */
    double spread;   /* exponent of a ratio: 2 where the service lies outside of
                        what was validated */
};

/* What came out of one draw for each option. */
struct drawn {
    int variant;
    bool fits[OPTIONS_MAX];
    double burden[OPTIONS_MAX]; /* INFINITY: overload */
};

/* Returns 0, or -ENOMEM. draws_free may be called after any result. */
int draws_make(const struct matter *matter, const struct candidate *options,
               const struct bands *bands, bool extrapolated,
               struct draws *draws);
void draws_free(struct draws *draws);

/* The draw of that number, from 0; each always comes out alike. */
void draws_take(const struct matter *matter, const struct candidate *options,
                const struct draws *draws, int number, struct drawn *drawn);
