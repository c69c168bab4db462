/* SPDX-License-Identifier: MIT
 *
 * Connections being opened: in the ramp, again after they ended, and with
 * churn for every request.
 */
#pragma once

#include "drive.h"

/* Begins to open a connection that is closed. With churn, and while the loop
 * asks, a request begins with it. */
void load_open_one(struct load_drive *drive,
                   struct load_connection *connection);

/* The same, whatever it is for: due_ns is set. */
void load_open_at_once(struct load_drive *drive,
                       struct load_connection *connection);

/* epoll said this about a connection that is being opened. Where the plan has
 * a greeting, it is open when that was answered. */
void load_open_event(struct load_drive *drive,
                     struct load_connection *connection, uint32_t events);

/* Opens up to `limit` connections of those wanted. */
void load_open_wanted(struct load_drive *drive, int limit);
