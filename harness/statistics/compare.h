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

/* Whether two load points are equal in work, load, workers and CPUs. The object
 * has just these of a load point, shared with it, and is the caller's; NULL:
 * out of memory. */
bool compare_alike(const json_t *a, const json_t *b);
json_t *compare_work(const json_t *point);

/* The share of a summary row's trials that are invalid or withhold the metric.
 */
double compare_invalid_share(const json_t *row);

/* Finds the figures that both runs have and judges them. Returns 0 or
 * -ENOMEM. */
int compare_make(const json_t *a, const json_t *b, struct compare *compare);
void compare_free(struct compare *compare);

/* Sets "across" of the run from the trials (an array of trial objects, any
 * order): a row for each load point, model and metric of the experiments that
 * name a base. Returns 0 or -ENOMEM. */
int compare_across(json_t *run, const json_t *trials);
