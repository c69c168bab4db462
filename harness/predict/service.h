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

enum { SERVICE_CALLS_MOST = 16 };

/* Fields in the order in which they are listed. */
enum service_field {
    SERVICE_WAIT,
    SERVICE_CALLS,
    SERVICE_CPU,
    SERVICE_RATE,
    SERVICE_CONNECTIONS,
    SERVICE_THINK,
    SERVICE_CV_WAIT,
    SERVICE_CV_CPU,
    SERVICE_PAYLOAD,
    SERVICE_REQUESTS_PER_CONNECTION,
    SERVICE_BURST,
    SERVICE_LIMIT,
    SERVICE_MEMORY,
    SERVICE_CORES,
    SERVICE_BACKEND_WORKERS,
    SERVICE_FIELDS,
};

struct service {
    double wait_ns; /* of a request in all, calls one after the other */
    int calls;
    double cpu_ns;        /* of the handler alone */
    bool cpu_after_calls; /* all of it after the last call; else in equal
                             parts before, between and after them */
    double rate_per_s;    /* 0: not given */
    int connections;      /* clients, 0: not given */
    double think_ns;
    double cv_wait, cv_cpu;
    double payload_bytes;
    double requests_per_connection; /* 0: connections are kept */
    int burst;                      /* requests that come together */
    double limit_percent, limit_ns; /* p99<100ms; 0: none */
    double memory_bytes;            /* 0: no limit */
    int cores;
    int backend_workers; /* 0: the backend has no limit */
    bool given[SERVICE_FIELDS];
    bool profiled[SERVICE_FIELDS]; /* given, by a profile's file */
};

/* Sets what was not given. `cores` is this machine's. */
void service_defaults(struct service *service, int cores);

/* Whether the field has no part in the service as it stands: calls of requests
 * that do not wait, bursts of clients who take turns. */
bool service_field_moot(const struct service *service,
                        enum service_field field);

/* Whether the service means something. Otherwise false, with what is wrong, in
 * figures, and what to do: a rate that fits neither the connections nor the
 * think time, a limit below what a request takes at least, no load, a field
 * that is given and has no part. */
bool service_check(const struct service *service, char *why, size_t why_size);

/* Whether there can be such a service: connections that can ask so often, times
 * that vary as those of one kind of request, calls that can be simulated. */
bool service_is_possible(const struct service *service);

/* The variation of the waits of so many calls, where none is given. */
double service_default_cv_wait(int calls);

/* "calls": as the flag of troika predict. */
const char *service_field_name(enum service_field field);

/* "calls 1" of a field, for the list of defaults; "" for a field that has no
 * part in the forecast. Returns text, or "". */
const char *service_field_text(const struct service *service,
                               enum service_field field, char *text,
                               size_t size);
