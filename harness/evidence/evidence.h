/* SPDX-License-Identifier: MIT
 *
 * Options of a decision that were measured at the profile itself: each trial
 * beside the forecast for the very requests that it sent. What the two differ
 * by is the forecast's error for this service, with the luck of the arrivals
 * taken out (a control variate: A. M. Law, Simulation Modeling and Analysis,
 * section 11.4).
 *
 * Trials of one block had equal requests, and lie seconds apart: their errors
 * are paired. Stored as evidence.json (results/schema/evidence.schema.json).
 */
#pragma once

#include "harness/predict/bands.h"

enum {
    EVIDENCE_BLOCKS_MAX = 32,
    EVIDENCE_MODELS_MAX = 16,
    EVIDENCE_RUNS_MAX = 16,
    EVIDENCE_CAUSE = 200,
};

/* One trial. QUANTITY_P99 is the latency at evidence->percentile. NAN: was not
 * measured or is withheld; has no forecast. */
struct evidence_trial {
    int block; /* from 1 */
    bool overloaded;
    double measured[QUANTITIES], forecast[QUANTITIES];
};

struct evidence_model {
    char name[64];
    int workers; /* 0: none to set */
    struct evidence_trial trials[EVIDENCE_BLOCKS_MAX];
    int count;
    int invalid;                  /* trials that gates refused */
    char why[EVIDENCE_CAUSE];     /* the last of them; "" */
    char unknown[EVIDENCE_CAUSE]; /* why a latency is not known; "" */
};

struct evidence {
    char runs[EVIDENCE_RUNS_MAX][64];
    int run_count;
    char place[96]; /* the load point near the profile; "": the profile */
    double percentile;
    int connections; /* that the generator opened */
    bool shared;     /* server and generator on all CPUs */
    struct evidence_model of[EVIDENCE_MODELS_MAX];
    int count;
};

/* The option of that model with that many workers; near the profile, with any.
 * NULL: it was not measured. */
const struct evidence_model *evidence_find(const struct evidence *evidence,
                                           const char *name, int workers);

/* An option as by evidence_find; one that is not there is added. NULL: there is
 * no room. */
struct evidence_model *evidence_put(struct evidence *evidence, const char *name,
                                    int workers);

/* What the trials of an option say together. */
struct evidence_found {
    int n[QUANTITIES];        /* trials with both figures */
    double ratio[QUANTITIES]; /* measured over forecast, geometric mean */
    /* The next trial's ratio lies within ratio / factor and ratio * factor with
     * a chance of 90 %, if ratios are lognormal. NAN: below two trials. */
    double factor[QUANTITIES];
    double measured[QUANTITIES]; /* geometric mean; NAN: none */
    int overloads;               /* trials that came to one */
    bool overloaded;             /* more than half of the trials did */
};

struct evidence_found evidence_found(const struct evidence_model *model);

/* The trial of that block; NULL: there is none that is valid. */
const struct evidence_trial *evidence_at(const struct evidence_model *model,
                                         int block);

/* Measured over forecast of one trial; where it has none, of all trials; where
 * these have none, `otherwise`. */
double evidence_ratio(const struct evidence_trial *trial,
                      const struct evidence_found *found,
                      enum quantity quantity, double otherwise);

json_t *evidence_json(const struct evidence *evidence);

/* Reads what evidence_json wrote. Returns 0, or -EINVAL with the member that is
 * wrong, and its value. */
int evidence_read(const json_t *json, struct evidence *evidence, char *why,
                  size_t why_size);
