/* SPDX-License-Identifier: MIT
 *
 * One HTTP/1.1 connection as a state machine that never waits. Its owner waits,
 * in the way of its model, and then asks the machine what to do next:
 *
 *            bytes           a whole request             wire_answered(keep)
 *   reading -------> reading ---------------> (owner's) --------------------+
 *      ^                                       | wire_suspend: for later    |
 *      |  keep                                 v                            |
 *      +-------------------------------------------------- writing <--------+
 *                                                             | last answer
 *                      closed <----- lingering <--------------+
 *
 * The machine does what every model needs. It keeps half a request and
 * pipelined requests until they can be served. It sends later what the socket
 * does not take of an answer. It sets a deadline for a request that does not
 * arrive and for a client that does not read. It lets other connections have
 * their turn when one never stops sending. And it makes sure that a client that
 * is still sending gets its last answer: closing at once could reset the
 * connection and lose the answer, so the machine lingers until the client ends,
 * or for a second.
 *
 * There are two ways to move bytes. With a wire_hand, the machine itself reads
 * and sends, never waiting (wire_run), and an idle connection owns no buffer. A
 * task that blocks in its own read uses wire_next, and reads into wire->http
 * itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/http/http.h"

/* The owner's next step. */
enum wire_want {
    WIRE_REQUEST, /* serve wire->http->request, then call wire_answered */
    WIRE_READ,    /* wait until the socket can be read */
    WIRE_WRITE,   /* wait until the socket can be written */
    WIRE_AGAIN,   /* run again after others: there may be more to read */
    WIRE_CLOSED,  /* call wire_free, and close the descriptor */
};

/* The buffer for reading, which all connections of a thread share. */
struct wire_hand {
    struct http_connection http; /* of the current connection */
    int reads_left;
    bool level; /* the owner is notified again while there is something to read,
                   so one read a turn is enough */
    char buffer[HTTP_HEAD_MAX];
};

struct wire {
    struct http_connection *http; /* the current bytes; NULL: none */
    struct wire_kept *kept;       /* bytes kept for later, or NULL */
    struct wire_unsent *unsent;   /* the rest of an answer, or NULL */
    int64_t deadline_ns;          /* the end of the wait; RT_NEVER: none */
    int fd;
    uint8_t state;   /* wire.c's */
    bool last : 1;   /* the answer being sent is the last */
    bool unread : 1; /* the client has sent bytes that are not parsed */
    bool dry : 1;    /* nothing to read until wire_readable */
    bool eager : 1;  /* more than data came: read until nothing is left */
};

/* Begins an idle connection. The owner keeps and closes `fd`. */
void wire_open(struct wire *wire, int fd);

/* Frees all memory, in any state. */
void wire_free(struct wire *wire);

/* Tells that there is something to read. `beyond`: perhaps more than data (the
 * stream's end), which a short read leaves behind. */
void wire_readable(struct wire *wire, bool beyond);

/* Sends, reads and parses until the owner is needed. From WIRE_REQUEST until
 * the next wire_run, use `hand` for this connection only. */
enum wire_want wire_run(struct wire *wire, struct wire_hand *hand);

/* The next step for an owner that reads by itself: WIRE_REQUEST, WIRE_CLOSED,
 * or WIRE_READ: read into http_space, until the deadline, and add to `used`.
 * After the last answer, throw away the bytes that are read. */
enum wire_want wire_next(struct wire *wire);

/* Tells that the request's answer is sent. `keep`: the connection goes on. */
void wire_answered(struct wire *wire, bool keep);

/* Sends the request's answer; replaces wire_answered. */
void wire_send(struct wire *wire, const struct reply *reply, bool keep);

/* Prepares for the current request to be answered later, perhaps by another
 * thread: keeps the bytes that follow. Returns false, and changes nothing, if
 * there is no memory for them. */
bool wire_suspend(struct wire *wire);

/* Ends the connection: the client is gone, or late. */
void wire_end(struct wire *wire);

/* Whether an answer is not sent completely yet: a drain waits for it. */
bool wire_is_served(const struct wire *wire);

/* Whether our side has ended, and the machine only waits for the client's
 * end. */
bool wire_lingers(const struct wire *wire);
