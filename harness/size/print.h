/* SPDX-License-Identifier: MIT
 *
 * An answer about workers as text (a table and sentences for each model), as
 * Markdown with the same content, and as JSON (docs/results.md).
 */
#pragma once

#include <jansson.h>

#include "size.h"

void size_print(const struct size *size, bool markdown);

/* A new object. */
json_t *size_json(const struct size *size);

/* Whether the answer tells of that server. */
bool size_shows(const struct size *size, const struct server *server);
