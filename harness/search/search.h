/* SPDX-License-Identifier: MIT
 *
 * The search for a capacity: the highest rate at which a server keeps a limit.
 * Only the logic is here: which rate to try next, given the results of earlier
 * steps. The caller carries out each step and judges it.
 *
 * Phases: a closed loop gives X, the most that the server does. At 10 % of X
 * the server must keep the limit; otherwise it cannot meet it. Five geometric
 * bisections between 0.1 X and 1.2 X find the neighbourhood. From there a
 * staircase goes up 3 % after a step that passes and down 3 % after one that
 * fails, and so walks around the rate at which half of the steps pass. After 20
 * steps the geometric mean of the rates, without the first four, is the
 * estimate. A second staircase, up 1 % and down 3 %, settles where three
 * quarters of the steps pass: the conservative figure. An end point that must
 * pass n times in a row would be lower the larger n is; a staircase has no such
 * bias.
 *
 * A step that is invalid says nothing and is repeated up to two times. A step
 * that the load generator could not carry out shows that the capacity is at
 * least the highest rate that passed.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/experiment/experiment.h"

enum {
    SEARCH_BISECTIONS = 5,
    SEARCH_STAIRS = 20,
    SEARCH_DROPPED = 4,
    SEARCH_ATTEMPTS = 3, /* of one step that is invalid */
    /* Steps of a search without invalid ones: ceiling, floor, bisections,
     * stairs. */
    SEARCH_STEPS = 2 + SEARCH_BISECTIONS + 2 * SEARCH_STAIRS,
    SEARCH_STEPS_MAX = SEARCH_ATTEMPTS * SEARCH_STEPS,
};

enum search_phase {
    SEARCH_CEILING, /* a closed loop; achieved_per_s is X */
    SEARCH_FLOOR,
    SEARCH_BISECTION,
    SEARCH_STAIRCASE,
    SEARCH_CAUTIOUS, /* the second, weighted staircase */
    SEARCH_OVER,
};

enum search_verdict {
    SEARCH_PASS,
    SEARCH_FAIL,
    SEARCH_INVALID, /* the step says nothing about the rate */
    SEARCH_LIMIT,   /* the generator could not carry it out */
};

struct search_step {
    enum search_phase phase;
    enum search_verdict verdict;
    double rate_per_s;     /* offered; 0: a closed loop */
    double achieved_per_s; /* right answers in the window */
    int64_t quantile_ns;   /* the percentile that has the limit; -1: unknown */
    double error_share;    /* share of the requests that failed */
    bool lasting;          /* invalid, and a repetition would be invalid, too */
    char why[160];         /* the reason in words, unless it passed */
};

struct search {
    enum search_phase phase;
    double rate_per_s;    /* of the next step; 0: a closed loop */
    double ceiling_per_s; /* X; 0: not yet known */
    double lo_per_s, hi_per_s;
    int turn;    /* valid steps of this phase */
    int invalid; /* invalid attempts in a row */
    bool failed; /* given up because a step stayed invalid */
    bool cannot_meet;
    int count;
    struct search_step steps[SEARCH_STEPS_MAX];
};

struct search_result {
    double estimate_per_s;     /* 0: none */
    double conservative_per_s; /* 0: none */
    double last_success;       /* the highest rate that passed; 0: none */
    double first_failure;      /* the lowest rate that failed; 0: none */
    bool at_least; /* the generator was the limit: the capacity is at least the
                      estimate, which is last_success */
    bool cannot_meet; /* the limit was missed even at 10 % of the ceiling */
};

void search_begin(struct search *search);

/* Whether the search has ended. */
bool search_over(const struct search *search);

/* Notes the result of the step at search->rate_per_s; fills in its phase. */
void search_note(struct search *search, const struct search_step *step);

void search_judge(const struct search *search, struct search_result *result);

const char *search_phase_name(enum search_phase phase);
const char *search_verdict_name(enum search_verdict verdict);

/* Several searches side by side: one step of each in turn, so that a drift of
 * the machine affects all of them. */
struct search_group {
    struct search *searches; /* one for each contender */
    int count;
    /* Carries out the next step of searches[who] and fills in its result.
     * `turn` is equal for all contenders of a round. Returns 0, or a negative
     * errno that ends the group. */
    int (*step)(void *context, int who, int turn, struct search_step *step);
    void *context;
};

/* Begins all searches and goes on until they have ended. Returns 0 or the error
 * that step returned. */
int search_group_run(const struct search_group *group);

/* A search as JSON: the object `capacity` of docs/results.md. `limit` is what
 * bounds the result other than the server ("connections"), or NULL. The caller
 * owns the object. */
json_t *search_json(const struct search *search, const struct slo *slo,
                    const char *limit);
