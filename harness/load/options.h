/* SPDX-License-Identifier: MIT
 *
 * The command line of `troika load`, parsed and checked.
 */
#pragma once

#include "print.h"
#include "target.h"

enum { LOAD_HEADERS_MAX = 32 };

struct load_options {
    struct load_spec plan; /* without the address and the requests */
    const char *url;
    struct load_target target;
    const char *headers[LOAD_HEADERS_MAX + 1]; /* ended by NULL */
    int header_count;
    const char *method;           /* NULL: GET, or POST with a body */
    const char *body, *body_path; /* NULL: none; at most one is set */
    const char *expect_path;      /* NULL: none; "-", also in body_path:
                                     standard input */
    bool check;                   /* the path names one of our workloads */
    double percentiles[LOAD_PERCENTILES_MAX];
    int percentile_count;
    enum load_format format;
    const char *output_path;       /* NULL or "-": standard output */
    const char *hgrm_path;         /* NULL: none; "-": standard output */
    const char *intervals_path;    /* likewise */
    bool has_duration, has_warmup; /* whether -d and --warmup are given */
};

/* Fills *options. A wrong command line ends the program with EXIT_USAGE and a
 * message, --help with EXIT_OK, so only a verb may call this function. */
void load_options_parse(int argc, char **argv, struct load_options *options);
