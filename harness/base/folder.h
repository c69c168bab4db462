/* SPDX-License-Identifier: MIT
 *
 * Fresh folders in /tmp for servers that the harness starts, and their end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Makes /tmp/troika-KIND-XXXXXX. `open`: everybody may read it, since the
 * server may give up root before it looks into it; else its owner alone.
 * Returns 0 or a negative errno, with path "". */
int folder_make(const char *kind, bool open, char *path, size_t size);

/* Removes it with all that is in it. "" is allowed. */
void folder_remove(const char *path);
