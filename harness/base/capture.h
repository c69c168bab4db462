/* SPDX-License-Identifier: MIT
 *
 * Runs a small program and captures what it prints, with limits of time and
 * size: `--describe` of models, `--version` of tools.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Runs argv (ended by NULL, found through PATH) with stdin from /dev/null and
 * stderr dropped, and writes its stdout to `text`, null-terminated and cut to
 * size. Kills the program after `limit_ns`. Returns its exit status, or a
 * negative errno: -ENOENT not found, -ETIMEDOUT, -EINTR ended by a signal. */
int capture(const char *const *argv, int64_t limit_ns, char *text, size_t size);
