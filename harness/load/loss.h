/* SPDX-License-Identifier: MIT
 *
 * What goes wrong with requests and connections of one process: counted, told
 * once in words, and the connection opened again.
 */
#pragma once

#include "drive.h"

/* The first failure's words are kept, with the server's address. */
void load_loss_note(struct load_drive *drive, const char *what);

/* The ramp need not wait for this connection any more. */
void load_loss_decide(struct load_drive *drive,
                      struct load_connection *connection);

/* Closes and opens again: at once after a whole answer, else after a pause. */
void load_loss_reopen(struct load_drive *drive,
                      struct load_connection *connection);

/* The request on this connection failed, and the connection with it. */
void load_loss_request(struct load_drive *drive,
                       struct load_connection *connection,
                       enum load_outcome outcome, const char *words);

/* The connection was closed, or broke, while its request waited: where that
 * may be a kept one's end that crossed with the request (no byte of an answer
 * has come, the request is idempotent and was sent but once), the request goes
 * out on another connection (RFC 9112, section 9.3.1). Returns whether. */
bool load_loss_again(struct load_drive *drive,
                     struct load_connection *connection);

/* A request has failed because of an error (negative errno) of the connection.
 */
void load_loss_broken(struct load_drive *drive,
                      struct load_connection *connection, int error);

/* Requests waiting for a connection, the first `count` of them, fail. */
void load_loss_queued(struct load_drive *drive, size_t count,
                      enum load_outcome outcome, const char *words);

/* Why a connection failed, kept for the caller: a negative errno, and words
 * where they say more than it does, or NULL. */
void load_loss_reason(struct load_drive *drive, int error, const char *reason);

/* The server has sent `count` bytes, those in scratch, on a connection that
 * waits for no answer: it is opened again after a pause. */
void load_loss_unasked(struct load_drive *drive,
                       struct load_connection *connection, size_t count);

/* A WebSocket's handshake was sent, and the time for its answer is over. */
extern const char load_loss_no_handshake[];

/* The connection could not be opened (negative errno; `words` instead of the
 * errno's, or NULL). */
void load_loss_connect(struct load_drive *drive,
                       struct load_connection *connection, int error,
                       const char *words);
