/* SPDX-License-Identifier: MIT
 *
 * An answer to `troika size`: for each model with workers a curve over their
 * number, at the peak of the load; what that is called in servers that people
 * run; how many connections to the database. How it reads is in print.h.
 *
 * The forecasts, the doubts about them and the remedies for a limit that is not
 * kept are those of harness/advice, asked at the peak.
 */
#pragma once

#include "curve.h"
#include "harness/advice/advice.h"
#include "servers.h"

/* What a person who gives a rate is taken to mean: the mean, and at times so
 * many times that. */
#define SIZE_PEAK 1.3

/* Of what is held for a call, the wait for a connection, at the 99th
 * percentile; and of a request, the wait for others' CPU on one loop. */
#define SIZE_QUEUE_SHARE 0.05
#define SIZE_PIECE_SHARE 0.1

/* Requests of a simulation where none are given, of a decision too, so that
 * both say one thing: enough for a p99 to 5 %, which is less than what
 * forecasts err. */
enum { SIZE_REQUESTS = 30000 };

struct size_question {
    const struct question *question; /* its workers are shown on the curve */
    double peak;                     /* times the load; 0: not given */
    const char *server; /* the name of servers to print; NULL: all */
};

/* A model of the answer. */
struct sized {
    struct curve curve;
    struct curve_point usual; /* W* at the load that is no peak */
};

struct size {
    const struct size_question *asked;
    double peak;
    struct question at_peak;
    struct question unlimited; /* at the peak, with any memory */
    struct advice advice;      /* that this one gets */
    struct sized models[CONSTANTS_MODELS_MAX]; /* as those of the advice */
    /* Whether some number of workers keeps what was asked for. */
    enum kept kept;
    double calling_per_s; /* requests that call, at the peak */
    double database_queue_p99_ns;
    double piece_ns; /* that one loop stands; NAN: no rate is given */
    struct server_figures figures;
};

/* Makes the question at the peak. Returns 0; -EINVAL with what is wrong with
 * the question; -ENOENT with the reason: no model has workers. `size` keeps the
 * pointers. */
int size_ask(const struct size_question *asked, const struct machine *machine,
             struct size *size, char *why, size_t why_size);

/* Answers what size_ask has made. A model that cannot be forecast is left out
 * and is among those of size->advice. */
void size_make(const struct machine *machine, bool shipped,
               const struct bands *bands, struct size *size);

/* The model that is at that place of the answer. */
const struct advised *size_advised(const struct size *size, int model);
