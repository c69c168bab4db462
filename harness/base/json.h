/* SPDX-License-Identifier: MIT
 *
 * Makes JSON values (docs/results.md): an unknown value is null, and no number
 * is NaN. The caller owns each value. Also reads members of objects.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A whole number; null if negative, that is, unknown. */
json_t *json_known(int64_t value);

/* A whole number; null if 0 or less, that is, not set. */
json_t *json_positive(int64_t value);

/* A number; null if not finite. */
json_t *json_finite(double value);

/* A number; null if not known or not finite. */
json_t *json_finite_if(double value, bool known);

/* A text. If it is not UTF-8, as a server's output may be, each byte over 127
 * becomes '?'. */
json_t *json_text(const char *text);

/* A text as by json_text; null if "". */
json_t *json_text_if(const char *text);

/* Replaces each control character in the texts of a value by '?'. Called where
 * texts of files that anybody may have edited go to a page or a terminal. The
 * names of members stay. */
void json_make_printable(json_t *value);

/* "2026-11-21T03:16:02Z". */
json_t *json_time(int64_t unix_s);

/* A member of an object. If the object is NULL, or the member is missing, null
 * or of another type, the text is "", the string NULL, the number 0, and the
 * figure NAN. Texts belong to the object. */
const char *json_text_of(const json_t *object, const char *key);
const char *json_string_of(const json_t *object, const char *key);
bool json_text_is(const json_t *object, const char *key, const char *text);
bool json_true_of(const json_t *object, const char *key);
json_int_t json_integer_of(const json_t *object, const char *key);
double json_number_of(const json_t *object, const char *key);
double json_figure_of(const json_t *object, const char *key);

/* Copies the text of a member. False if the member is missing, of another type
 * or too long. */
bool json_take_text(const json_t *object, const char *key, char *into,
                    size_t size);

/* The row of a list whose member `key` is this text, or NULL. No row has the
 * empty text, which a missing member is read as. */
const json_t *json_row_of(const json_t *list, const char *key,
                          const char *text);

/* The figure `second` of the member `first`. */
double json_figure_in(const json_t *object, const char *first,
                      const char *second);

/* Prints a result to stdout, ended by a newline. */
void json_print(const json_t *json);
