/* SPDX-License-Identifier: MIT
 *
 * The command line of `troika load`, checked whole.
 */
#pragma once

#include "print.h"
#include "target.h"

enum { LOAD_HEADERS_MAX = 32 };

struct load_options {
    struct load_plan plan; /* but for the address and the requests */
    const char *url;
    struct load_target target;
    const char *headers[LOAD_HEADERS_MAX + 1]; /* ended by NULL */
    int header_count;
    const char *method;           /* NULL: GET, or POST with a body */
    const char *body, *body_path; /* NULL: none; one of them */
    const char *expect_path;      /* NULL: none */
    bool check;                   /* the path names one of our workloads */
    double percentiles[LOAD_PERCENTILES_MAX];
    int percentile_count;
    enum load_format format;
    const char *output_path, *hgrm_path; /* NULL: standard output, none;
                             "-" is standard output (and input) everywhere */
    bool has_duration, has_warmup;       /* were given */
};

/* Fills *options. A wrong command line ends the program with EXIT_USAGE and a
 * sentence, --help with EXIT_OK: called from a verb alone. */
void load_options_parse(int argc, char **argv, struct load_options *options);
