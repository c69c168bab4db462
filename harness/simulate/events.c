/* SPDX-License-Identifier: MIT */
#include "events.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { CHILDREN = 4, FIRST_ROOM = 256 };

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

int events_add(struct events *events, double at_ns, int kind, int32_t subject,
               uint32_t version)
{
    if (events->count == events->room) {
        int room = events->room ? 2 * events->room : FIRST_ROOM;
        struct event *heap = realloc(events->heap, (size_t)room * sizeof *heap);
        if (!heap)
            return -ENOMEM;
        events->heap = heap;
        events->room = room;
    }
    struct event event = {at_ns, events->added++, kind, subject, version};
    int at = events->count++;
    while (at > 0) {
        int parent = (at - 1) / CHILDREN;
        if (!before(&event, &events->heap[parent]))
            break;
        events->heap[at] = events->heap[parent];
        at = parent;
    }
    events->heap[at] = event;
    return 0;
}

struct event events_take(struct events *events)
{
    struct event first = events->heap[0];
    struct event last = events->heap[--events->count];
    int at = 0;
    for (;;) {
        int child = CHILDREN * at + 1, least = child;
        if (child >= events->count)
            break;
        for (int i = child + 1; i < child + CHILDREN && i < events->count; i++)
            if (before(&events->heap[i], &events->heap[least]))
                least = i;
        if (!before(&events->heap[least], &last))
            break;
        events->heap[at] = events->heap[least];
        at = least;
    }
    events->heap[at] = last;
    return first;
}

void events_free(struct events *events)
{
    free(events->heap);
}
