/* SPDX-License-Identifier: MIT
 *
 * WebSocket frames (RFC 6455), in both directions; no I/O, no allocation. The
 * server's sessions and the load generator share this code; the tests have an
 * independent implementation. Why not a library:
 * docs/decisions/0008-websocket-frames-of-our-own.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frames_opcode {
    FRAMES_CONTINUATION = 0,
    FRAMES_TEXT = 1,
    FRAMES_BINARY = 2,
    FRAMES_CLOSE = 8,
    FRAMES_PING = 9,
    FRAMES_PONG = 10,
};

enum {
    FRAMES_HEAD_MAX = 14,     /* with a mask */
    FRAMES_SERVER_HEAD = 10,  /* the longest that a server sends */
    FRAMES_CONTROL_MAX = 125, /* bytes in a control frame */
};

/* Why a connection is closed (RFC 6455, 7.4.1). */
enum frames_code {
    FRAMES_GOING_AWAY = 1001,
    FRAMES_PROTOCOL_ERROR = 1002,
    FRAMES_NOT_UTF8 = 1007,
    FRAMES_TOO_BIG = 1009,
    FRAMES_INTERNAL_ERROR = 1011,
};

struct frames_head {
    bool fin, masked;
    uint8_t opcode;
    uint8_t mask[4];
    uint64_t size; /* of the payload */
};

static inline bool frames_is_control(const struct frames_head *head)
{
    return head->opcode >= FRAMES_CLOSE;
}

/* Reads a head. Returns its length, 0 if bytes are missing yet, or -EPROTO if
 * the frame is not allowed: reserved bits or opcodes, a control frame that is
 * too long or fragmented, a length that is not in its shortest form or over 63
 * bits. */
int frames_read(const uint8_t *bytes, size_t size, struct frames_head *head);

/* Writes a head. Returns its length. */
int frames_write(const struct frames_head *head, uint8_t *bytes);

/* Masks or unmasks bytes that begin `offset` bytes into the payload. */
void frames_mask(uint8_t *bytes, size_t size, const uint8_t mask[4],
                 uint64_t offset);

/* The state of checking a text that comes in pieces; all zero at its start. The
 * current character needs `need` more bytes, the first of them between low and
 * high. */
struct frames_utf8 {
    uint8_t need, low, high;
};

/* Whether the text is UTF-8 so far (RFC 3629). */
bool frames_utf8(struct frames_utf8 *state, const uint8_t *bytes, size_t size);

/* Checks a Close frame's payload. Returns 0, or the code to close with. */
int frames_judge_close(const uint8_t *bytes, size_t size);
