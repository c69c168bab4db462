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

/* Bytes of an unfinished request. */
struct kept;

struct slot {
    _Atomic uint64_t state; /* slots.c's */
    struct kept *kept;      /* the owner's */
    _Atomic int64_t deadline_ns;
    struct slot *next; /* in a list of the owner's */
    bool lingering;    /* our side has ended */
};

/* Room for every descriptor this process may have. Returns 0 or -ENOMEM. */
int slots_open(void);

/* The slot of a descriptor, NULL when it is beyond the room. */
struct slot *slots_find(int fd);

int slots_fd(const struct slot *slot);

/* Slots in use lie below this number. */
int slots_end(void);

/* Makes a slot whose descriptor is new the connection's; nobody owns it.
 * Returns what to register as the epoll event's data. */
uint64_t slot_begin(struct slot *slot);

/* Whether the connection that this event is about is now the caller's. If not,
 * it has ended, or its owner will look again. */
struct slot *slot_claim(uint64_t event_data);

/* The same without an event: only if nobody owns it. */
bool slot_claim_idle(struct slot *slot);

/* Gives the connection back. False: an edge came meanwhile, and it is still
 * the caller's, who reads until nothing is left and tries again. */
bool slot_release(struct slot *slot);

/* The owner is about to close the descriptor: whatever is still reported for
 * it means nothing. */
void slot_end(struct slot *slot);
