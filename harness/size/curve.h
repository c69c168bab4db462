/* SPDX-License-Identifier: MIT
 *
 * What each number of workers of one model would do for a service: capacity,
 * latency, memory, from too few to too many; and the number to take, W*.
 *
 * W* is the least number whose p99 is near the best (forecast_workers); more,
 * if only more keep the limit; fewer, if so many do not fit into the memory.
 * All numbers serve the same simulated requests, so that a curve is smooth.
 */
#pragma once

#include "harness/predict/forecast.h"

enum {
    CURVE_POINTS = 16,     /* that a curve has, if there are so many numbers */
    CURVE_POINTS_MAX = 96, /* that are looked at on the way */
    CURVE_OFF = 16, /* a rule's number beyond W* times that is not shown */
    CURVE_WORKERS_MOST = 8192,
};

enum curve_mark {
    MARK_STAR, /* W*, or what comes nearest if no number will do */
    MARK_HALF, /* of W*, rounded up; 0: W* is 1 */
    MARK_TWICE,
    MARK_LIMIT, /* the least that keeps the limit, below W* */
    MARK_FITS,  /* the most that fit into the memory, if W* does not */
    MARK_BEST,  /* near the best p99, if W* is another number */
    MARK_GOETZ,
    MARK_LITTLE,
    MARK_TWO_CORES,
    MARK_GIVEN, /* that the person asked about */
    CURVE_MARKS,
};

/* Why W* is W*. */
enum curve_why {
    CURVE_BEST,    /* p99 is near the best */
    CURVE_LIMIT,   /* fewer do not keep the limit */
    CURVE_MEMORY,  /* more do not fit */
    CURVE_UNKNOWN, /* as CURVE_BEST or CURVE_LIMIT; whether so many fit into the
                      memory cannot be told */
    CURVE_NONE,    /* no number keeps limit and memory */
    CURVE_OVERLOAD,
};

struct curve_point {
    struct forecast forecast;
    bool overloaded; /* such a number does not carry the rate */
};

struct curve {
    const struct model_constants *model;
    struct curve_point points[CURVE_POINTS_MAX]; /* ascending in workers */
    int count;
    int marks[CURVE_MARKS]; /* numbers of workers; 0: does not apply */
    enum curve_why why;
};

struct curve_question {
    const struct service *service; /* at the load to be carried */
    const struct machine *machine;
    struct precision precision;
    int given; /* workers; 0: none */
};

/* Whether the model has a number of workers that a simulation tells from
 * another. */
bool curve_applies(const struct model_constants *model);

/* One number of workers. The laws do not know how many threads compute beside
 * a loop, so an offloading model's capacity is bound here: W threads do the
 * handler's work, and one loop does the rest. */
struct curve_point curve_look(const struct curve_question *question,
                              const struct model_constants *model, int workers);

/* `best` is what forecast_workers gives where memory has no limit. The model
 * must have workers. The curve keeps the pointer to the model. */
void curve_make(const struct curve_question *question,
                const struct model_constants *model, int best,
                struct curve *curve);

/* The point of that number, or NULL: it is not on the curve. */
const struct curve_point *curve_at(const struct curve *curve, int workers);

/* "W*", "2c+1". */
const char *curve_mark_name(enum curve_mark mark);

/* "best", "limit", "memory", "unknown", "none", "overload". */
const char *curve_why_name(enum curve_why why);

/* Whether some number is known to keep limit and memory. */
bool curve_keeps(const struct curve *curve);

enum kept curve_kept(const struct curve *curve);
