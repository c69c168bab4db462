/* SPDX-License-Identifier: MIT
 *
 * The search for a capacity: the highest rate at which a server keeps a limit.
 * Only the logic: which rate to try next, given what earlier steps showed.
 * Carrying out a step and finding its verdict is the caller's business.
 *
 * Phases: a closed loop gives X, what the server does at most. At 10 % of X
 * the limit must be kept, else it cannot be met. Five geometric bisections
 * between 0.1 X and 1.2 X find the neighbourhood; from there a staircase goes
 * up 3 % where a step passes and down 3 % where it fails, and so walks about
 * the rate at which half of the steps pass. After 20 steps the geometric mean
 * of the rates visited, without the first four, is the estimate. A second
 * staircase, up 1 % and down 3 %, settles where three quarters pass: the
 * conservative figure. An end point that must pass n times in a row would lie
 * lower the larger n is; a staircase has no such bias.
 *
 * A step that is invalid says nothing and is tried again, twice at most. One
 * that the load generator could not carry says that the capacity is at least
 * what passed.
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
    SEARCH_ATTEMPTS = 3, /* of one step, while it is invalid */
    /* Of a search, if none is invalid: ceiling, floor, bisections, stairs. */
    SEARCH_STEPS = 2 + SEARCH_BISECTIONS + 2 * SEARCH_STAIRS,
    SEARCH_STEPS_MAX = SEARCH_ATTEMPTS * SEARCH_STEPS,
};

enum search_phase {
    SEARCH_CEILING, /* a closed loop: achieved_per_s is X */
    SEARCH_FLOOR,
    SEARCH_BISECTION,
    SEARCH_STAIRCASE,
    SEARCH_CAUTIOUS, /* the weighted staircase */
    SEARCH_OVER,
};

enum search_verdict {
    SEARCH_PASS,
    SEARCH_FAIL,
    SEARCH_INVALID, /* the step says nothing */
    SEARCH_LIMIT,   /* the generator could not carry it */
};

struct search_step {
    enum search_phase phase;
    enum search_verdict verdict;
    double rate_per_s;     /* offered; 0: closed loop */
    double achieved_per_s; /* right answers in the window */
    int64_t quantile_ns;   /* what the limit is on; -1: unknown */
    double error_share;    /* of the requests */
    bool lasting;          /* invalid, and would be so again */
    char why[160];         /* in words, unless it passed */
};

struct search {
    enum search_phase phase;
    double rate_per_s;    /* of the next step; 0: closed loop */
    double ceiling_per_s; /* X; 0: not known yet */
    double lo_per_s, hi_per_s;
    int turn;    /* steps of this phase that counted */
    int invalid; /* attempts in a row that did not */
    bool failed; /* given up: a step stayed invalid */
    bool cannot_meet;
    int count;
    struct search_step steps[SEARCH_STEPS_MAX];
};

struct search_result {
    double estimate_per_s;     /* 0: none */
    double conservative_per_s; /* 0: none */
    double last_success;       /* the highest rate that passed; 0: none */
    double first_failure;      /* the lowest that failed; 0: none */
    bool at_least;             /* the generator was the limit: the capacity is
                                  the estimate (last_success) or more */
    bool cannot_meet;          /* not even at 10 % of the ceiling */
};

void search_begin(struct search *search);

/* Whether there is no more to be tried. */
bool search_over(const struct search *search);

/* What the step at search->rate_per_s showed; the phase is filled in. */
void search_note(struct search *search, const struct search_step *step);

void search_judge(const struct search *search, struct search_result *result);

const char *search_phase_name(enum search_phase phase);
const char *search_verdict_name(enum search_verdict verdict);

/* Several searches side by side: one step of each in turn, so that a machine
 * that drifts drifts under all of them. */
struct search_group {
    struct search *searches; /* one a contender */
    int count;
    /* Carries out the next step of searches[who] and says what it showed;
     * `turn` is the same for all contenders of a round. Returns 0, or a
     * negative errno that ends the group. */
    int (*step)(void *context, int who, int turn, struct search_step *step);
    void *context;
};

/* Begins all searches and goes on until they are over. Returns 0 or what
 * step returned. */
int search_group_run(const struct search_group *group);

/* A search as JSON: the object `capacity` of docs/results.md. `limit` is what
 * else than the server bounds the result ("connections"), or NULL. The caller
 * owns the object. */
json_t *search_json(const struct search *search, const struct slo *slo,
                    const char *limit);
