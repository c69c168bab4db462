/* SPDX-License-Identifier: MIT
 *
 * Bytes for bodies of any size, at next to no cost, which any language can
 * repeat: the alphabet over and over.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Byte i becomes 'a' + (first + i) % 26. */
static inline void letters_fill(char *bytes, size_t size, uint64_t first)
{
    size_t done = size < 26 ? size : 26;
    for (size_t i = 0; i < done; i++)
        bytes[i] = (char)('a' + (first % 26 + i) % 26);
    /* Doubling keeps `done` a multiple of the period. */
    while (done < size) {
        size_t more = done < size - done ? done : size - done;
        memcpy(bytes + done, bytes, more);
        done += more;
    }
}
