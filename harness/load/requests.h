/* SPDX-License-Identifier: MIT
 *
 * The life of requests on one process's connections: sent when due, answered,
 * failed, timed out. Nothing here waits: the loop in load.c says what has
 * happened and what time it is.
 */
#pragma once

#include "drive.h"

/* epoll said this about a connection's socket. */
void load_requests_event(struct load_drive *drive,
                         struct load_connection *connection, uint32_t events);

/* Sends what is due. */
void load_requests_advance(struct load_drive *drive, int64_t now_ns);

/* Gives up what has waited too long; wakes paused connections. */
void load_requests_expire(struct load_drive *drive, int64_t now_ns);

/* The earliest time at which advance or expire will have work. */
int64_t load_requests_next_ns(const struct load_drive *drive);

/* Opens up to `limit` connections of those wanted. */
void load_requests_open(struct load_drive *drive, int limit);
