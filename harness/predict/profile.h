/* SPDX-License-Identifier: MIT
 *
 * A service as a person describes it: what a request waits and computes, how
 * many come, what must be kept. What was not said has a default, and a forecast
 * lists the defaults that it used.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fields in the order in which they are listed. */
enum profile_field {
    PROFILE_WAIT,
    PROFILE_CALLS,
    PROFILE_CPU,
    PROFILE_RATE,
    PROFILE_CONNECTIONS,
    PROFILE_THINK,
    PROFILE_CV_WAIT,
    PROFILE_CV_CPU,
    PROFILE_PAYLOAD,
    PROFILE_REQUESTS_PER_CONNECTION,
    PROFILE_BURST,
    PROFILE_LIMIT,
    PROFILE_MEMORY,
    PROFILE_CORES,
    PROFILE_BACKEND_WORKERS,
    PROFILE_FIELDS,
};

struct profile {
    double wait_ns; /* of a request in all, calls one after the other */
    int calls;
    double cpu_ns;     /* of the handler alone */
    double rate_per_s; /* 0: not given */
    int connections;   /* clients, 0: not given */
    double think_ns;
    double cv_wait, cv_cpu;
    double payload_bytes;
    double requests_per_connection; /* 0: connections are kept */
    int burst;                      /* requests that come together */
    double limit_percent, limit_ns; /* p99<100ms; 0: none */
    double memory_bytes;            /* 0: no limit */
    int cores;
    int backend_workers; /* 0: the backend has no limit */
    bool given[PROFILE_FIELDS];
};

/* Sets what was not given. `cores` is this machine's. */
void profile_defaults(struct profile *profile, int cores);

/* Whether the profile means something. Otherwise false, with what is wrong, in
 * figures, and what to do: a rate that fits neither the connections nor the
 * think time, a limit below what a request takes at least, no load. */
bool profile_check(const struct profile *profile, char *why, size_t why_size);

/* "calls 1" of a field, for the list of defaults; "" for a field that has no
 * part in the forecast. Returns text, or "". */
const char *profile_field_text(const struct profile *profile,
                               enum profile_field field, char *text,
                               size_t size);
