/* SPDX-License-Identifier: MIT
 *
 * One edge-triggered epoll set that several threads wait on, and the ownership
 * of its connections. An edge may reach one thread while another serves the
 * connection, or after the connection has ended and another has its descriptor.
 * So each descriptor has a slot with a state and a generation. A thread owns a
 * connection from slots_wait to slot_release or slot_end; an edge that comes in
 * between is noted for the owner.
 *
 * Ownership by slot saves a system call per request: arming the descriptor
 * again, as EPOLLONESHOT needs. Slots are never freed, so every event finds its
 * slot.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

struct slot {
    _Atomic uint64_t state;      /* slots.c's */
    _Atomic int64_t deadline_ns; /* slots.c's: set at the release */
    struct slot *next;           /* for a list of the owner's */
    struct wire wire;            /* the owner's */
};

/* Makes the set, with room for every descriptor that this process may have.
 * Returns 0 or a negative errno. */
int slots_open(void);

/* Watches a new connection, which no thread owns yet. Returns 0, and the set
 * owns the descriptor; or a negative errno, and the caller still owns it. */
int slots_add(int fd);

/* Watches stop_fd too: once it is readable, slots_wait returns SLOTS_STOP, in
 * one thread after the other. */
void slots_watch_stop(int stop_fd);

enum slots_event {
    SLOTS_NOTHING, /* no event within the time */
    SLOTS_READY,   /* the caller owns *slot; NULL: another thread does */
    SLOTS_STOP,
};

/* Waits for a connection that can be read, at most timeout_ms (-1: no
 * limit). */
enum slots_event slots_wait(int timeout_ms, struct slot **slot);

/* Claims for the caller the next connection that is past its deadline and that
 * no thread owns. NULL: no more. `*from` begins at 0. The caller must look at
 * the deadline again: the slot may have a new connection, or a later deadline,
 * by now. */
struct slot *slots_overdue(int *from, int64_t now_ns);

/* Gives the connection back. False: an event came meanwhile; the caller still
 * owns the connection, runs its wire and tries again. */
bool slot_release(struct slot *slot);

/* Ends a connection that the caller owns, and closes its descriptor. Events
 * that are still reported for it are ignored. */
void slot_end(struct slot *slot);

/* The parts of the calls above without system calls. slots_find: the slot of a
 * descriptor, NULL if there is none. slot_begin: begins a connection that no
 * thread owns, and returns the data to register for its events. slot_claim: the
 * slot that an event is about, if the caller owns it now; else NULL. slot_free:
 * ends the connection. */
struct slot *slots_find(int fd);
uint64_t slot_begin(struct slot *slot);
struct slot *slot_claim(uint64_t event_data);
void slot_free(struct slot *slot);
