/* SPDX-License-Identifier: MIT
 *
 * A map as text and as JSON (docs/results.md).
 */
#pragma once

#include <jansson.h>

#include "harness/advice/advice.h"
#include "map.h"

/* Where the answer comes from: question, constants, residuals, doubts. */
void map_print(const struct map *map, const struct advice *advice);

/* A new object. */
json_t *map_json(const struct map *map, const struct advice *advice);
