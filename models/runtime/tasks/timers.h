/* SPDX-License-Identifier: MIT
 *
 * Deadlines in order: a 4-ary heap. A timer's handle lies in the frame of the
 * coroutine that waits, so a wait allocates nothing; when something else ends
 * the wait first, removing the timer costs O(log n). The heap is pure: the loop
 * wakes the coroutines.
 */
#pragma once

#include <stdint.h>

/* One deadline. Zero-initialise. A timer must not move while it is in the
 * heap. */
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

/* Takes the timer out, if it is in the heap. */
void timers_remove(struct timers *timers, struct timer *timer);

/* The earliest, or NULL. Equal deadlines come in no particular order. */
struct timer *timers_first(const struct timers *timers);

/* Frees the heap's memory, not the timers. */
void timers_deinit(struct timers *timers);
