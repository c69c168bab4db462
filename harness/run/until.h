/* SPDX-License-Identifier: MIT
 *
 * Blocks that are added to a run (bench --until 3%) until its intervals are
 * narrow (statistics/precision.h), or there are as many blocks as allowed. An
 * added block is laid out like a planned one: every model at every load point,
 * in the order that the seed gives to its number. An experiment whose intervals
 * are narrow gets no more.
 */
#pragma once

#include "attempt.h"

/* Whether so many blocks (0: not said) are too few for --until to end, with a
 * sentence. */
bool until_max_fault(int most, char *why, size_t why_size);

/* Refuses what can never be reached. Returns 0, or -EINVAL with a sentence in
 * `why`. */
int until_check(const struct run *run, char *why, size_t why_size);

/* The plan as large as the run may get: how many trials it then has, and in *ns
 * the time that they take. */
int until_most(const struct run *run, int64_t *ns);

/* "; blocks are added until ±3 %, at most 24: then 288 trials, about 9 min"; ""
 * without --until. Returns text. */
char *until_words(const struct run *run, char *text, size_t size);

/* Sets `until` in every experiment of run.json, before the first trial. */
void until_begin(struct run *run);

/* Lays out the blocks that the stored plan of a resumed run has beyond the
 * planned ones. Returns 0 or -ENOMEM. */
int until_replan(struct run *run);

/* Looks at the intervals and adds a block to each experiment that needs one.
 * Returns how many trials were added, all at the end of the plan, or -ENOMEM;
 * run.json is changed, but not stored. */
int until_extend(struct run *run);
