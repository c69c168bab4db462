/* SPDX-License-Identifier: MIT
 *
 * Finds a program that is named without a path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Writes the first folder of PATH that holds the executable `name`. False: none
 * does. */
bool program_find(const char *name, char *folder, size_t size);
