/* SPDX-License-Identifier: MIT
 *
 * The nearest valid name, for every "did you mean": an error about a name
 * that does not exist must offer the one that was meant, or say what there
 * is. Distance is the number of edits (insert, delete, replace, swap two
 * neighbours) between the words.
 */
#pragma once

#include <stddef.h>

/* The nearest of `names` (ended by NULL) if it is near enough to be what was
 * meant, else NULL. */
const char *names_nearest(const char *word, const char *const *names);

/* Writes "; did you mean NAME?", or "; there is A, B, C" where there are few
 * names, or else "; the nearest are A, B, C, of 64" ("" for an empty list), to
 * be put behind a sentence. Returns text. */
char *names_suggest(const char *word, const char *const *names, char *text,
                    size_t size);
