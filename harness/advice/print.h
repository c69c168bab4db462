/* SPDX-License-Identifier: MIT
 *
 * An answer as text (a table and sentences), as Markdown for a pull request
 * (with the same content), and as JSON (docs/results.md).
 */
#pragma once

#include <jansson.h>

#include "advice.h"

/* Nothing at all where no model could be forecast. */
void print_text(const struct advice *advice);
void print_markdown(const struct advice *advice);

/* Prints text that Markdown is to leave as it is. */
void print_escaped(const char *text);

/* false: the limit is missed; null: that cannot be told. */
json_t *kept_json(enum kept kept);

/* A new object. */
json_t *advice_json(const struct advice *advice);
