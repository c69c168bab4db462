/* SPDX-License-Identifier: MIT
 *
 * Whose connection is it? For models in which several threads wait on one
 * edge-triggered epoll set. An edge may reach one thread while another is at
 * the same connection, or after the connection has ended and its descriptor
 * was given to another. So each descriptor has a slot with a state and a
 * generation: a thread owns a connection from slot_claim to slot_release or
 * slot_end, and an edge that comes meanwhile is noted for the owner.
 *
 * That saves the system call per request which arming a descriptor anew would
 * cost (EPOLLONESHOT). Slots are never freed, so no event can lead nowhere.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

struct slot {
    _Atomic uint64_t state;      /* slots.c's */
    _Atomic int64_t deadline_ns; /* slots.c's: wire.deadline_ns when released */
    struct slot *next;           /* in a list of the owner's */
    struct wire wire;            /* the owner's */
};

/* Room for every descriptor this process may have. Returns 0 or -ENOMEM. */
int slots_open(void);

/* The slot of a descriptor, NULL when it is beyond the room. */
struct slot *slots_find(int fd);

/* The next connection that is past its deadline and that nobody owns, now the
 * caller's; NULL: no more. `*from` begins at 0. What the caller sees may be
 * another connection by now, or have met its deadline. */
struct slot *slots_overdue(int *from, int64_t now_ns);

/* Opens the wire of a slot whose descriptor is new; nobody owns it.
 * Returns what to register as the epoll event's data. */
uint64_t slot_begin(struct slot *slot);

/* Whether the connection that this event is about is now the caller's. If not,
 * it has ended, or its owner will look again. */
struct slot *slot_claim(uint64_t event_data);

/* Gives the connection back. False: an edge came meanwhile, and it is still
 * the caller's, who reads until nothing is left and tries again. */
bool slot_release(struct slot *slot);

/* The owner is about to close the descriptor: whatever is still reported for
 * it means nothing. */
void slot_end(struct slot *slot);
