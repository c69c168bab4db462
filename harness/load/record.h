/* SPDX-License-Identifier: MIT
 *
 * What is written down about each request, in memory shared with the caller.
 * In a closed loop a request belongs to the window when it ends in it, in an
 * open loop when it was intended in it. The in-flight integral is kept by
 * itself, from the comings and goings alone.
 */
#pragma once

#include "load.h"

/* One process's account. */
struct load_record {
    struct load_result *result;
    bool closed; /* loop */
    bool series, tenths, classes;
    enum load_mutation mutation;
    int64_t origin_ns;        /* start of the warm-up */
    int64_t start_ns, end_ns; /* of the window; INT64_MAX before it is known */
    int64_t window_ns;        /* as planned: the parts' common length */
    const struct load_slice *slices; /* the spec's */
    int slice_count;
    int slice; /* that answers may end in now, or the next */
    int in_flight;
    int64_t in_flight_since_ns;
    uint64_t ended; /* requests, whenever */
};

/* When one request was to happen, did, and ended. */
struct load_times {
    int64_t intended_ns, sent_ns, done_ns;
    int64_t connected_ns; /* churn; else 0 */
    int64_t late_ns; /* of an open loop's request that found a free connection:
                        the generator's own lateness; else 0 */
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

/* Empties the histograms that the spec has. */
void load_record_reset(const struct load_spec *spec,
                       struct load_result *result);

void load_record_init(struct load_record *record, const struct load_spec *spec,
                      struct load_result *result);

bool load_record_in_window(const struct load_record *record, int64_t at_ns);

/* A request goes out (+1) or is over (-1). `now_ns` never goes back. */
void load_record_in_flight(struct load_record *record, int change,
                           int64_t now_ns);

/* A request of an open loop found a free connection when it was due. */
void load_record_free_lag(struct load_record *record,
                          const struct load_times *times);

/* A request of an open loop was sent. */
void load_record_sent(struct load_record *record, int64_t sent_ns);

/* A push came, or was given up. */
void load_record_push(struct load_record *record, int64_t due_ns,
                      int64_t came_ns);

/* A request ended. Returns whether it was one of the window's. */
bool load_record_end(struct load_record *record, enum load_outcome outcome,
                     const struct load_times *times);

/* The share of requests that were sent once more. Above *limit, 1 % (and 3
 * requests), this is another load than one of kept connections. */
double load_record_resent_share(const struct load_result *result,
                                double *limit);

/* The window has ended with so many requests out, the oldest of them sent then
 * and overtaken by so many others, of `connections`. */
void load_record_left(struct load_record *record, int unanswered,
                      int64_t sent_ns, uint64_t overtaken, int connections);

/* Adds all of `from` into `into` (counts, histograms, series; first_failure
 * stays the first that is found). */
void load_record_merge(struct load_result *into,
                       const struct load_result *from);
