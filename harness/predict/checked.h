/* SPDX-License-Identifier: MIT
 *
 * Reads members of a stored object and believes none: each must be there, of
 * its type and within a range. The first that is not is told with its value; a
 * member that is wrong is read as 0.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct checked {
    const json_t *object;
    char *why; /* gets the sentence */
    size_t why_size;
    char of[96]; /* "models[2]"; "": the file itself */
    bool wrong;
};

/* A reader of the file's own members, or of a row of one of its lists. */
struct checked checked_file(const json_t *object, char *why, size_t why_size);
struct checked checked_row(const json_t *row, const char *list, size_t index,
                           char *why, size_t why_size);

/* Tells that the member is no such value; `expected` is "a whole number". */
void checked_refuse(struct checked *checked, const char *member,
                    const char *expected);

int64_t checked_whole(struct checked *checked, const char *member,
                      int64_t least, int64_t most);
double checked_number(struct checked *checked, const char *member, double least,
                      double most);

/* NAN: the member is null. */
double checked_number_or_null(struct checked *checked, const char *member,
                              double least, double most);
bool checked_flag(struct checked *checked, const char *member);

/* A text that is not empty and has no control character. */
void checked_text(struct checked *checked, const char *member, char *into,
                  size_t size);

/* A time as json_time makes it. */
void checked_time(struct checked *checked, const char *member, char *into,
                  size_t size);

/* A list of `least` to `most` rows; NULL: it is none. */
const json_t *checked_list(struct checked *checked, const char *member,
                           size_t least, size_t most);
