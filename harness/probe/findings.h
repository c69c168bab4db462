/* SPDX-License-Identifier: MIT
 *
 * What a probe found: a service, as far as it is known, and how each figure
 * came about. All ways of probing end here, and here alone they are printed.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "harness/predict/service.h"

enum {
    FINDINGS_LINES = 64,
    FINDINGS_LINE = 640,
    FINDINGS_FROM = 120, /* an .ini file's lines end at 198 characters */
};

struct findings {
    const char *way;        /* "three numbers", "an access log", ... */
    struct service service; /* `given` marks the fields that were found */
    double peak;            /* the busiest minute over the mean; 0: not known */
    /* By field: where its value comes from; of a field that was not found, why
     * not; or "". */
    char from[SERVICE_FIELDS][FINDINGS_FROM];
    char lines[FINDINGS_LINES][FINDINGS_LINE]; /* the arithmetic */
    int line_count;
    char doubts[FINDINGS_LINES][FINDINGS_LINE]; /* what cannot be told */
    int doubt_count;
    char behaves[FINDINGS_LINE]; /* "your service behaves like ..."; or "" */
    json_t *facts;               /* the figures, for the JSON; owned */
};

/* Empties the findings. findings_close releases what they own. */
void findings_open(struct findings *findings, const char *way);
void findings_close(struct findings *findings);

/* Adds a line of the arithmetic: a name, then the sum. Lines beyond
 * FINDINGS_LINES are dropped, as are doubts. */
void findings_line(struct findings *findings, const char *name,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a sentence about what the way cannot tell. */
void findings_doubt(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Marks a field of `service`, whose member the caller has set, as found. */
void findings_found(struct findings *findings, enum service_field field,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says why a field was not found. */
void findings_missing(struct findings *findings, enum service_field field,
                      const char *why);

/* Adds a figure to the facts; null if it is not finite. */
void findings_fact(struct findings *findings, const char *name, double value);

/* A time in three digits, "2.33 ms"; a negative one with its sign. `text` has
 * room for FINDINGS_TIME. Returns text. */
enum { FINDINGS_TIME = 32 };
char *findings_time(double ns, char *text);

/* Writes the section [profile] that troika predict reads
 * (advice/profile_file.h). A time below 0 becomes 0. */
void findings_profile(const struct findings *findings, FILE *file);

/* Writes all: arithmetic, doubts, what the service behaves like, [profile]. */
void findings_text(const struct findings *findings, FILE *file);

/* The caller owns the result. */
json_t *findings_json(const struct findings *findings);
