/* SPDX-License-Identifier: MIT
 *
 * What comes in on WebSockets of one process: echoes that end requests, pushes
 * that are timed, and what must not come.
 */
#pragma once

#include "drive.h"

/* Takes `count` bytes in the drive's scratch, read from this connection. */
void load_messages_take(struct load_drive *drive,
                        struct load_connection *connection, size_t count);

/* A WebSocket ended without our doing. */
void load_messages_lost(struct load_drive *drive);

/* Whether a push that was due in the window is still out. Those that have not
 * come one time-out after its end are given up: counted as missing, and as late
 * as they are by then. */
bool load_messages_owed(struct load_drive *drive, int64_t now_ns);

/* When that will be; INT64_MAX without pushes. */
int64_t load_messages_patience_ns(const struct load_drive *drive);
