/* SPDX-License-Identifier: MIT
 *
 * How good the forecasts were: errors by model, discipline and load, and bands
 * with what they cover.
 */
#pragma once

#include <jansson.h>

#include "rows.h"

/* A forecast within this factor of the measured percentile is near. */
#define SCORES_NEAR 1.25

/* Errors are shares: 0.03 where a forecast is 3 % too high. */
struct errors {
    int n;
    double median; /* of the absolute values */
    double p90;
    double bias;            /* the median with its sign */
    double within;          /* share within x or / SCORES_NEAR */
    double within_with_cpu; /* so near with the CPU of a request as it was
                               measured, of those of which that is known */
    double covered;         /* share within its band; NAN: no band */
};

struct score {
    enum quantity quantity;
    const char *by; /* "all", "model", "discipline", "load" */
    char group[64];
    struct errors errors;
};

enum { SCORES_MAX = 512 };

struct scores {
    struct score scores[SCORES_MAX];
    int score_count;
};

/* Fills the bands and causes of the rows, and the scores. Returns 0 or
 * -ENOMEM. */
int scores_make(const struct questions *questions, struct rows *rows,
                struct scores *scores);

/* The score, or NULL. */
const struct score *scores_find(const struct scores *scores,
                                enum quantity quantity, const char *by,
                                const char *group);

/* "errors" of validation.json. */
json_t *scores_json(const struct scores *scores);
