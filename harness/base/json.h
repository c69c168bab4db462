/* SPDX-License-Identifier: MIT
 *
 * Values as JSON (docs/results.md): what is unknown is null, no number is NaN.
 * The caller owns each value. And the way back: members of an object as values.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* null for a negative (unknown) value. */
json_t *json_known(int64_t value);

/* null for what is not finite. */
json_t *json_finite(double value);

/* A finite number that is known; null otherwise. */
json_t *json_finite_if(double value, bool known);

/* The text; bytes that are not UTF-8 (a server's own words) become '?'. */
json_t *json_text(const char *text);

/* "2026-11-21T03:16:02Z". */
json_t *json_time(int64_t unix_s);

/* A member of an object. If the object is NULL, or the member is missing, null
 * or of another type, there is none: then the text is "", the string NULL, the
 * number 0, the figure NAN. Texts are borrowed. */
const char *json_text_of(const json_t *object, const char *key);
const char *json_string_of(const json_t *object, const char *key);
bool json_text_is(const json_t *object, const char *key, const char *text);
bool json_true_of(const json_t *object, const char *key);
json_int_t json_integer_of(const json_t *object, const char *key);
double json_number_of(const json_t *object, const char *key);
double json_figure_of(const json_t *object, const char *key);

/* The figure `second` of the member `first`. */
double json_figure_in(const json_t *object, const char *first,
                      const char *second);

/* Prints a result to stdout, ended by a newline. */
void json_print(const json_t *json);
