/* SPDX-License-Identifier: MIT
 *
 * What is due, in order of time; of equal times, in the order in which they
 * were added. A heap of four children a node. An event is not taken out again:
 * who adds one keeps a version beside it, and ignores events of older ones.
 */
#pragma once

#include <stdint.h>

struct event {
    double at_ns;
    uint64_t order;
    int kind;
    int32_t subject; /* index of a request, a core ... */
    uint32_t version;
};

struct events {
    struct event *heap;
    int count, room;
    uint64_t added;
};

/* Returns 0 or -ENOMEM. */
int events_add(struct events *events, double at_ns, int kind, int32_t subject,
               uint32_t version);

/* Takes the first event out. events->count must be above 0. */
struct event events_take(struct events *events);

void events_free(struct events *events);
