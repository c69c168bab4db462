/* SPDX-License-Identifier: MIT
 *
 * The figures that a summary gives: one row per metric, taken from a stored
 * trial. Adding one is a row and a function.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "figures.h"

/* Where a metric has a meaning. */
enum metric_scope {
    METRIC_COST,     /* everywhere but in a search */
    METRIC_LOAD,     /* not in slice mode either: a server that is visited now
                        and then tells neither its memory nor its latencies */
    METRIC_BESIDE,   /* where there is a second load */
    METRIC_SEARCH,   /* of a search alone */
    METRIC_LIMIT,    /* in an open loop with a limit */
    METRIC_RECOVERY, /* where the time to recover is asked for */
    METRIC_CHURN,    /* where every request has a connection of its own */
    METRIC_IDLE,     /* where connections sleep */
    METRIC_PUSH,     /* where the server sends by itself */
    METRIC_CLASS,    /* where some of the requests are heavy */
    METRIC_UPDATES,  /* where tasks update something shared */
};

struct metric {
    const char *name;
    const char *words; /* for a person: "throughput" */
    bool higher_is_better;
    enum metric_scope scope;
    /* The trial's figure, or NAN with the reason in `why`. A figure of 0, of
     * which there is no ratio, comes with words too. */
    double (*value)(const json_t *trial, char *why, size_t why_size);
    unsigned figure; /* of which a gate may withhold it; 0: none can */
};

/* Ended by a NULL name. */
extern const struct metric metrics[];

/* How far the trial's figure may be from the truth, chance aside: the share
 * that memory carries where it is an estimate, 0 elsewhere. *lower_bound (may
 * be NULL): a part is missing that nobody knows. */
double metric_error_share(const struct metric *metric, const json_t *trial,
                          bool *lower_bound);

/* Whether a load point, or a trial, has the metric. */
bool metric_applies(const struct metric *metric, const json_t *object);

/* The trial's figure as metric.value has it; also NAN, with the reason, where
 * it is withheld. */
double metric_of(const struct metric *metric, const json_t *trial, char *why,
                 size_t why_size);

const struct metric *metric_find(const char *name);

/* What stands before the value of a summary's row: "~" where it is an estimate,
 * ">= " where a part is missing, else "". */
const char *metric_mark(const json_t *row);

/* "1,985/s", "50.2 ms", "12.3 MiB": 3 significant digits with the unit that
 * the metric's name ends in. Returns text. */
char *metric_format(const char *name, double value, char *text, size_t size);
