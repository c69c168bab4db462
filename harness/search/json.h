/* SPDX-License-Identifier: MIT
 *
 * A search as JSON: the object `capacity` of docs/results.md.
 */
#pragma once

#include <jansson.h>

#include "harness/experiment/experiment.h"
#include "search.h"

/* `limit` is what else than the server bounds the result ("connections"), or
 * NULL. The caller owns the object. */
json_t *search_json(const struct search *search, const struct slo *slo,
                    const char *limit);
