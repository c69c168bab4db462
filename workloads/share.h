/* SPDX-License-Identifier: MIT
 *
 * Which requests are heavy, in workloads with light and heavy requests. Only
 * the seed decides, so that every model and every language agrees. Of any
 * thousand consecutive seeds, exactly `share` are heavy. The factor 617 is
 * coprime to 1,000 and near its golden section, so heavy seeds are spread
 * evenly, and any part of the thousand has about its share too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The parameter `share` counts heavy requests in this many. */
enum { SHARE_WHOLE = 1000 };

static inline bool share_has(int64_t share, uint64_t seed)
{
    return (int64_t)(seed % SHARE_WHOLE * 617 % SHARE_WHOLE) < share;
}
