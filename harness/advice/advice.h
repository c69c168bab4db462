/* SPDX-License-Identifier: MIT
 *
 * An answer to `troika predict`: a forecast for each model, how far such
 * forecasts were from measurements, what speaks against them, and what would
 * keep a limit that no model keeps. How it reads is in print.h.
 */
#pragma once

#include "harness/predict/bands.h"
#include "harness/predict/forecast.h"
#include "least_memory.h"
#include "remedy.h"

/* Older constants are doubted. */
enum { ADVICE_DAYS_MAX = 30, ADVICE_MODELS_GIVEN_MAX = 64 };

/* Where and when a question was asked, which decides whether constants are
 * foreign or stale. */
struct as_of {
    char fingerprint[80];
    int64_t at_s; /* Unix time; 0: here and now */
};

struct question {
    struct service service;
    const char *models[ADVICE_MODELS_GIVEN_MAX];
    int model_count; /* 0: all that have constants */
    int workers;     /* 0: those that are needed */
    struct precision precision;
    struct as_of as_of;
    bool scaled; /* shipped constants are scaled by a run's cells */
};

/* Whether the question is about the model: it names the model, or names none
 * and the model is of the language. */
bool question_asks(const struct question *question, enum language language,
                   const struct model_constants *model);

/* Here and now. */
struct as_of advice_now(void);

/* One model. */
struct advised {
    struct forecast forecast;
    struct band bands[QUANTITIES]; /* throughput: of the capacity */
    double nearest_ratio; /* measured over forecast throughput of the nearest
                             measured service; NAN: it was not measured */
};

struct advice {
    const struct question *question;
    const struct machine *machine;
    bool shipped;         /* the constants came with the program */
    bool stale;           /* they are older than ADVICE_DAYS_MAX */
    bool foreign;         /* they are of another machine, kernel or build */
    char fingerprint[80]; /* of this machine, kernel and build */
    char doubt[400];      /* that, and the remedy, in words; "" for none */
    bool laws_alone;      /* nothing was simulated */
    enum kept kept;       /* whether some model keeps the limits */

    bool validated;   /* `bands` are of these constants */
    char unused[400]; /* why a validation that is stored is not used; "" */
    const struct bands *bands;
    struct outside outside;
    const struct validated_service *nearest;

    struct advised models[CONSTANTS_MODELS_MAX];
    int model_count;
    struct unforecast {
        const struct model_constants *model;
        char why[500];
    } unforecast[CONSTANTS_MODELS_MAX];
    int unforecast_count;
    struct remedies remedies;
    struct least_memory least; /* where no model fits into the memory */
};

/* Reads the constants of `path`: NULL, results/machine.json if there is one;
 * otherwise, and for "none", those shipped with the program (*shipped). Returns
 * 0, or -EINVAL with the reason. */
int advice_machine(const char *path, struct machine *machine, bool *shipped,
                   char *why, size_t why_size);

/* Reads the residuals of `path`: NULL, results/validation.json; "none" and a
 * standard file that does not exist give bands without services. Residuals of
 * forecasts from other constants than these are left out. Returns 0, or -EINVAL
 * with the reason. bands_free may be called after any result. */
int advice_bands(const char *path, const struct machine *machine,
                 struct bands *bands, char *why, size_t why_size);

/* What speaks for and against the constants and the residuals, and where the
 * service lies among the validated ones: all but the models. `advice` keeps the
 * pointers. */
void advice_begin(const struct question *question,
                  const struct machine *machine, bool shipped,
                  const struct bands *bands, struct advice *advice);

/* What follows from the forecasts in advice->models: their bands, whether the
 * limits are kept, and what would keep them. */
void advice_finish(struct advice *advice);

/* The file that advice_bands reads, as it is: a new reference; NULL, with the
 * reason, where there is none. */
json_t *advice_bands_json(const char *path, char *why, size_t why_size);

/* Answers: begins, forecasts each model that is asked for, and finishes. A
 * model that cannot be forecast is among advice->unforecast. */
void advice_make(const struct question *question, const struct machine *machine,
                 bool shipped, const struct bands *bands,
                 struct advice *advice);

/* Whether the model keeps what was asked for, and carries the rate if anything
 * was. Of the laws alone no latency is asked. */
enum kept advice_kept(const struct advice *advice,
                      const struct forecast *forecast);

/* Whether the model cannot carry the rate that comes. */
bool advice_overloaded(const struct advice *advice,
                       const struct forecast *forecast);
