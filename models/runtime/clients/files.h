/* SPDX-License-Identifier: MIT
 *
 * Files on a disk for workloads that read: many files of one size and known
 * content. The first reader writes them, into a private folder: TROIKA_FILES if
 * that is set, else /var/tmp/troika-UID (on a disk, where /tmp may be memory).
 * The files, 32 MiB, stay there for the next server. The folder may be removed
 * while no server runs; servers keep the folder open.
 *
 * A file consists of 64-bit words, least significant byte first, which can be
 * computed without reading the file.
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

/* Reads `size` bytes at `offset`; both must lie within the file. `cold`: first
 * drops the file from the page cache, and then reads only these bytes, without
 * read-ahead. Opens and closes the file. Blocks in every model. Returns 0, or a
 * negative errno: -EPERM (others may write to the folder), -ENOTSUP (cold, and
 * the folder is in memory), -EIO, ... */
int files_read(int file, off_t offset, char *bytes, size_t size, int cold);

/* Puts a failed read into words, as the reason of a 503. Returns `error`. */
struct reply;
int files_explain(int error, struct reply *reply);
