/* SPDX-License-Identifier: MIT
 *
 * What was built, from what, and how. The build passes these texts to version.c
 * alone, so that a new commit recompiles only one file.
 */
#pragma once

/* `git describe --always --dirty` at build time, or "unknown". */
const char *version(void);

/* "release", "asan" or "tsan". Only a release build may record results. */
const char *version_variant(void);

/* First line of the compiler's --version. */
const char *version_compiler(void);

/* Optimisation flags and the user's CFLAGS. */
const char *version_cflags(void);
