/* SPDX-License-Identifier: MIT
 *
 * The figures of a summary: a row for each metric, whose value comes from a
 * stored trial. A new metric is a new row, and a function if no other row's
 * function fits.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "figures.h"

/* Where a metric has a meaning. */
enum metric_scope {
    METRIC_COST,     /* in every mode but search */
    METRIC_LOAD,     /* of these, not in slice mode: a server that has the load
                        only now and then shows neither its memory nor its
                        latencies */
    METRIC_BESIDE,   /* where there is a second load */
    METRIC_SEARCH,   /* in a search only */
    METRIC_LIMIT,    /* in an open loop with a limit */
    METRIC_RECOVERY, /* where the time to recover is measured */
    METRIC_CHURN,    /* where every request has a connection of its own */
    METRIC_IDLE,     /* where connections sleep */
    METRIC_PUSH,     /* where the server sends without being asked */
    METRIC_CLASS,    /* where some of the requests are heavy */
    METRIC_UPDATES,  /* where tasks update shared data */
    METRIC_QUOTA,    /* where the server has a CPU quota */
};

struct metric {
    const char *name;
    const char *words; /* for a person: "throughput" */
    bool higher_is_better;
    enum metric_scope scope;
    /* The trial's figure, or NAN with the reason in `why`. A figure of 0, which
     * has no ratio, comes with words in `why` too. */
    double (*value)(const struct metric *metric, const json_t *trial, char *why,
                    size_t why_size);
    unsigned figure;  /* the figure that a gate may withhold; 0: none can */
    const char *part; /* `value` looks here in the trial; NULL: as usual */
    double percentile;
};

/* Ended by a NULL name. */
extern const struct metric metrics[];

/* The error of the trial's figure beside chance, as a share: that of memory
 * where memory is an estimate, 0 elsewhere. *lower_bound (may be NULL): the
 * figure lacks a part whose size is unknown. */
double metric_error_share(const struct metric *metric, const json_t *trial,
                          bool *lower_bound);

/* Whether a load point or a trial has the metric. */
bool metric_applies(const struct metric *metric, const json_t *object);

/* The trial's figure as metric.value gives it; NAN, with the reason, also if
 * the figure is withheld. */
double metric_of(const struct metric *metric, const json_t *trial, char *why,
                 size_t why_size);

/* A percentile of a histogram as a trial has it, in ns. NAN: it has too few
 * requests for that. */
double metric_percentile(const json_t *histogram, double p);

const struct metric *metric_find(const char *name);

/* The mark in front of the value of a summary's row: "~" for an estimate, ">= "
 * if a part is missing, else "". */
const char *metric_mark(const json_t *row);

/* Three significant digits and the unit at the end of the metric's name:
 * "1,990/s", "50.2 ms", "12.3 MiB". Returns text. */
char *metric_format(const char *name, double value, char *text, size_t size);
