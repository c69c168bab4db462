/* SPDX-License-Identifier: MIT
 *
 * Fresh folders in /tmp for servers that the harness starts, and their end.
 */
#pragma once

#include <stddef.h>

/* Makes /tmp/troika-KIND-XXXXXX, which everybody may read: servers may give up
 * root before they look into it. Returns 0 or a negative errno, with path
 * "". */
int folder_make(const char *kind, char *path, size_t size);

/* Removes it with all that is in it. "" is allowed. */
void folder_remove(const char *path);
