/* SPDX-License-Identifier: MIT
 *
 * The client side of a WebSocket (RFC 6455): judges the handshake's answer and
 * the server's frames, byte by byte if need be. No I/O.
 *
 * An echo is a binary message that must equal the message sent. A push is a
 * text message that the server sends unasked: "push n=NUMBER due_ns=TIME " and
 * dots (workloads/websocket.c). Pushes are numbered without gaps, and each is
 * due one period after the one before, so that a lost or invented push is
 * noticed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/runtime/http/frames.h"

enum {
    LOAD_SOCKET_HEAD_MAX = 4096, /* of the handshake's answer */
    LOAD_SOCKET_PUSH = 45,       /* bytes of a push before its dots */
};

/* How a connection becomes a WebSocket. */
struct load_greeting {
    char *bytes; /* the request */
    size_t size;
    char accept[32]; /* the Sec-WebSocket-Accept that the answer must have */
    int64_t push_ns; /* period of the server's pushes; 0: it sends none */
};

/* State of one connection's incoming messages. Zero-initialise. */
struct load_socket {
    uint8_t head[FRAMES_HEAD_MAX];
    uint8_t head_size;
    uint8_t opcode; /* of the message under way; 0: none */
    bool in_frame, differs;
    struct frames_head frame;
    uint64_t left; /* of the frame's payload */
    size_t seen;   /* of the message */
    char push[LOAD_SOCKET_PUSH + 1];
    uint64_t pushes;     /* whole ones */
    int64_t push_due_ns; /* of the last push; before the first one, the earliest
                            time at which that may be due, minus one period */
    uint16_t close_code; /* after LOAD_SOCKET_CLOSED; 0: none given */
};

enum load_socket_event {
    LOAD_SOCKET_MORE,   /* every byte was taken, no message is whole */
    LOAD_SOCKET_ECHO,   /* the message that was sent came back */
    LOAD_SOCKET_OTHER,  /* a whole message with other content */
    LOAD_SOCKET_PUSHED, /* a push, due at push_due_ns */
    LOAD_SOCKET_CLOSED, /* the server closes the WebSocket */
    LOAD_SOCKET_WRONG,  /* violates the RFC, was not asked for, or is an invalid
                           push */
};

/* Judges the handshake's answer as received so far. Returns its length, 0 while
 * it is incomplete, or -EPROTO with the reason in `why`. */
int load_socket_judge(const struct load_greeting *greeting, const char *bytes,
                      size_t size, char *why, size_t why_size);

/* Takes bytes up to the next event; *used gets their number. `expected` is the
 * payload of the awaited echo; NULL: none is awaited. */
enum load_socket_event load_socket_feed(struct load_socket *socket,
                                        const struct load_greeting *greeting,
                                        const char *expected,
                                        size_t expected_size, const char *bytes,
                                        size_t size, size_t *used);
