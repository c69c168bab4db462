/* SPDX-License-Identifier: MIT
 *
 * Reads an access log of any length once, in constant memory but for a table of
 * minutes, and keeps what a profile needs.
 *
 * A request came when its line was written, less its time, where a server
 * writes a line at the end. Lines are nearly in the order of these ends; the
 * seconds of the last hour are open, so that a request of up to an hour still
 * counts in the second in which it came.
 */
#pragma once

#include <stdio.h>

#include "log_format.h"
#include "models/runtime/base/histogram.h"

enum {
    LOG_LINE_BYTES = 65536,
    LOG_MINUTES_MAX = 1 << 20, /* two years */
    LOG_MINUTES_BEFORE = 1440, /* a line may be a day older than the first */
    LOG_LEVELS = 128,
    LOG_REASON = 160,
};

struct log_minute {
    uint32_t requests; /* that came in it */
    double squares;    /* of the numbers that came in each of its seconds */
};

/* Requests that came in seconds with about equally many, four levels for each
 * doubling. */
struct log_level {
    uint64_t seconds, requests;
    double time_ns; /* of these requests */
};

/* A remarkable line. */
struct log_odd {
    uint64_t count, first; /* lines count from 1 */
};

struct log_facts {
    struct log_format format;
    bool detected;
    uint64_t lines; /* empty ones do not count */
    uint64_t requests;
    struct log_odd unreadable, backwards;
    char reason[LOG_REASON];   /* of the first unreadable line */
    int64_t first_ns, last_ns; /* since 1970: the first arrival, the last end */
    int64_t gap_ns;            /* the longest time without a line */

    uint64_t timed; /* requests whose time is known */
    double time_ns, time_squares;
    struct histogram times;
    uint64_t upstreamed, upstream_calls;
    double upstream_ns, upstream_squares;
    uint64_t sized, server_errors;
    double bytes;

    struct log_minute *minutes; /* the first is minute_base since 1970 */
    int64_t minute_base;
    int minute_count;
    struct log_level levels[LOG_LEVELS];
    struct histogram ended; /* seconds by the number of requests that ended in
                               them: not of times; the first and the last
                               second and those without any are left out */
};

/* Reads the whole stream. `format` is as log_format_compile takes it; NULL: one
 * of the known formats, by the first lines. Returns 0, or a negative errno with
 * a sentence: -EINVAL (a format that is none, no lines, more than half of them
 * unreadable, compressed), -EIO, -ENOMEM. log_close may be called after any
 * result. */
int log_read(FILE *file, const char *format, struct log_facts *facts, char *why,
             size_t why_size);
void log_close(struct log_facts *facts);

/* The number of requests a second of a level's middle. */
double log_level_per_s(int level);
