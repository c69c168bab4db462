/* SPDX-License-Identifier: MIT
 *
 * The life of requests on one process's connections: sent when due, answered,
 * failed, timed out. Nothing here blocks: the loop in load.c passes the events
 * and the time.
 */
#pragma once

#include "drive.h"

/* Handles epoll's events for a connection's socket. */
void load_requests_event(struct load_drive *drive,
                         struct load_connection *connection, uint32_t events);

/* Sends the requests that are due. */
void load_requests_advance(struct load_drive *drive, int64_t now_ns);

/* Times out what has waited too long; wakes paused connections. */
void load_requests_expire(struct load_drive *drive, int64_t now_ns);

/* The earliest time at which advance or expire will have work. */
int64_t load_requests_next_ns(const struct load_drive *drive);

/* Begins to open up to `limit` of the WANTED connections. */
void load_requests_open(struct load_drive *drive, int limit);
