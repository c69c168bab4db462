/* SPDX-License-Identifier: MIT
 *
 * Environment variables that change what is measured or how it is judged: ours,
 * and those of the libraries and interpreters that servers run on. A run stores
 * them and can be resumed only with the same values. If one of them makes the
 * figures untrustworthy, every output of the run says so.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The variables that are set and not empty, as an object from name to value.
 * The caller owns it. */
json_t *switches_json(void);

/* Whether one of the variables makes the figures untrustworthy. `words` gets
 * the sentence that says so, or "". */
bool switches_untrusted(const json_t *variables, char *words, size_t size);

/* Whether two sets of variables are equal. If not, `words` says what differs:
 * "TROIKA_METER=v2 then, not set now". */
bool switches_agree(const json_t *then, const json_t *now, char *words,
                    size_t size);

/* Checks our own variables that choose among words, since a misspelt word would
 * be ignored silently. `gates` are the names of all gates, ended by NULL.
 * Returns false with the variable, the word and the nearest valid word in
 * `why`. */
bool switches_check(const char *const *gates, char *why, size_t size);
