/* SPDX-License-Identifier: MIT
 *
 * Variables of the environment that change what is measured or how it is
 * judged: ours, and those of the libraries and interpreters that servers run
 * on. A run keeps them, is resumed with none other, and where one of them
 * takes away what figures are trusted for, says so wherever it speaks.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The switches that are set and not empty: name to value. A new object. */
json_t *switches_json(void);

/* Whether one of them makes the figures untrustworthy; the sentence that says
 * so, or "". */
bool switches_untrusted(const json_t *variables, char *words, size_t size);

/* Whether two sets agree; if not, what differs: "TROIKA_METER=v2 then, not set
 * now". */
bool switches_agree(const json_t *then, const json_t *now, char *words,
                    size_t size);

/* Whether those of ours that choose among words have one that exists; `gates`
 * are the names of all gates, ended by NULL. If not, `why` names the variable,
 * the word and the nearest one: a misspelt word would change nothing and tell
 * nobody. */
bool switches_check(const char *const *gates, char *why, size_t size);
