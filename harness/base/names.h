/* SPDX-License-Identifier: MIT
 *
 * Suggests names: a message about a name that does not exist offers the nearest
 * one that does, or lists what there is. Distance is the number of edits
 * (insert, delete, replace, swap two neighbours) between two words.
 */
#pragma once

#include <stddef.h>

/* The nearest of `names` (ended by NULL) if it is near enough to be a
 * misspelling, else NULL. */
const char *names_nearest(const char *word, const char *const *names);

/* Writes the end of a message: "; did you mean NAME?", or "; there is A, B, C"
 * if there are few names, or else "; the nearest are A, B, C, of 64". Writes ""
 * for an empty list. Returns text. */
char *names_suggest(const char *word, const char *const *names, char *text,
                    size_t size);
