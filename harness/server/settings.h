/* SPDX-License-Identifier: MIT
 *
 * A model's own flags (--stack, --spread): turns their description in
 * --describe into a table of parameters, like that of a workload, so that the
 * values of an experiment are checked before any server starts.
 *
 * A choice of settings is a text of the form "stack=128KiB&spread=0". A flag
 * that the text leaves out keeps the model's default.
 */
#pragma once

#include <jansson.h>

#include "models/runtime/base/parameter.h"

enum { SETTINGS_TEXT_MAX = 96 }; /* of a choice */

/* The rows that the array `parameters` of --describe lists, ended by a NULL
 * name, for the life of the program. Leaves out rows that are not valid. */
const struct parameter *settings_table(const json_t *described);

/* Appends a choice to a command line as "--stack" "128KiB", two words for each
 * of at most PARAMETERS_MAX settings; `words` keeps them. Returns the new
 * count. */
int settings_argv(const char *choice, char words[2 * SETTINGS_TEXT_MAX],
                  const char **argv, int count);
