/* SPDX-License-Identifier: MIT
 *
 * Prints a load's result for people (text, Markdown) and for programs (JSON,
 * CSV).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "load.h"

enum load_format {
    FORMAT_TEXT,
    FORMAT_JSON,
    FORMAT_CSV,
    FORMAT_MARKDOWN,
};

enum { LOAD_PERCENTILES_MAX = 16 };

/* What to print. */
struct load_print {
    const struct load_spec *spec;
    const struct load_result *result;
    const char *url;
    double percentiles[LOAD_PERCENTILES_MAX];
    int percentile_count;
    bool compared;      /* bodies were compared with the expected one */
    bool complete;      /* not interrupted */
    const char *reason; /* why the measurement is invalid, or NULL */
    json_t *ramp;       /* as ramp_json makes it; borrowed; NULL: none */
};

/* The histogram of response times (open loop) or of service times (closed
 * loop). */
const struct histogram *load_print_headline(const struct load_print *print);

/* Whether at least 20 requests are beyond the percentile. */
bool load_print_earned(const struct histogram *histogram, double percentile);

/* Returns 0, -EIO or -ENOMEM. */
int load_print_write(const struct load_print *print, enum load_format format,
                     FILE *file);
