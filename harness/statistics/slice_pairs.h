/* SPDX-License-Identifier: MIT
 *
 * Two models of a slice-mode cell, compared from neighbouring slices: the two
 * models' slices of one round are a pair, and the mean of the pairs' log
 * ratios over a stretch of rounds is one value for the statistics.
 *
 * Neighbouring slices are alike, so pairs are no independent values. Blocks
 * are: each has fresh servers. A value is therefore a whole block where there
 * are at least six, and else an equal stretch of a block, so many that six or
 * more come together (batch means; B. Schmeiser, Batch Size Effects in the
 * Analysis of Simulation Output, Operations Research 30, 1982).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/figures/metric.h"

enum { SLICE_PAIRS_VALUES_MIN = 6 };

/* Whether the trial was in slice mode. */
bool slice_pairs_has(const json_t *trial);

/* Stretches that each of `blocks` blocks is cut into. */
int slice_pairs_stretches(int blocks);

/* The ratios a / b of the stretches of one block into `ratios` (room for
 * `stretches`), *pairs increased by the pairs used. Returns how many: fewer
 * where there are fewer rounds, or CPU was read late in a whole stretch, 0
 * where that is so of over half of the pairs, or where the metric is not one of
 * slices or a slice does not give it. */
int slice_pairs_ratios(const json_t *a, const json_t *b,
                       const struct metric *metric, int stretches,
                       double *ratios, int *pairs);
