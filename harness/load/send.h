/* SPDX-License-Identifier: MIT
 *
 * Requests going out on one process's connections.
 */
#pragma once

#include "drive.h"

/* The process's request of that number, and what is known of its answers. */
struct load_reference *load_send_reference(const struct load_drive *drive,
                                           uint64_t number);

/* Sends the process's request of that number on an open connection. */
void load_send_request(struct load_drive *drive,
                       struct load_connection *connection, uint64_t number,
                       int64_t intended_ns, int64_t now_ns);

/* Churn: the connection that a request began with is established. */
void load_send_connected(struct load_drive *drive,
                         struct load_connection *connection, int64_t now_ns);

/* The request that a server's closing has left without an answer goes out on
 * the new connection; its clock has run all the time. */
void load_send_again(struct load_drive *drive,
                     struct load_connection *connection);

/* Open loop: the request that has waited longest takes a free connection.
 * `was_free`: nothing had to wait for one. */
void load_send_queued(struct load_drive *drive, bool was_free);

/* A closed loop asks from the beginning, which is set some time ahead, until
 * the window's end, even if that is noticed late, and only in its slices if it
 * has some. */
bool load_send_asks(struct load_drive *drive, int64_t now_ns);

/* Closed loop: an open connection waits for its turn in the warm-up's first
 * half; without a warm-up that is the beginning. */
void load_send_start(struct load_drive *drive,
                     struct load_connection *connection);

/* An open connection has nothing to do; with churn, a closed one. */
void load_send_next(struct load_drive *drive,
                    struct load_connection *connection, int64_t now_ns);

/* Closed loop: those of this state whose time has come. */
void load_send_due(struct load_drive *drive, enum load_state state,
                   int64_t now_ns);
