/* SPDX-License-Identifier: MIT
 *
 * How far forecasts of this machine were from measurements, and what follows
 * for the next forecast: a band that holds nine measurements of ten, the inputs
 * beyond which nothing was measured, and the nearest service that was.
 * `troika validate` stores the residuals as validation.json (docs/results.md).
 *
 * A band is the split conformal bound (arithmetic/conformal.h) of residuals
 * |log(measured / forecast)|.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "constants.h"
#include "models/runtime/base/discipline.h"
#include "service.h"

enum quantity {
    QUANTITY_THROUGHPUT,
    QUANTITY_CPU,
    QUANTITY_MEMORY,
    QUANTITY_P50,
    QUANTITY_P99,
    QUANTITIES,
};

/* "throughput_per_s": as in validation.json. */
const char *quantity_name(enum quantity quantity);

/* Inputs of a service within whose measured range a band holds. */
enum band_input {
    BAND_WAIT,
    BAND_CPU,
    BAND_CALLS,
    BAND_CONNECTIONS,
    BAND_PAYLOAD,
    BAND_CV_WAIT,
    BAND_CV_CPU,
    BAND_INPUTS,
};

/* A forecast that was compared with a measurement. */
struct residual {
    int service; /* its number */
    char model[64];
    enum discipline discipline;
    enum quantity quantity;
    double log_error; /* log(measured / forecast) */
    double load;      /* forecast, at a rate; NAN: of clients who ask again */
};

struct validated_service {
    int number;
    double of[BAND_INPUTS];
};

/* Whose constants the forecasts were made from. */
struct validated_model {
    char name[64], run_id[64];
};

struct bands {
    char run_id[64], machine[64], fingerprint[80], at[32];
    bool afterwards; /* the forecasts were made after the measurements */
    bool cells;      /* they are of a run's cells, not of a validation */
    struct validated_model models[CONSTANTS_MODELS_MAX];
    int model_count; /* 0: of an older version, all are of run `machine` */
    /* Models whose constants are of another run than was validated. */
    char outdated[CONSTANTS_MODELS_MAX][64];
    int outdated_count;
    char validated_run[64], present_run[64]; /* of the first that was left
                                                out; "": none was */
    struct validated_service *services;      /* with a residual */
    int service_count;
    struct residual *residuals; /* judged ones alone */
    int residual_count;
};

/* Reads validation.json. Returns 0; -EINVAL with the member that is missing, of
 * another type or out of its range, and its value; -ENOMEM. bands_free may be
 * called after any result. */
int bands_read(const json_t *json, struct bands *bands, char *why,
               size_t why_size);

/* Leaves out the residuals of models whose constants are of another run than
 * those that were validated: they say nothing of the new ones. */
void bands_match(struct bands *bands, const struct machine *machine);

/* Whether bands_match left out the residuals of that model. */
bool bands_outdated(const struct bands *bands, const char *model);
void bands_free(struct bands *bands);

/* The measurement lies between forecast / factor and forecast * factor. */
struct band {
    double factor; /* NAN: too few residuals */
    int n;         /* residuals, and services that they are of */
    int services;
    bool pooled; /* of all disciplines, since this one has too few */
    bool widened;
    bool beyond_load; /* none, since the load is above all validated ones */
};

/* `load` is that of a forecast at a rate; NAN: of clients who ask again, of
 * whom memory and latencies have a band only if theirs were validated. */
struct band band_of(const struct bands *bands, enum quantity quantity,
                    enum discipline discipline, double load);

/* The highest load at which a latency was validated; 0: none was. */
double bands_load_most(const struct bands *bands);

/* Where a service lies outside of what was measured. */
struct outside {
    double factor; /* of the input that lies farthest outside; 1: inside */
    enum band_input input;
    double value, least, most; /* of the input; that were measured */
    bool flight;               /* the input is requests in flight */
    /* The flag of an input that is the same in all services that are measured,
     * and another one here, of which nothing is known; NULL: none. */
    const char *unseen;
};

/* `cores` are those that the constants were measured with. */
struct outside bands_outside(const struct bands *bands,
                             const struct service *service, int cores);

bool outside_extrapolated(const struct outside *outside);

/* Whether the service lies so far outside that no band is given: by more than
 * a factor of 4. (Nor is one of what was never varied.) */
bool outside_far(const struct outside *outside);

/* "wait 300 ms is 3 times above what was measured (1 ms to 100 ms)"; "" if the
 * service lies inside. Returns text. */
const char *outside_text(const struct outside *outside, char *text,
                         size_t size);

/* The band squared where the service lies outside, and none far outside or
 * where nothing like it was validated. */
struct band band_widened(struct band band, const struct outside *outside);

/* "[-8 +9 %]", or "[x/ 2.5]" for a wide one; "" for none. Returns text. */
const char *band_text(const struct band *band, char *text, size_t size);

/* The service nearest in the logarithms of wait, CPU and connections (or
 * requests in flight); NULL if there is none. */
const struct validated_service *bands_nearest(const struct bands *bands,
                                              const struct service *service);

/* Measured over forecast of the model for that service (the geometric mean,
 * if it was measured with several numbers of workers), or NAN. */
double bands_ratio(const struct bands *bands,
                   const struct validated_service *service, const char *model,
                   enum quantity quantity);
