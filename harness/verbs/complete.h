/* SPDX-License-Identifier: MIT
 *
 * What may follow a flag, for the completion of shells: from the row of the
 * verb's own table, by what --help calls the value.
 */
#pragma once

#include "harness/base/flags.h"

/* Prints the values of the flag of `row` (NULL: there is no such flag) that
 * begin with `begun`, one a line; ":files" or ":directories" where those are
 * its values. Returns 0, or 1 if the flag takes no value. */
int complete_value(const struct flag *row, const char *begun);
