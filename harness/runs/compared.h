/* SPDX-License-Identifier: MIT
 *
 * What the comparison of two runs came to, for a person, a page and another
 * program: the verdict in one line, each figure in words, and what exceeds an
 * allowed regression. Beside each figure stands its A/A floor: how far two
 * copies of one binary differed in these runs (margin.h).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "harness/statistics/compare.h"

/* Writes "1 regression, 2 improvements, 8 the same, 28 undecided", and how many
 * figures of A are missing in B. Returns text. */
char *compared_verdict(const struct compare *compare, char *text, size_t size);

/* An allowed regression, and the primary figures of B against it. */
struct compared_regression {
    double share; /* 0.05; 0: nothing is asked */
    int tested;
    int worse;   /* beyond the share, lost in B, or of a single block */
    int unknown; /* too noisy to exclude a regression */
    int bounds;  /* cannot show one: the server was not the limit */
};

void compared_regression(const struct compare *compare, double share,
                         struct compared_regression *regression);

/* Prints a line for every figure of B that is worse by more than the share, and
 * a line for the whole. */
void compared_regression_print(const struct compare *compare,
                               const struct compared_regression *regression,
                               FILE *file);

/* The two runs as their user named them, and what else a reader must know. */
struct compared_about {
    const char *directories[2];
    const json_t *differences; /* of the environments: fact, a, b */
    json_t *thresholds;        /* outcomes (threshold.h) */
    const struct compared_regression *regression;
    const char *limits; /* lines about regression and thresholds, or "" */
};

/* A line for each fact in which the environments differ. */
void compared_differences_print(const json_t *differences, FILE *file);

/* Each tells the whole comparison. The object is by
 * results/schema/comparison.schema.json and the caller's; NULL: out of
 * memory. */
void compared_print(const struct compare *compare,
                    const struct compared_about *about, FILE *file);
void compared_markdown(const struct compare *compare,
                       const struct compared_about *about, FILE *file);
json_t *compared_json(const struct compare *compare,
                      const struct compared_about *about);
