/* SPDX-License-Identifier: MIT
 *
 * An answer as text (a table and sentences), as Markdown for a pull request
 * (with the same content), and as JSON (docs/results.md).
 */
#pragma once

#include <jansson.h>

#include "advice.h"

void print_text(const struct advice *advice);
void print_markdown(const struct advice *advice);

/* Prints text that Markdown is to leave as it is. */
void print_escaped(const char *text);

/* A new object. */
json_t *advice_json(const struct advice *advice);
