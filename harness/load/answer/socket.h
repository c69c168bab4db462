/* SPDX-License-Identifier: MIT
 *
 * The client's end of a WebSocket (RFC 6455): the handshake's answer, and the
 * server's frames as they come, byte by byte if need be. No I/O.
 *
 * An echo is a binary message that must equal what was sent. A push is a text
 * message that the server sends by itself, "push n=NUMBER due_ns=TIME " and
 * dots (workloads/websocket.c): numbered without a gap, due one period after
 * the one before, so that not one can be lost or made up unnoticed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/runtime/http/frames.h"

enum {
    LOAD_SOCKET_HEAD_MAX = 4096, /* of the handshake's answer */
    LOAD_SOCKET_PUSH = 45,       /* bytes of a push that say something */
};

/* How a connection becomes a WebSocket. */
struct load_greeting {
    char *bytes; /* the request */
    size_t size;
    char accept[32]; /* what the answer must accept its key with */
    int64_t push_ns; /* the server sends this often by itself; 0: never */
};

/* One connection: what is expected on it, and half read; all zero at first. */
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
    int64_t push_due_ns; /* of the last; before the first: since when it may be
                            due, less one period */
    uint16_t close_code; /* after LOAD_SOCKET_CLOSED; 0: none given */
};

enum load_socket_event {
    LOAD_SOCKET_MORE,   /* every byte was taken, nothing is whole */
    LOAD_SOCKET_ECHO,   /* the right message came back */
    LOAD_SOCKET_OTHER,  /* a whole message, and not that one */
    LOAD_SOCKET_PUSHED, /* a push, due at push_due_ns */
    LOAD_SOCKET_CLOSED, /* the server closes */
    LOAD_SOCKET_WRONG,  /* against the RFC, unasked, or no proper push */
};

/* Looks at what has come of the handshake's answer. Returns how many bytes it
 * has, 0 when it is not whole, or -EPROTO with the reason in `why`. */
int load_socket_judge(const struct load_greeting *greeting, const char *bytes,
                      size_t size, char *why, size_t why_size);

/* Takes bytes up to the next event; *used: how many. `expected` is the payload
 * of the echo that is awaited, NULL for none. */
enum load_socket_event load_socket_feed(struct load_socket *socket,
                                        const struct load_greeting *greeting,
                                        const char *expected,
                                        size_t expected_size, const char *bytes,
                                        size_t size, size_t *used);
