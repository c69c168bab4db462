/* SPDX-License-Identifier: MIT
 *
 * Constants that an answer needs and this machine does not have yet: troika
 * calibrate measures them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/advice/advice.h"

/* Models that are asked about. `named`: models by name, of which `count`;
 * without any, those of C, or those of the other language. */
struct missing {
    const char *verb; /* for messages */
    const char *const *named;
    int count;
    bool c, cpython, node;
    int64_t wait_ns; /* for a busy machine to become quiet */
};

/* What the question of a verb is about. */
struct missing missing_of(const char *verb, const struct question *question,
                          enum language language, int64_t wait_ns);

/* Says that none of these models has constants here, and what measures them,
 * and `more`. Returns EXIT_FAILED. */
int missing_refuse(const struct missing *missing, const struct machine *machine,
                   bool shipped, const char *more);

/* Calibrates what is missing in results/machine.json, with its progress on
 * stderr. Returns EXIT_OK, also if nothing was missing, or the exit code of
 * what failed, which was told. */
int missing_calibrate(const struct missing *missing);
