/* SPDX-License-Identifier: MIT
 *
 * The options of a decision, each a model with the workers that it needs at the
 * service's peak, and what is held against them: figures at the peak, the
 * limits, and a burden, which is a weighted sum of logarithms.
 *
 * Of each figure only what is above a floor weighs, by ln(figure + floor):
 * 3 MiB against 5 are no reason to choose, and 300 MiB against 500 are.
 */
#pragma once

#include "harness/evidence/evidence.h"
#include "harness/predict/forecast.h"

enum { OPTIONS_MAX = CONSTANTS_MODELS_MAX, SCORES_MAX = 256 };

/* What weighs. The last four are not measured: people give scores from 1 to 5,
 * and weights if the scores are to count. */
enum driver {
    DRIVER_THROUGHPUT, /* of a closed loop; at a rate, all carry the rate */
    DRIVER_LATENCY,    /* at the limit's percentile, or p99 */
    DRIVER_CPU,        /* cores that are busy at the peak */
    DRIVER_MEMORY,
    DRIVER_ISOLATION,
    DRIVER_LIBRARIES,
    DRIVER_SKILLS,
    DRIVER_DEBUGGABILITY,
    DRIVERS,
    DRIVERS_MEASURED = DRIVER_ISOLATION,
};

/* "latency"; as the flag --weight calls it. */
const char *driver_name(enum driver driver);

/* The driver of that name, or DRIVERS. */
enum driver driver_find(const char *name);

struct score {
    char model[64];
    enum driver driver;
    double value; /* 1 to 5 */
};

/* What a person wants beside the service. */
struct wishes {
    double peak; /* the rate at the peak over the usual one */
    bool peak_given;
    double weights[DRIVERS];
    double least[DRIVERS]; /* of a score; 0: any */
    struct score scores[SCORES_MAX];
    int score_count;
};

/* The standard: weights of the measured drivers, 0 of the others. */
struct wishes wishes_standard(const struct service *service);

/* The score that was given, or the standard one; NAN: there is none. Isolation
 * has a standard by what a crash takes along: 5 one request, 4 a worker and its
 * one request, 3 a worker with all its requests, 1 all of them. */
double wishes_score(const struct wishes *wishes,
                    const struct model_constants *model, enum driver driver);

/* Whether the model has each score that is required. */
bool wishes_allow(const struct wishes *wishes,
                  const struct model_constants *model);

/* The question, with all that an answer follows from. */
struct matter {
    const struct service *service; /* as usual, not at the peak */
    const struct machine *machine;
    const struct wishes *wishes;
    const struct model_constants *models[OPTIONS_MAX];
    int model_count;
    int workers; /* that are given; 0: those that are needed */
    struct precision precision;
    const struct evidence *evidence; /* NULL: nothing was measured */
};

/* At the peak. */
struct figures {
    double of[DRIVERS_MEASURED]; /* per second, ns, cores, bytes; NAN: not
                                    known; latency INFINITY: overload */
    double memory_most_bytes;
};

struct candidate {
    const struct model_constants *model;
    int workers;  /* 0: none to set */
    bool cramped; /* fewer workers than needed, since memory holds no more */
    struct forecast peak;
    struct figures forecast; /* as it was made */
    /* The forecast's, times what was measured over what was forecast. */
    struct figures figures;
    const struct evidence_model *tried;    /* NULL: it was not measured */
    const struct evidence_model *measured; /* with a valid trial; or NULL */
    struct evidence_found found;
    bool fits; /* by the figures, without their bands */
    double burden;
    char why[500]; /* no forecast could be made; "" */
};

/* The service with its rate at the peak. */
struct service matter_peak(const struct matter *matter);

/* Whether the service means something at its peak; otherwise false, with what
 * is wrong. */
bool matter_check(const struct service *service, const struct wishes *wishes,
                  char *why, size_t why_size);

struct figures figures_of(const struct service *service,
                          const struct forecast *peak);

/* Whether limit and memory are kept. */
bool figures_fit(const struct service *service, const struct figures *figures);

/* Sets known[driver] where each option that fits has that figure: otherwise
 * options cannot be compared by the driver. */
void figures_known(const struct figures *figures, const bool *fits, int count,
                   bool *known);

/* The burden of the figures; a driver without weight or of which `known` is
 * false has no part. INFINITY under overload. */
double figures_burden(const struct service *service,
                      const struct figures *figures, const double *weights,
                      const bool *known);

/* What the scores of a model add to its burden. */
double scores_burden(const struct wishes *wishes,
                     const struct model_constants *model,
                     const double *weights);

/* The figures times a ratio for each quantity. */
struct figures figures_scaled(const struct figures *figures,
                              const double *ratio);

/* What the option's trials say of a forecast of it, also at another service. */
void candidate_correct(const struct candidate *option, struct figures *figures);

/* Forecasts each model. `options` has room for matter->model_count. */
void options_make(const struct matter *matter, struct candidate *options);

/* Whether an option keeps the limits at the usual rate. */
bool options_kept_usually(const struct matter *matter,
                          const struct candidate *options);

/* The least burdened of the options that fit, or -1. */
int options_best(const struct candidate *options, int count);
