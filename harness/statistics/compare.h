/* SPDX-License-Identifier: MIT
 *
 * Two runs side by side: B against A, load point by load point. The runs share
 * no blocks, so nothing is paired, and the drift of the machine between them is
 * part of every difference.
 *
 * Also load points of one run side by side: a model's figure at one load point
 * over its figure at the experiment's base, block by block. Do ten times the
 * connections double the latency? Do two workers do twice as much as one?
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "comparison.h"

/* One figure that both runs have. */
struct compare_row {
    struct comparison comparison; /* of "B" with "A" */
    const json_t *row_a,
        *row_b; /* rows of both summaries, which must outlive the row */
    const char *model;
    double a, b;
};

struct compare {
    const json_t *a, *b; /* run.json of both; they stay the caller's */
    struct compare_row *rows;
    size_t count;
    int lost;   /* figures of A that B does not give */
    int only;   /* figures of B that A does not give */
    int unlike; /* load points with equal names that differ in work or load */
};

/* Finds the figures that both runs have and judges them. Returns 0 or
 * -ENOMEM. */
int compare_make(const json_t *a, const json_t *b, struct compare *compare);
void compare_free(struct compare *compare);

/* Prints one table for each load point. */
void compare_print(const struct compare *compare, FILE *file);

/* Prints a line for every figure of B that is worse by more than `share`,
 * beyond chance, and a line for the whole. Figures that cannot be judged (a
 * single block, or lost in B) count as worse. Figures that are too noisy do
 * not; the last line gives their number. Returns how many are worse. */
int compare_regressions(const struct compare *compare, double share,
                        FILE *file);

/* Sets "across" of the run from the trials (an array of trial objects, any
 * order): a row for each load point, model and metric of the experiments that
 * name a base. Returns 0 or -ENOMEM. */
int compare_across(json_t *run, const json_t *trials);
