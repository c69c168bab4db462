/* SPDX-License-Identifier: MIT
 *
 * Paths relative to this program: models/ is beside it, the source tree two
 * directories up (build/release/troika). No path is compiled in, so that a tree
 * can be moved.
 */
#pragma once

#include <stddef.h>

/* Writes DIRECTORY/`below`, DIRECTORY being this program's. Returns 0, or a
 * negative errno (-ENAMETOOLONG, or why /proc/self/exe cannot be read). */
int tree_beside(const char *below, char *path, size_t size);

/* Writes ROOT/`below`, ROOT being the source tree. Returns as tree_beside
 * does. */
int tree_source(const char *below, char *path, size_t size);

/* The names in a directory that end in `suffix` ("" for any), without the
 * suffix, sorted, without hidden ones, ended by NULL. Free them with
 * tree_names_free. Returns NULL if the directory cannot be read. */
char **tree_names(const char *directory, const char *suffix);
void tree_names_free(char **names);
