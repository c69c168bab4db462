/* SPDX-License-Identifier: MIT
 *
 * Files on a disk for workloads that read: many, alike, of known content. The
 * first reader writes them, into a folder that is nobody else's: TROIKA_FILES
 * if that is set, else /var/tmp/troika-UID (which is on a disk where /tmp may
 * be memory). They stay there, 32 MiB, for the next server; whoever removes
 * the folder loses nothing.
 *
 * A file consists of 64-bit words, least significant byte first, that can be
 * computed without reading them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "models/runtime/base/mix.h"

enum {
    FILES_COUNT = 32,
    FILES_BYTES = 1 << 20,
};

/* Word `word` of file `file`. */
static inline uint64_t files_word(int file, uint64_t word)
{
    return mix(((uint64_t)file << 32) + word);
}

/* Reads `size` bytes at `offset`, which are in the file. `cold`: what the page
 * cache has of the file is dropped before, and no more is read than was asked
 * for.
 * Opens and closes the file. Blocks, whatever the model. Returns 0, or a
 * negative errno: -EPERM (the folder is open to others), -ENOTSUP (cold, and
 * the folder is memory), -EIO, ... */
int files_read(int file, off_t offset, char *bytes, size_t size, int cold);

/* Puts a failed read into words, as the reason of a 503. Returns `error`. */
struct reply;
int files_explain(int error, struct reply *reply);
