/* SPDX-License-Identifier: MIT
 *
 * argp for the verbs: a long option that does not exist is answered with the
 * nearest one that does.
 */
#pragma once

#include <argp.h>

/* argp_parse, but for an unknown long option: then a sentence with the nearest
 * name, and the end with EXIT_USAGE. `more` are names that could have been
 * meant, too, ended by NULL (NULL: none). */
error_t options_parse(const struct argp *argp, int argc, char **argv,
                      const char *const *more, void *input);

/* Writes "; did you mean --NAME?" or what there is for `word` (--name or
 * --name=value), of which the names come without dashes, ended by NULL. ""
 * where one of them begins as the word does. Returns text. */
char *options_suggest(const char *word, const char *const *names, char *text,
                      size_t size);
