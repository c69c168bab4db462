/* SPDX-License-Identifier: MIT
 *
 * The last lines of a run on stdout and in its log: who led, by how much, how
 * sure, and which models cannot be told apart; then how many trials were valid,
 * how noisy the machine was, where the files are and what to do next.
 */
#pragma once

#include <jansson.h>

#include "harness/results/results.h"

/* How much of it is printed. The log gets all in any case. */
enum conclusion {
    CONCLUSION_BRIEF, /* ten lines at most: a line for each load point, how many
                         trials were valid, where all the rest is */
    CONCLUSION_FULL,  /* every comparison, noise and what is missing */
    CONCLUSION_LOGGED, /* nothing: the caller's report tells it */
};

/* `trials` are those of the run. They are needed for soaks, whose drift is told
 * trial by trial. */
void conclusion_print(const struct results *results, const json_t *run,
                      const json_t *trials, enum conclusion much);

/* Who leads at each load point, a text for each that has an interval: "fetch:
 * event-loop leads, throughput 1,990/s". The caller's array; NULL: out of
 * memory. */
json_t *conclusion_leads(const json_t *run);
