/* SPDX-License-Identifier: MIT
 *
 * Connections kept open from one call to the next, to whatever peer. There is
 * one stack of them per peer and process; if tasks are coroutines, one per
 * loop, because a socket belongs to the loop that opened it. One task at a time
 * takes a connection. A forked child starts without its parent's connections.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The peers. */
enum pool_peer {
    POOL_BACKEND,
    POOL_POSTGRESQL,
    POOL_REDIS,
    POOL_PEERS,
};

/* A connection is an intptr_t: a descriptor, or the address of a client
 * library's object. */
enum { POOL_EMPTY = -1 };

/* Runs in a forked child: closes the parent's connection here, without sending
 * anything to the peer, which still talks to the parent. */
typedef void pool_drop(intptr_t connection);

/* Takes a kept connection, or returns POOL_EMPTY. The connection given last is
 * taken first, so that never more are open than were in use at once. */
intptr_t pool_take(enum pool_peer peer);

/* Keeps a connection. False: there is no memory for it, and the caller closes
 * it. */
bool pool_give(enum pool_peer peer, intptr_t connection, pool_drop *drop);
