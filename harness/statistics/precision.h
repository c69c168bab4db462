/* SPDX-License-Identifier: MIT
 *
 * When blocks enough are measured (bench --until 3%): once every interval that
 * a conclusion rests on reaches no farther than asked for, at three looks in a
 * row. A look is taken after each block, from the sixth on.
 *
 * Blocks that are added until an interval is narrow end too early where the
 * spread happens to look small, so that intervals cover less than they promise
 * (Y. S. Chow and H. Robbins, Annals of Mathematical Statistics 36, 1965; N.
 * Starr, the same journal 37, 1966). A few blocks beyond the first narrow look
 * are known to suffice (G. Simons, the same journal 39, 1968).
 * tests/unit/precision.c counts what the rule covers.
 *
 * The rule sees widths alone and never whether a model leads: the mean of
 * normal values is independent of their spread, and blocks that are added until
 * a difference shows would find one in noise.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/results/results.h"

enum { PRECISION_BLOCKS_LEAST = 6, PRECISION_LOOKS = 3 };

/* How many looks in a row were narrow, with this one: of `n` blocks, whose
 * widest interval reaches `half_width` to each side (0.03: 3 % of the value).
 * NAN counts as wide. */
int precision_look(int looks, int n, double half_width, double asked);

/* The widest of the intervals of an experiment that its conclusion rests on. */
struct precision {
    int intervals;     /* 0: there is none, and more blocks do not help */
    double half_width; /* NAN: one block alone has no interval */
    int n;             /* blocks in it; the fewest of all intervals */
    const char *load_point, *metric, *a, *b; /* borrowed from the run; b: NULL
                                                where `a` has no other model
                                                beside it */
};

/* Reads the summary of `run` (summary.h). At each load point the intervals are
 * those of its headline metric: the ratio of each pair of models, or the level
 * where there is one model alone. A pair of which one model has no figure is
 * left out. */
void precision_of(const json_t *run, const json_t *experiment,
                  struct precision *precision);

/* About how many blocks there must be in all, as the spread is. */
int precision_blocks_needed(const struct precision *precision, double asked);

/* Whether intervals are as narrow as asked for after so many blocks, and which
 * is the widest; if not, how many blocks would do. Returns text. */
char *precision_words(const struct precision *precision, double asked,
                      int blocks, bool reached, char *text, size_t size);

/* Prints these words of each experiment of a run with --until. */
void precision_print(const struct results *results, const json_t *run);
