/* SPDX-License-Identifier: MIT
 *
 * What a server that is started here finds in its environment.
 */
#pragma once

/* The harness's environment, the tree's tag, and the word that tells our own
 * models to die with this process, in place of such words from outside. The
 * words are the caller's to keep, the array is to be freed; NULL: out of
 * memory. */
char **process_environment(const char *tag, const char *die);
