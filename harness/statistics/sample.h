/* SPDX-License-Identifier: MIT
 *
 * The values of one cell: its stored trials in the order of blocks, the values
 * that a metric has for those that do not withhold it, and the blocks that two
 * cells share.
 *
 * In slice mode the slices of two models in one round are a pair, and one value
 * is the mean of the pairs' log ratios over a stretch of rounds. Neighbouring
 * slices are alike, so pairs are not independent values; blocks are, since each
 * has fresh servers. A value is therefore a whole block if there are at least
 * six blocks. With fewer, a block is cut into equal stretches, so many that six
 * or more values come together (batch means; B. Schmeiser, Batch Size Effects
 * in the Analysis of Simulation Output, Operations Research 30, 1982).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/figures/metric.h"

struct sample {
    const char *experiment, *load_point, *model;
    /* Borrowed trials in the order of blocks. The array has room for all trials
     * of the run. */
    const json_t **valid;
    const json_t **trials; /* of these, those that the last metric used */
    double *values;        /* of the last sample_values */
    int pairs;             /* of slices, in slice mode; else 0 */
    int valid_count, count, invalid;
    int withheld;       /* valid trials that withhold the last metric */
    const char *reason; /* of an invalid trial or a withheld figure, or NULL */
};

/* Makes room for n trials. Returns 0 or -ENOMEM. */
int sample_init(struct sample *sample, size_t n);
void sample_free(struct sample *sample);

/* Picks the trials of the cell that the sample names. */
void sample_gather(const json_t *trials, struct sample *sample);

/* Selects the valid trials that do not withhold the metric. With `level`, also
 * drops those that withhold only its level. */
void sample_select(struct sample *sample, const struct metric *metric,
                   bool level);

/* Takes the values of all valid trials that do not withhold the metric. False,
 * with the reason in `why`, if there is no such trial or one of them lacks the
 * value: the remaining blocks would be a biased sample. */
bool sample_values(struct sample *sample, const struct metric *metric,
                   char *why, size_t size);

/* Puts the trials of the blocks that a and b share, with their values, into
 * pair_a and pair_b. In slice mode a value is the ratio of a to b from pairs of
 * slices, and that of b is 1; a block may give several values. Returns how many
 * values there are; 0 if a or b lacks the metric. */
int sample_pair(struct sample *a, struct sample *b, const struct metric *metric,
                struct sample *pair_a, struct sample *pair_b);

/* The limit that bounded the figure, or NULL. The figure is then only a lower
 * bound (throughput) or an upper bound (latency) of what the server could do.
 * CPU and memory are always the server's own. */
const char *sample_bound(const struct sample *sample,
                         const struct metric *metric);

/* The largest metric_error_share of the trials. *lower_bound: a figure of one
 * of them is a lower bound. */
double sample_error_share(const struct sample *sample,
                          const struct metric *metric, bool *lower_bound);

/* The share of the cell's trials that are left out of the metric's pairs,
 * because they are invalid or withhold the metric. */
double sample_left_out(struct sample *sample, const struct metric *metric);

/* The ids of the trials, each once. */
json_t *sample_ids(const struct sample *sample);

/* Puts the ratios a / b of the stretches of one block in slice mode into
 * `ratios` (room for `stretches`) and adds the pairs used to *pairs. Returns
 * how many ratios there are: fewer than `stretches` if there are fewer rounds,
 * or if CPU was read late in every pair of a stretch; 0 if it was read late in
 * over half of the pairs, or if slices do not give the metric. */
int sample_slice_ratios(const json_t *a, const json_t *b,
                        const struct metric *metric, int stretches,
                        double *ratios, int *pairs);

/* Two cells of a run, and the trials of both that go together. */
struct samples {
    const json_t *run, *trials;       /* borrowed from the caller */
    const json_t *experiment, *point; /* rows of the run; see samples_at */
    struct sample a, b, pair_a, pair_b;
};

/* Makes room for all `trials` (an array of trial objects). Returns 0 or
 * -ENOMEM. */
int samples_init(struct samples *samples, const json_t *run,
                 const json_t *trials);
void samples_free(struct samples *samples);

/* Makes both cells cells of this load point. */
void samples_at(struct samples *samples, const json_t *experiment,
                const json_t *point);

/* Gathers each model of the load point into samples->a and calls each(). Then
 * gathers every later model into samples->b and calls pair(), unless one of
 * both is a yardstick. */
void samples_each(struct samples *samples, void (*each)(void *context),
                  void (*pair)(void *context), void *context);

/* sample_pair from a and b into pair_a and pair_b. */
int samples_pair(struct samples *samples, const struct metric *metric);

/* The ids of the trials in the pairs. */
json_t *samples_ids(const struct samples *samples);
