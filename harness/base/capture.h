/* SPDX-License-Identifier: MIT
 *
 * Runs a small program and takes what it prints, bounded in time and size:
 * `--describe` of the models, `--version` of the tools.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Runs argv (ended by NULL, found through PATH) with stdin from /dev/null and
 * stderr dropped, and puts its stdout into `text` (null-terminated, cut to
 * size). It is killed when `limit_ns` has passed. Returns its exit status, or
 * -ENOENT (not found), -ETIMEDOUT, -EINTR (ended by a signal), another
 * negative errno. */
int capture(const char *const *argv, int64_t limit_ns, char *text, size_t size);
