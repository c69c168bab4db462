/* SPDX-License-Identifier: MIT
 *
 * Which requests are the heavy ones, where a workload has light and heavy
 * requests. The seed alone decides, so that every model and every language
 * agrees: of any thousand seeds that follow one another exactly `share` are
 * heavy, and 617, next to the golden section of 1,000 and prime to it, spreads
 * them evenly, so that any part of the thousand has its share too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How many of a thousand: the parameter that goes with it. */
enum { SHARE_WHOLE = 1000 };

static inline bool share_has(int64_t share, uint64_t seed)
{
    return (int64_t)(seed % SHARE_WHOLE * 617 % SHARE_WHOLE) < share;
}
