/* SPDX-License-Identifier: MIT
 *
 * A trial beside the forecast for what it sent.
 */
#pragma once

#include "evidence.h"
#include "harness/predict/forecast.h"
#include "harness/validate/replay.h"

/* A trial's figure; NAN: it is withheld, or was not measured. */
double taken_figure(const json_t *trial, enum quantity quantity);

/* The figures that can be compared with a forecast, QUANTITY_P99 at
 * `percentile`; NAN for others. `why`, if a latency is not known. */
void taken_measured(const struct service *service, const json_t *trial,
                    double percentile, double *measured, char *why,
                    size_t why_size);

/* The figures of a forecast that such a trial has; QUANTITY_P99 at the limit's
 * percentile, if there is a limit. */
void taken_forecast(const struct service *service,
                    const struct forecast *forecast, double *of);

/* What was sent, and to whom. */
struct taken {
    struct service service;
    const struct machine *machine;
    const struct model_constants *model;
    int workers;
    struct precision precision;
    const struct replay_load *replay; /* the very requests; NULL: any such */
};

/* Adds the trial, as one of that block, to the evidence. */
void taken_add(const struct taken *taken, const json_t *trial, int block,
               struct evidence *evidence);
