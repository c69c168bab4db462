/* SPDX-License-Identifier: MIT
 *
 * What a validation asks: of each service and model a closed loop and an open
 * loop at a share of its capacity, and of a pool the open loop with other
 * numbers of workers. A question has its forecast before anything is measured.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/predict/forecast.h"
#include "held_out.h"

/* Why a number of workers is asked about; bits, since rules may agree. */
enum {
    WORKERS_NEEDED = 1 << 0, /* what the forecast recommends */
    WORKERS_HALF = 1 << 1,
    WORKERS_DOUBLE = 1 << 2,
    WORKERS_GOETZ = 1 << 3,     /* cores x (1 + wait / CPU) */
    WORKERS_GUNICORN = 1 << 4,  /* 2 x cores + 1 */
    WORKERS_UNLIMITED = 1 << 5, /* one for each connection */
    WORKERS_REASONS = 6,
};

/* One trial. */
struct question {
    int service; /* from 0 */
    const struct model_constants *model;
    bool open;
    char place[40];   /* its load point */
    unsigned workers; /* why; 0: not about workers */
    int worker_count;
    double rate_per_s; /* of an open loop */
    int connections;
    bool forecasted;
    struct forecast forecast;
    /* Of an open loop: the forecast for the very requests that the generator
     * will send (replay.h), whose latencies are judged. */
    struct forecast replayed;
    double law_per_s; /* throughput by the laws with the bare work alone */
};

struct questions {
    struct machine machine;
    struct held_out services[HELD_OUT_MAX];
    int service_count;
    const struct model_constants *models[CONSTANTS_MODELS_MAX];
    int model_count;
    struct question *rows;
    int count;
    int64_t window_most_ns; /* of an open loop */
    uint64_t seed;          /* of the run that will measure */
    int64_t requests;       /* to simulate for a forecast */
    /* The [target] sections of the person's own services, as they stand in an
     * experiment; "" for none. They answer their own path alone. */
    char targets[16384];
};

/* "needed", "half", "double", "goetz", "2c+1", "unlimited". */
const char *questions_workers_name(int bit);

/* Whether the model is one of questions->targets. */
bool questions_target(const struct questions *questions,
                      const struct model_constants *model);

/* Adds a model, unless it is there: one of questions->machine. */
void questions_take_model(struct questions *questions,
                          const struct model_constants *model);

/* Forecasts a question and adds it to questions->rows. Returns 0 or -ENOMEM. */
int questions_add(struct questions *questions, const struct question *question);

/* Makes and forecasts the questions of questions->services and ->models. Calls
 * `tell` after each service. Returns 0 or -ENOMEM. */
int questions_make(struct questions *questions, void (*tell)(int service));
void questions_free(struct questions *questions);

/* Forecasts the very requests of an open loop once more, with the CPU that a
 * request was seen to cost: what is then still off is not the cost's error.
 * Returns 0 or -ENOMEM. */
int questions_with_cpu(const struct questions *questions,
                       const struct question *question, double cpu_ns,
                       struct forecast *forecast);

/* Whether anything is asked of the service: where constants are of models in
 * other languages alone, each is asked about a few services. */
bool questions_measured(const struct questions *questions, int service);

/* Writes the experiment that measures one service. */
void questions_write(const struct questions *questions, int service,
                     FILE *file);

/* The content of forecasts.json before the first trial: the services, and every
 * question with its forecast. */
json_t *questions_services_json(const struct questions *questions);
json_t *questions_json(const struct questions *questions);
