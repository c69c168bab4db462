/* SPDX-License-Identifier: MIT
 *
 * The server's end of a WebSocket in direct style, through rt_*: whole messages
 * in and out. This layer answers pings, joins fragments, and performs the
 * closing handshake. A violation of RFC 6455 ends the connection with the right
 * code. The caller sees none of that.
 *
 * An idle connection costs one struct messages and no more. A message that does
 * not fit there is on the heap until the caller asks for the next one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "models/runtime/http/frames.h"

/* The bytes in front of a message to be sent that must be writable. */
enum { MESSAGES_ROOM = FRAMES_SERVER_HEAD };

enum { MESSAGES_SMALL = 512 };

struct messages {
    int fd;
    size_t limit; /* bytes of one message; a larger one: closed with 1009 */
    /* The buffer: [start, end) is the message so far, [parsed, used) are
     * received bytes that are not parsed yet. MESSAGES_ROOM bytes lie before
     * the buffer. */
    uint8_t *buffer;
    size_t capacity, start, end, parsed, used;
    struct frames_head frame; /* the frame whose payload is coming */
    uint64_t left;            /* bytes of that payload still to come */
    struct frames_utf8 utf8;
    uint8_t opcode; /* of the message so far; 0: none */
    uint8_t in_frame, whole;
    uint8_t small[MESSAGES_ROOM + MESSAGES_SMALL];
};

struct message {
    uint8_t opcode; /* FRAMES_TEXT or FRAMES_BINARY */
    uint8_t
        *bytes; /* may be changed, and so may MESSAGES_ROOM bytes before them */
    size_t size;
};

void messages_open(struct messages *messages, int fd, size_t limit);

/* Waits for the next message, which is valid until the next call. Returns 1; 0
 * when the conversation is over, for whatever reason; -ETIMEDOUT when the
 * deadline has passed (no bytes are lost). */
int messages_receive(struct messages *messages, struct message *message,
                     int64_t deadline_ns);

/* Sends a message, overwriting the bytes before it. Returns 1, or 0 if the
 * connection is broken. */
int messages_send(struct messages *messages, const struct message *message);

/* Frees the memory. The descriptor stays open. */
void messages_close(struct messages *messages);
