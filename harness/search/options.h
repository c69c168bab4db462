/* SPDX-License-Identifier: MIT
 *
 * The command line of `troika search`, checked whole.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/experiment/experiment.h"

enum { SEARCH_GIVEN_MAX = 32 };

/* Texts as given; NULL: not. */
struct search_options {
    const char *workload, *slo, *url, *step, *warmup, *connections, *output;
    const char *models[SEARCH_GIVEN_MAX], *parameters[SEARCH_GIVEN_MAX];
    int model_count, parameter_count;
    uint64_t seed;
    bool json, quiet;
};

/* Fills *options. A wrong command line ends the program with EXIT_USAGE and a
 * sentence, --help with EXIT_OK: called from a verb alone. */
int search_options_parse(int argc, char **argv, struct search_options *options);

/* The experiment of one search cell that the options ask for; with a URL its
 * workload and models mean nothing. As experiment_read, but for the file in
 * the sentence. */
int search_options_cell(const struct search_options *options,
                        struct experiment **experiment, char *why,
                        size_t why_size);
