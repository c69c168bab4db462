/* SPDX-License-Identifier: MIT
 *
 * Values as JSON (docs/results.md): what is unknown is null, no number is NaN.
 * The caller owns each value.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* null for a negative (unknown) value. */
json_t *json_known(int64_t value);

/* null for what is not finite. */
json_t *json_finite(double value);

/* The text; bytes that are not UTF-8 (a server's own words) become '?'. */
json_t *json_text(const char *text);

/* "2026-11-21T03:16:02Z". */
json_t *json_time(int64_t unix_s);
