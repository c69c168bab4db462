/* SPDX-License-Identifier: MIT
 *
 * Where a program is that is named without a path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The first folder of PATH that has it, executable. False: none. */
bool program_find(const char *name, char *folder, size_t size);
