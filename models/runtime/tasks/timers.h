/* SPDX-License-Identifier: MIT
 *
 * Deadlines in order: a 4-ary heap whose handles lie in the waiting
 * coroutine's own frame, so that a wait allocates nothing and is taken out
 * again in O(log n) when something else ends it first. Pure; who wakes up when
 * is the loop's business.
 */
#pragma once

#include <stdint.h>

/* One deadline. Zero-initialise; the owner keeps it in place while it is in
 * the heap. */
struct timer {
    int64_t deadline_ns;
    uint32_t position; /* 1 + its place in the heap; 0: not in it */
};

struct timers {
    struct timers_slot *slots;
    uint32_t count, capacity;
};

/* Makes room for `count` timers in all, so that timers_add cannot fail.
 * Returns 0 or -ENOMEM. */
int timers_reserve(struct timers *timers, uint32_t count);

/* Adds a timer that is not in the heap; room must be reserved. */
void timers_add(struct timers *timers, struct timer *timer);

/* Takes it out; does nothing when it is not in. */
void timers_remove(struct timers *timers, struct timer *timer);

/* The earliest, or NULL. Equal deadlines come in no particular order. */
struct timer *timers_first(const struct timers *timers);

/* Frees the heap's memory, not the timers. */
void timers_deinit(struct timers *timers);
