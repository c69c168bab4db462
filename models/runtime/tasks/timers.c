/* SPDX-License-Identifier: MIT
 *
 * A heap with four children a node: half the depth of a binary heap, and the
 * four keys to compare lie in one cache line. The heap keeps its own copy of
 * the keys, so sifting touches only the frames of coroutines whose timers move.
 */
#include "timers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct timers_slot {
    int64_t deadline_ns;
    struct timer *timer;
};

enum { CHILDREN = 4 };

static void place(struct timers *timers, uint32_t index,
                  struct timers_slot slot)
{
    timers->slots[index] = slot;
    slot.timer->position = index + 1;
}

static void sift_up(struct timers *timers, uint32_t index,
                    struct timers_slot slot)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / CHILDREN;
        if (timers->slots[parent].deadline_ns <= slot.deadline_ns)
            break;
        place(timers, index, timers->slots[parent]);
        index = parent;
    }
    place(timers, index, slot);
}

static void sift_down(struct timers *timers, uint32_t index,
                      struct timers_slot slot)
{
    for (;;) {
        uint32_t first = index * CHILDREN + 1, least = first;
        if (first >= timers->count)
            break;
        for (uint32_t i = first + 1; i < first + CHILDREN && i < timers->count;
             i++)
            if (timers->slots[i].deadline_ns < timers->slots[least].deadline_ns)
                least = i;
        if (slot.deadline_ns <= timers->slots[least].deadline_ns)
            break;
        place(timers, index, timers->slots[least]);
        index = least;
    }
    place(timers, index, slot);
}

int timers_reserve(struct timers *timers, uint32_t count)
{
    if (count <= timers->capacity)
        return 0;
    uint32_t capacity = timers->capacity ? timers->capacity : 64;
    while (capacity < count)
        capacity *= 2;
    struct timers_slot *slots =
        reallocarray(timers->slots, capacity, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    timers->slots = slots;
    timers->capacity = capacity;
    return 0;
}

void timers_add(struct timers *timers, struct timer *timer)
{
    assert(timer->position == 0 && timers->count < timers->capacity);
    struct timers_slot slot = {timer->deadline_ns, timer};
    sift_up(timers, timers->count++, slot);
}

void timers_remove(struct timers *timers, struct timer *timer)
{
    if (timer->position == 0)
        return;
    uint32_t index = timer->position - 1;
    struct timers_slot last = timers->slots[--timers->count];
    timer->position = 0;
    if (last.timer == timer)
        return;
    /* The last timer fills the gap, and may belong above or below it. */
    if (index > 0 &&
        last.deadline_ns < timers->slots[(index - 1) / CHILDREN].deadline_ns)
        sift_up(timers, index, last);
    else
        sift_down(timers, index, last);
}

struct timer *timers_first(const struct timers *timers)
{
    return timers->count ? timers->slots[0].timer : NULL;
}

void timers_deinit(struct timers *timers)
{
    free(timers->slots);
    *timers = (struct timers){0};
}
