/* SPDX-License-Identifier: MIT
 *
 * Connections kept open from one call to the next, whatever they lead to. They
 * lie in a stack per process (per loop where tasks are coroutines, for a
 * socket belongs to the loop that opened it), are taken by one task at a time,
 * and a forked child starts with none of its parent's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What they lead to. */
enum pool_peer {
    POOL_BACKEND,
    POOL_POSTGRESQL,
    POOL_REDIS,
    POOL_PEERS,
};

/* A connection: a descriptor, or the address of what stands for it. */
enum { POOL_EMPTY = -1 };

/* Runs in a forked child: closes what is the parent's, without a word to the
 * peer that the parent still talks to. */
typedef void pool_drop(intptr_t connection);

/* A kept connection, or POOL_EMPTY. The last one given is the first taken, so
 * that there are never more than were in use at once. */
intptr_t pool_take(enum pool_peer peer);

/* Keeps it. False when there is no memory for that: the caller closes it. */
bool pool_give(enum pool_peer peer, intptr_t connection, pool_drop *drop);
