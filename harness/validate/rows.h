/* SPDX-License-Identifier: MIT
 *
 * Forecasts beside what was measured: a row for each question and quantity,
 * whether it can be judged, and the cause of a miss. A closed loop gives
 * throughput and CPU, an open loop CPU, memory and latency.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "harness/predict/bands.h"
#include "questions.h"

/* Rows of a question. */
enum { ROWS_OF_ONE = 4 };

struct row {
    const struct question *question;
    enum quantity quantity;
    int percentile;            /* of QUANTITY_P99: 99, or 90 with too few
                                  requests; of QUANTITY_P50 50; else 0 */
    double forecast, measured; /* NAN: none */
    double with_cpu; /* of an open loop's latency: the forecast with the CPU of
                        a request as it was measured; NAN: none */
    bool judged;
    char not_judged[160]; /* why */
    double band;          /* factor that the other services give; NAN: none */
    bool miss;            /* beyond its band, or the goal where it has none */
    char cause[320];      /* of a miss, in words */
    const json_t *trial;  /* borrowed; NULL: it was not carried out */
};

struct rows {
    struct row *rows;
    int count;
};

/* log(measured / forecast). */
double rows_residual(const struct row *row);

/* Pairs the questions with the trials, which must outlive the rows. Returns 0
 * or -ENOMEM. */
int rows_make(const struct questions *questions, const json_t *trials,
              struct rows *rows);
void rows_free(struct rows *rows);

/* Fills `cause` of a row that is a miss. */
void rows_explain(struct row *row);

/* How many services have a trial of each of their questions. */
int rows_services_done(const struct questions *questions, const json_t *trials);

json_t *rows_json(const struct rows *rows);
