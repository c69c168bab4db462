/* SPDX-License-Identifier: MIT
 *
 * The values of an experiment file, from text. Each function returns 0, or
 * -EINVAL with what is wrong and what is allowed in `why`, as the end of a
 * sentence that begins with the name of the key: `is "5"; a time needs a unit:
 * 50ms, 1.5s`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/runtime/base/units.h"

/* A number of things, a time or a size within [min, max]. */
int value_quantity(enum unit unit, const char *text, int64_t min, int64_t max,
                   int64_t *value, char *why, size_t why_size);

/* A count that fits an int. */
int value_count(const char *text, int min, int max, int *value, char *why,
                size_t why_size);

/* "2k", "0.5", "200/s". */
int value_rate(const char *text, double *per_s, char *why, size_t why_size);

/* "1.2x": 1.2; above 0, up to 100. False if the text is no multiple; it may be
 * a rate. */
bool value_multiple(const char *text, double *multiple);

/* "5%": 0.05; above 0 %, below 100 %. */
int value_share(const char *text, double *share, char *why, size_t why_size);

/* "150%": 1.5; 1 % to 100,000 %. */
int value_cpus(const char *text, double *cpus, char *why, size_t why_size);

/* "p99<100ms": 99, 100000000. */
int value_limit(const char *text, double *percentile, int64_t *limit_ns,
                char *why, size_t why_size);

/* One of `names` (ended by NULL), as its index. */
int value_choice(const char *text, const char *const *names, int *index,
                 char *why, size_t why_size);

/* Any unsigned 64-bit number, decimal or 0x. */
int value_seed(const char *text, uint64_t *seed, char *why, size_t why_size);

/* Takes the next item of a comma-separated list into `item` and moves *rest
 * behind it. Returns 1; 0 at the end; -EINVAL if the item is empty or too
 * long. */
int value_next(const char **rest, char *item, size_t size, char *why,
               size_t why_size);
