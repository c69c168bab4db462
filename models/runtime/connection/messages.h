/* SPDX-License-Identifier: MIT
 *
 * The server's end of a WebSocket in direct style, through rt_*: whole messages
 * in and out. Pings are answered, fragments joined, the closing handshake done,
 * and what breaks the rules of RFC 6455 ends the connection with its code;
 * none of that reaches the caller.
 *
 * An idle connection costs what is in struct messages and no more: a message
 * that does not fit there is on the heap until the next one is asked for.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "models/runtime/http/frames.h"

/* What must be writable in front of a message that is sent. */
enum { MESSAGES_ROOM = FRAMES_SERVER_HEAD };

enum { MESSAGES_SMALL = 512 };

struct messages {
    int fd;
    size_t limit; /* bytes of one message; beyond it: closed with 1009 */
    /* The buffer: the message so far is [start, end), what has come and was not
     * looked at is [parsed, used). MESSAGES_ROOM bytes lie before it. */
    uint8_t *buffer;
    size_t capacity, start, end, parsed, used;
    struct frames_head frame; /* whose payload is coming */
    uint64_t left;            /* of it */
    struct frames_utf8 utf8;
    uint8_t opcode; /* of the message under way; 0: none */
    uint8_t in_frame, whole;
    uint8_t small[MESSAGES_ROOM + MESSAGES_SMALL];
};

struct message {
    uint8_t opcode; /* FRAMES_TEXT or FRAMES_BINARY */
    uint8_t *bytes; /* may be changed; MESSAGES_ROOM bytes before it too */
    size_t size;
};

void messages_open(struct messages *messages, int fd, size_t limit);

/* Waits for the next message, which is the caller's until the next call.
 * Returns 1; 0 when the conversation is over, in whatever way; -ETIMEDOUT when
 * the deadline passed (nothing is lost). */
int messages_receive(struct messages *messages, struct message *message,
                     int64_t deadline_ns);

/* Sends a message; the bytes before it are overwritten. Returns 1, or 0 when
 * the connection broke. */
int messages_send(struct messages *messages, const struct message *message);

/* Frees what is held. The descriptor stays open. */
void messages_close(struct messages *messages);
