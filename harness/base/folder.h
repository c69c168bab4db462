/* SPDX-License-Identifier: MIT
 *
 * Fresh folders in /tmp for servers that the harness starts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Makes /tmp/troika-KIND-XXXXXX. `open`: everybody may read the folder, for a
 * server that gives up root before reading it; else only the owner may.
 * Returns 0, or a negative errno and the path "". */
int folder_make(const char *kind, bool open, char *path, size_t size);

/* Removes a folder and its contents. Ignores "". */
void folder_remove(const char *path);
