/* SPDX-License-Identifier: MIT
 *
 * A profile from three numbers that a monitoring page has: requests per second,
 * response time when quiet, CPU load. By the utilisation law a request computes
 * for load x cores / rate; without a queue it waits for the rest.
 */
#pragma once

#include "findings.h"

struct numbers {
    double rate_per_s;
    double response_ns; /* when quiet */
    double busy;        /* share of all its cores, 0 to 1 */
    int cores;
    bool cores_given; /* else 1 is taken for granted */
};

/* Fills *findings, which must be open. Returns 0, or -EINVAL with a sentence if
 * the numbers contradict each other. */
int numbers_probe(const struct numbers *numbers, struct findings *findings,
                  char *why, size_t why_size);
