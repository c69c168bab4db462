/* SPDX-License-Identifier: MIT
 *
 * Arrays that only grow, without a member for their room.
 */
#pragma once

#include <stdlib.h>

/* Makes room for one more element of an array of `count` elements. The room
 * doubles: it is the next power of two. NULL: out of memory; the array is as
 * it was. */
static inline void *grow_by_one(void *array, int count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return array;
    return realloc(array, (count ? 2 * (size_t)count : 1) * size);
}
