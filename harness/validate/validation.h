/* SPDX-License-Identifier: MIT
 *
 * validation.json: what a validation asked, what came out, and how good the
 * forecasts were (results/schema/validation.schema.json).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "goals.h"

/* 60 services, without a miss, show that 95 % are right. */
enum { VALIDATION_FULL = 60 };

struct validation {
    struct questions questions;
    struct rows rows;
    struct scores scores;
    struct baselines baselines;
    struct goals goals;
    int64_t seed;
    bool full; /* with the windows of a full one, however many services */
    /* The forecasts were made after the measurements, by a later version: they
     * prove nothing. */
    bool afterwards;
};

/* Compares the questions with the run's trials, which must outlive the
 * validation. Returns 0 or -ENOMEM. */
int validation_judge(struct validation *validation, const json_t *trials);
void validation_free(struct validation *validation);

/* Whether so many services could be judged that it proves something. */
bool validation_is_full(const struct validation *validation);

/* A new object. */
json_t *validation_json(const struct validation *validation, const json_t *run,
                        const json_t *trials);

/* Prints errors, baselines and goals. */
void validation_print(const struct validation *validation);
