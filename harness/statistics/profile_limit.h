/* SPDX-License-Identifier: MIT
 *
 * Which models miss a limit of the experiment's profile at a load point, by
 * what was measured there: what does not keep a limit leads nothing.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* The contenders of the load point of which the whole 95 % interval lies
 * beyond a limit (a percentile's: its own, or the median's), as an array of
 * names that the caller releases; empty without a profile or limits. NULL when
 * out of memory. */
json_t *profile_limit_missed(const json_t *run, const json_t *experiment,
                             const json_t *point);

/* The profile's limits: "p99<100ms and 512MiB of memory". Returns text. */
char *profile_limit_words(const json_t *experiment, char *text, size_t size);
