/* SPDX-License-Identifier: MIT
 *
 * A model's own flags (--stack, --spread): from what --describe says of them to
 * a table of parameters, as workloads have one, so that an experiment's value
 * is judged before any server starts.
 *
 * A choice of settings is a text of the form "stack=128KiB&spread=0"; what it
 * leaves out is the model's default.
 */
#pragma once

#include <jansson.h>

#include "models/runtime/base/parameter.h"

enum { SETTINGS_TEXT_MAX = 96 }; /* of a choice */

/* The rows that an array of --describe tells of, ended by a NULL name; kept
 * for the life of the program. Rows that make no sense are left out. */
const struct parameter *settings_table(const json_t *described);

/* Appends a choice to a command line as "--stack" "128KiB", two words for each
 * of at most PARAMETERS_MAX settings; `words` keeps them. Returns the new
 * count. */
int settings_argv(const char *choice, char words[2 * SETTINGS_TEXT_MAX],
                  const char **argv, int count);
