/* SPDX-License-Identifier: MIT
 *
 * Whether a limit is kept. What is not known is said to be so, and is neither
 * kept nor missed.
 */
#pragma once

/* From the best to the worst. */
enum kept {
    KEPT_UNASKED, /* no limit was given */
    KEPT,
    KEPT_UNKNOWN,
    KEPT_NOT,
};

/* Of two limits that must both be kept. */
static inline enum kept kept_both(enum kept a, enum kept b)
{
    return a > b ? a : b;
}

/* Of two models of which one is enough. */
static inline enum kept kept_either(enum kept a, enum kept b)
{
    return a < b ? a : b;
}
