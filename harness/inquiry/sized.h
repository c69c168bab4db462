/* SPDX-License-Identifier: MIT
 *
 * How many workers the options of a decision need: the answer of `troika size`
 * for the options that are named and have workers, or else for the least
 * burdened one that fits. Its server lines hold for them.
 */
#pragma once

#include <jansson.h>

#include "harness/decide/decision.h"

/* A new object (docs/results.md), or NULL: no option leads, or none of those
 * has workers to count. */
json_t *sized_json(const struct decision *decision);
