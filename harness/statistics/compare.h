/* SPDX-License-Identifier: MIT
 *
 * Two runs side by side: what B is against A, load point by load point. They
 * share no blocks, so nothing is paired, and the drift between them is in
 * every difference.
 *
 * And load points of one run side by side: a model's figure at one of them over
 * its figure at the experiment's base, block by block. Does ten times the
 * connections double the latency? Do two workers do twice what one does?
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
    const json_t *row_a, *row_b;  /* of the summaries, which must live on */
    const char *model;
    double a, b;
};

struct compare {
    const json_t *a, *b; /* run.json of both; the caller's */
    struct compare_row *rows;
    size_t count;
    int lost;   /* figures that A has and B does not give */
    int only;   /* the other way round */
    int unlike; /* load points of the same name that are not the same */
};

/* Finds what both have and judges it. Returns 0 or -ENOMEM. */
int compare_make(const json_t *a, const json_t *b, struct compare *compare);
void compare_free(struct compare *compare);

/* One table per load point. */
void compare_print(const struct compare *compare, FILE *file);

/* Prints a line for every figure that is worse by more than `share`, beyond
 * chance, and one for the whole. Figures that cannot be judged (a single
 * block, or lost in B) count as worse; those too noisy to tell do not, and are
 * counted in words. Returns how many are worse. */
int compare_regressions(const struct compare *compare, double share,
                        FILE *file);

/* Sets "across" of the run from the trials (an array of trial objects, any
 * order): a row per load point, model and metric of the experiments that name
 * a base. Returns 0 or -ENOMEM. */
int compare_across(json_t *run, const json_t *trials);
