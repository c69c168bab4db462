/* SPDX-License-Identifier: MIT
 *
 * Where things are, seen from this program: models/ beside it, and the source
 * tree two directories up (build/release/troika). Nothing is compiled in, so
 * that a tree can be moved.
 */
#pragma once

#include <stddef.h>

/* Writes DIRECTORY/`below`, DIRECTORY being this program's. Returns 0, or a
 * negative errno (-ENAMETOOLONG, or why /proc/self/exe cannot be read). */
int tree_beside(const char *below, char *path, size_t size);

/* Writes the same for the source tree: ROOT/`below`. */
int tree_source(const char *below, char *path, size_t size);

/* The names in a directory that end in `suffix` ("" for any), without it,
 * sorted, hidden ones left out, ended by NULL; one allocation per name and one
 * for the array. Returns NULL when the directory cannot be read. */
char **tree_names(const char *directory, const char *suffix);
void tree_names_free(char **names);
