/* SPDX-License-Identifier: MIT
 *
 * The last lines of a run on a terminal or in a pipe: ten rows of 80 columns at
 * most, of what may be more. What there is no room for goes in this order: the
 * ends of long warnings, load points but the first, and how narrow intervals
 * became. All of it is in the log.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "results.h"

enum ending_part {
    ENDING_WARNINGS,  /* what makes the run doubtful */
    ENDING_POINTS,    /* a line for each load point */
    ENDING_PRECISION, /* how narrow intervals became */
    ENDING_REST,      /* the tally, the files and what to do next */
    ENDING_PARTS,
};

/* The lines, while they are collected. */
struct ending {
    struct results parts[ENDING_PARTS]; /* for results_tell */
    char *texts[ENDING_PARTS];
    size_t sizes[ENDING_PARTS];
    bool mute;
};

/* Begins with nothing. `results` are the run's. */
void ending_open(struct ending *ending, const struct results *results);

/* Prints what was collected to stdout, and releases it. */
void ending_print(struct ending *ending);
