/* SPDX-License-Identifier: MIT
 *
 * Which of two validations is a machine's newest one, from which forecasts have
 * their bands: one that shows less does not take the place of a better one.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether `fresh` takes the place of `stored` (both as validation_json makes
 * them; `stored` NULL: there is none, or it is damaged): it is not older, and
 * has judged a row at least for each of its goals for which the stored one has.
 * False: `why` says what it lacks. */
bool newest_replaces(const json_t *stored, const json_t *fresh, char *why,
                     size_t why_size);
