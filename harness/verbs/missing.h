/* SPDX-License-Identifier: MIT
 *
 * Constants that an answer needs and this machine does not have yet: troika
 * calibrate measures them.
 */
#pragma once

#include <stdbool.h>

/* Models that are asked about. `named`: models by name, of which `count`;
 * without any, those of C, or those of the other language. */
struct missing {
    const char *verb; /* for messages */
    const char *const *named;
    int count;
    bool c, cpython, node;
};

/* Calibrates what is missing in results/machine.json, with its progress on
 * stderr. Returns EXIT_OK, also if nothing was missing, or the exit code of
 * what failed, which was told. */
int missing_calibrate(const struct missing *missing);
