/* SPDX-License-Identifier: MIT
 *
 * The values of one cell: its stored trials in the order of blocks, what a
 * metric makes of those that do not withhold it, and the blocks that two cells
 * share.
 *
 * Slice mode: the two models' slices of one round are a pair, and the mean of
 * the pairs' log ratios over a stretch of rounds is one value. Neighbouring
 * slices are alike, so pairs are not independent values. Blocks are: each has
 * fresh servers. A value is therefore a whole block where there are at least
 * six, and else an equal stretch of a block, so many that six or more come
 * together (batch means; B. Schmeiser, Batch Size Effects in the Analysis of
 * Simulation Output, Operations Research 30, 1982).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/figures/metric.h"

struct sample {
    const char *experiment, *load_point, *model;
    const json_t **valid;  /* trials; borrowed references, the caller's room
                              for all trials of the run */
    const json_t **trials; /* of these, what the last metric was taken from */
    double *values;        /* of the last sample_values; the same room */
    int pairs;             /* of slices, in slice mode; else 0 */
    int valid_count, count, invalid;
    int withheld;       /* valid trials that the last metric is withheld from */
    const char *reason; /* of an invalid one or a withheld figure, or NULL */
};

/* Makes room for n trials. Returns 0 or -ENOMEM. */
int sample_init(struct sample *sample, size_t n);
void sample_free(struct sample *sample);

/* Picks the trials of the named cell. */
void sample_gather(const json_t *trials, struct sample *sample);

/* Selects the valid trials that do not withhold the metric; with `level`, those
 * that withhold its level alone are left out as well. */
void sample_select(struct sample *sample, const struct metric *metric,
                   bool level);

/* Values of all valid trials from which the metric is not withheld; false (with
 * why) when there is none or one of them does not give the metric: the blocks
 * that do are no random choice. */
bool sample_values(struct sample *sample, const struct metric *metric,
                   char *why, size_t size);

/* Trials that both have, block by block, into pair_a and pair_b, with their
 * values. In slice mode a value is a ratio to the other from pairs of slices,
 * and the other's is 1; there may be several of one block.
 * Returns how many, 0 when one of both lacks the metric. */
int sample_pair(struct sample *a, struct sample *b, const struct metric *metric,
                struct sample *pair_a, struct sample *pair_b);

/* What bounded the figure: it is then only a lower bound (of a throughput) or
 * an upper one (of a latency) on what the server could do. NULL: nothing did.
 * CPU and memory are the server's own in any case. */
const char *sample_bound(const struct sample *sample,
                         const struct metric *metric);

/* The largest metric_error_share of its trials; *lower_bound: of any. */
double sample_error_share(const struct sample *sample,
                          const struct metric *metric, bool *lower_bound);

/* The share of the cell's trials that are left out of the metric's pairs. */
double sample_left_out(struct sample *sample, const struct metric *metric);

/* The trials' ids, each once. */
json_t *sample_ids(const struct sample *sample);

/* The ratios a / b of the stretches of one block in slice mode into `ratios`
 * (room for `stretches`), *pairs increased by the pairs used. Returns how many:
 * fewer where there are fewer rounds, or CPU was read late in a whole stretch,
 * 0 where that is so of over half of the pairs, or where the metric is not one
 * of slices or a slice does not give it. */
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

/* sample_pair of a and b into pair_a and pair_b. */
int samples_pair(struct samples *samples, const struct metric *metric);

/* The ids of the pairs' trials. */
json_t *samples_ids(const struct samples *samples);
