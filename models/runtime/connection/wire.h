/* SPDX-License-Identifier: MIT
 *
 * One connection of HTTP/1.1 as a machine that never waits. Its owner waits,
 * in whatever way the model has, and then asks the machine what to do next:
 *
 *            bytes           a whole request             wire_answered(keep)
 *   reading -------> reading ---------------> (owner's) --------------------+
 *      ^                                       | wire_suspend: for later    |
 *      |  keep                                 v                            |
 *      +-------------------------------------------------- writing <--------+
 *                                                             | last answer
 *                      closed <----- lingering <--------------+
 *
 * The machine has what every model needs and no model should write again: half
 * a request and pipelined ones are kept between two looks, an answer that the
 * socket does not take is sent later, a request that does not arrive and a
 * client that does not read have a deadline, a connection that never ends
 * sending lets others have their turn, and a client that is still sending gets
 * its last answer: closing at once would reset the connection and take the
 * answer with it, so the machine lingers until the client ends, or for a
 * second.
 *
 * There are two ways to move bytes. With a wire_hand, the machine reads and
 * sends by itself, never waiting (wire_run); an idle connection owns no buffer.
 * A task that blocks in its own read uses wire_next, and reads into
 * wire->http by itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/http/http.h"

/* What the machine needs from its owner. */
enum wire_want {
    WIRE_REQUEST, /* wire->http->request is whole: serve it, wire_answered */
    WIRE_READ,    /* that the socket can be read */
    WIRE_WRITE,   /* that the socket can be written */
    WIRE_AGAIN,   /* another turn: there may be more to read now */
    WIRE_CLOSED,  /* wire_free, and to close the descriptor */
};

/* Where bytes are read to, shared by all connections of a thread. */
struct wire_hand {
    struct http_connection http; /* of the connection at hand */
    int reads_left;
    bool level; /* the owner is told again while there is something to read:
                   one read a turn is enough */
    char buffer[HTTP_HEAD_MAX];
};

struct wire {
    struct http_connection *http; /* the bytes at hand; NULL: none */
    struct wire_kept *kept;       /* bytes put aside, or NULL */
    struct wire_unsent *unsent;   /* what the socket did not take, or NULL */
    int64_t deadline_ns;          /* the end of the wait; RT_NEVER: none */
    int fd;
    uint8_t state;   /* wire.c's */
    bool last : 1;   /* the answer being sent is the last */
    bool unread : 1; /* the client has sent more than was looked at */
    bool dry : 1;    /* nothing to read until the owner says so */
    bool eager : 1;  /* read until nothing comes: more than data came */
};

/* Begins an idle connection. `fd` stays the owner's. */
void wire_open(struct wire *wire, int fd);

/* Frees what is kept. Any state. */
void wire_free(struct wire *wire);

/* There is something to read. `beyond`: perhaps more than data (the stream's
 * end), which a read that gives less than asked leaves behind. */
void wire_readable(struct wire *wire, bool beyond);

/* Sends, reads and parses until the owner is needed. `hand` is the same from
 * WIRE_REQUEST until wire_run is called next, for this connection only. */
enum wire_want wire_run(struct wire *wire, struct wire_hand *hand);

/* The next step for an owner that reads by itself: WIRE_REQUEST, WIRE_READ
 * (http_space, then `used`, until the deadline) or WIRE_CLOSED. After the last
 * answer what is read is thrown away. */
enum wire_want wire_next(struct wire *wire);

/* The request's answer is sent. `keep`: the connection goes on. */
void wire_answered(struct wire *wire, bool keep);

/* Sends the request's answer: instead of wire_answered. */
void wire_send(struct wire *wire, const struct reply *reply, bool keep);

/* The request at hand will be answered later, perhaps by another thread: puts
 * aside what follows. Returns whether there was memory for it; if not, the
 * request is still at hand. */
bool wire_suspend(struct wire *wire);

/* The client is gone, or late. */
void wire_end(struct wire *wire);

/* A request's answer is not out yet: a drain waits for it. */
bool wire_is_served(const struct wire *wire);

/* Our side has ended. */
bool wire_lingers(const struct wire *wire);
