/* SPDX-License-Identifier: MIT
 *
 * What is recorded about each request, in memory shared with the caller. In a
 * closed loop a request belongs to the window if it ends in it; in an open
 * loop, if its intended time is in it. The in-flight integral is computed only
 * from when requests are sent and end, independently of the histograms.
 */
#pragma once

#include "load.h"

/* One process's recorder. */
struct load_record {
    struct load_result *result;
    bool closed; /* closed loop */
    bool series, tenths, classes;
    enum load_mutation mutation;
    int64_t origin_ns;        /* start of the warm-up */
    int64_t start_ns, end_ns; /* of the window; INT64_MAX before it is known */
    int64_t window_ns;        /* as asked for: all processes have equal parts */
    const struct load_slice *slices; /* of the spec */
    int slice_count;
    int slice;                       /* index of the current or next slice */
    struct load_interval *intervals; /* NULL: none are asked for */
    int interval_count;
    int64_t interval_ns;
    int in_flight;
    int64_t in_flight_since_ns;
    uint64_t ended; /* requests that have ended, in the window or not */
};

/* When one request was due, was sent, and ended. */
struct load_times {
    int64_t intended_ns, sent_ns, done_ns;
    int64_t connected_ns; /* churn; else 0 */
    int64_t late_ns; /* open loop: the generator's own lateness, if the request
                        found a free connection; else 0 */
    enum load_class class; /* of the request */
};

enum load_outcome {
    OUTCOME_OK,
    OUTCOME_WRONG,
    OUTCOME_STATUS,
    OUTCOME_TIMEOUT,
    OUTCOME_CONNECT, /* the last three are io_error */
    OUTCOME_RESET,
    OUTCOME_MALFORMED,
};

/* How many intervals the window of a spec has; the last one may be cut short.
 */
int load_record_intervals(const struct load_spec *spec);

/* Empties the histograms that the spec asks for. */
void load_record_reset(const struct load_spec *spec,
                       struct load_result *result);

/* `intervals`: as many as load_record_intervals says, all zero, or NULL. */
void load_record_init(struct load_record *record, const struct load_spec *spec,
                      struct load_result *result,
                      struct load_interval *intervals);

bool load_record_in_window(const struct load_record *record, int64_t at_ns);

/* A request is sent (+1) or has ended (-1). `now_ns` must not decrease. */
void load_record_in_flight(struct load_record *record, int change,
                           int64_t now_ns);

/* The interval that a time is in; NULL: none. */
struct load_interval *load_record_interval(const struct load_record *record,
                                           int64_t at_ns);

/* A request of an open loop became due. */
void load_record_due(struct load_record *record, int64_t due_ns);

/* A request of an open loop found a free connection when it was due. */
void load_record_free_lag(struct load_record *record,
                          const struct load_times *times);

/* A request of an open loop was sent. */
void load_record_sent(struct load_record *record, int64_t sent_ns);

/* A push was received, or given up. */
void load_record_push(struct load_record *record, int64_t due_ns,
                      int64_t came_ns);

/* A request ended. Returns whether it belongs to the window. */
bool load_record_end(struct load_record *record, enum load_outcome outcome,
                     const struct load_times *times);

/* The share of requests that were sent once more. Above *limit, 1 % (but at
 * least 3 requests), the load is no longer one of kept connections. */
double load_record_resent_share(const struct load_result *result,
                                double *limit);

/* The window has ended with `unanswered` requests in flight. The oldest was
 * sent at `sent_ns`; `overtaken` requests ended since then on the process's
 * `connections`. */
void load_record_left(struct load_record *record, int unanswered,
                      int64_t sent_ns, uint64_t overtaken, int connections);

/* Adds an interval of one process to that of all. */
void load_record_merge_interval(struct load_interval *into,
                                const struct load_interval *from);

/* Adds counts, histograms and series of `from` to `into`; first_failure is set
 * if it was empty. */
void load_record_merge(struct load_result *into,
                       const struct load_result *from);
