/* SPDX-License-Identifier: MIT
 *
 * What a load with a rate sees interval by interval, told while it runs; and
 * the knee, if the rate rises.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "harness/load/load.h"
#include "knee.h"

enum { RAMP_TAILS = 3 };

/* One interval. Rates are per second. */
struct ramp_row {
    double from_s, to_s; /* since the window began */
    double intended_per_s, due_per_s, sent_per_s, ok_per_s;
    double tails_ns[RAMP_TAILS]; /* p50, p90, p99 of the response times that
                                    ended in it; NAN: fewer than 20 requests
                                    beyond */
    double service_ns;           /* mean; NAN: no answer */
    uint64_t errors;
    int in_flight; /* at most */
    bool late;     /* the generator's own lateness makes over 5 % of the tail,
                      and over 0.2 ms */
    bool bound;    /* the generator was the limit: it used over 85 % of its CPUs
                      or waited for them, or its lateness makes over 5 % of the
                      median and over 0.1 ms, or it sent under 95 % of what was
                      due although connections were free */
};

struct ramp {
    const struct load_spec *spec;
    struct ramp_row *rows;
    int count;     /* whole intervals that ended */
    bool rises;    /* the rate does, and there is a knee to be found */
    double tail_p; /* the percentile by which the knee was looked for */
    struct knee knee;
};

/* Where rows go as they end; each may be NULL. */
struct ramp_streams {
    FILE *text; /* a line each */
    FILE *json; /* an object a line each */
};

/* Prepares for a load's spec, which must live as long. Returns 0 or -ENOMEM. */
int ramp_init(struct ramp *ramp, const struct load_spec *spec);

/* Follows a load whose window opens at `begun_ns` until its end, then looks for
 * the knee. Returns 0, or a negative errno as load_wait does; if 0, load_wait
 * is to be called next. */
int ramp_follow(struct ramp *ramp, struct load *load, int64_t begun_ns,
                const struct ramp_streams *streams);

/* The share of requests that failed at rates up to the knee. */
double ramp_error_share(const struct ramp *ramp);

/* Prints the finding for people. */
void ramp_print(const struct ramp *ramp, FILE *file);

/* Finding and intervals; the caller owns the object. */
json_t *ramp_json(const struct ramp *ramp);

void ramp_free(struct ramp *ramp);
