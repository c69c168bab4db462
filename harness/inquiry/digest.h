/* SPDX-License-Identifier: MIT
 *
 * SHA-256 (FIPS 180-4) of a file, by libcrypto.
 */
#pragma once

#include <stddef.h>

enum { DIGEST_HEX_SIZE = 65 };

/* Writes the hash of the file's bytes as hexadecimal digits. Returns 0, or a
 * negative errno with "" as digits. */
int digest_file(const char *path, char hex[DIGEST_HEX_SIZE]);
