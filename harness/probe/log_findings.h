/* SPDX-License-Identifier: MIT
 *
 * From what a log says to a profile: rate by the minute, dispersion, requests
 * in flight by Little's law, times, and where the rate stands still, what
 * limits it. A pure function of its arguments.
 */
#pragma once

#include "findings.h"
#include "log_read.h"

/* Facts of the server that its log has not. */
struct log_asked {
    double busy;        /* share of its cores over the log's span; 0: unknown */
    int cores;          /* 0: not said */
    double cpu_time_ns; /* over the log's span; 0: unknown */
};

/* Fills *findings, which must be open. Returns 0, or -EINVAL with a sentence:
 * too short for a rate, or CPU time that contradicts the times. */
int log_findings(const struct log_facts *facts, const struct log_asked *asked,
                 struct findings *findings, char *why, size_t why_size);

/* The dispersion of arrivals: variance over mean of the numbers in a second,
 * each minute by itself, so that the day's rise and fall do not count. 1 for
 * Poisson arrivals, K if K come at once, 0 for an even pace. NAN: there is no
 * whole minute, or too few requests. */
double log_dispersion(const struct log_facts *facts);

/* The rate at which a log stands still: in its fullest seconds (a minute of
 * them, or one in 200) equally many requests end, but for less than half of
 * what chance would scatter. 0: nowhere, or below 10/s, where chance cannot be
 * told from that. */
double log_ceiling_per_s(const struct log_facts *facts);

/* The mean time of requests in the quietest seconds, those with fewest arrivals
 * that hold a twentieth of all requests, and 30 at least; *per_s is their rate.
 * NAN: no time is known. */
double log_quiet_ns(const struct log_facts *facts, double *per_s);
