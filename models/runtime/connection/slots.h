/* SPDX-License-Identifier: MIT
 *
 * One edge-triggered epoll set that several threads wait on, and whose a
 * connection in it is. An edge may reach one thread while another is at
 * the same connection, or after the connection has ended and its descriptor
 * was given to another. So each descriptor has a slot with a state and a
 * generation: a thread owns a connection from slots_wait to slot_release or
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

/* Makes the set, with room for every descriptor that this process may have.
 * Returns 0 or a negative errno. */
int slots_open(void);

/* Watches a new connection, which nobody owns. Returns 0 or a negative errno;
 * the descriptor is the set's from here on, or still the caller's. */
int slots_add(int fd);

/* Every thread's slots_wait returns SLOTS_STOP from now on when it has nothing
 * better to do, or the descriptor is readable at last. */
void slots_watch_stop(int stop_fd);

enum slots_event {
    SLOTS_NOTHING, /* within the time */
    SLOTS_READY,   /* *slot is the caller's; NULL: another thread has it */
    SLOTS_STOP,
};

/* Waits up to timeout_ms (-1: for ever) for a connection that can be read. */
enum slots_event slots_wait(int timeout_ms, struct slot **slot);

/* The next connection that is past its deadline and that nobody owns, now the
 * caller's; NULL: no more. `*from` begins at 0. What the caller sees may be
 * another connection by now, or have met its deadline. */
struct slot *slots_overdue(int *from, int64_t now_ns);

/* Gives the connection back. False: an event came meanwhile, and the connection
 * is still the caller's, who runs its wire and tries again. */
bool slot_release(struct slot *slot);

/* Ends a connection that is the caller's, and closes its descriptor: whatever
 * is still reported for it means nothing. */
void slot_end(struct slot *slot);

/* What the calls above are made of, without system calls: the slot of a
 * descriptor (NULL: beyond the room); a new connection, nobody's, and what to
 * register as its event's data; whether the connection that an event is about
 * is now the caller's; and its end. */
struct slot *slots_find(int fd);
uint64_t slot_begin(struct slot *slot);
struct slot *slot_claim(uint64_t event_data);
void slot_free(struct slot *slot);
