/* SPDX-License-Identifier: MIT
 *
 * A figure over many runs. A line has only runs of one environment (machine,
 * kernel, compiler: the fingerprint of run.json) with equal work, load, workers
 * and placement, so that what changes in a line is the program or chance. The
 * versions of the program differ within a line: they are what is looked at.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The figures that are asked for; NULL: any, and of metrics the headline of
 * each load point. */
struct trend_wanted {
    const char *experiment, *load_point, *model, *metric;
};

struct trends {
    struct trend_wanted wanted;
    json_t *lines; /* an array, as results/schema/history.schema.json has it */
    /* Runs that are in no line. */
    int damaged, untrusted, incomplete;
};

/* Returns 0 or -ENOMEM. */
int trends_init(struct trends *trends, const struct trend_wanted *wanted);
void trends_free(struct trends *trends);

/* Adds the figures of a stored run, in any order of runs. */
void trends_add(struct trends *trends, const json_t *run);

/* Orders the lines and their runs, and finds the changes of level. */
void trends_finish(struct trends *trends);

/* Prints the lines; of an experiment's environments only the newest, unless
 * `all`. */
void trends_print(const struct trends *trends, bool all, FILE *file);

/* By results/schema/history.schema.json; the caller's. */
json_t *trends_json(const struct trends *trends);
