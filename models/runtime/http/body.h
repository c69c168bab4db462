/* SPDX-License-Identifier: MIT
 *
 * A request's body, counted and dropped, by the rules of docs/contract.md (RFC
 * 9112, 6 and 7.1, read strictly): a number of bytes, or chunks with their
 * trailer. Not by llhttp, because its versions differ in the chunk lines that
 * they accept. The result does not depend on how the bytes were split into
 * reads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The state of a body. Plain memory, without pointers. */
struct body {
    uint64_t left;      /* bytes left of the body, or of the current chunk */
    uint32_t data_left; /* bytes left of HTTP_BODY_MAX */
    uint32_t raw_left;  /* bytes left of the limit on bytes as sent, chunk lines
                           included */
    uint32_t
        line_bytes; /* length so far of the chunk's line, or of the trailer */
    uint8_t state;  /* body.c's */
    bool some;      /* whether the state has had a character */
};

/* Begins a body of `length` bytes. */
void body_begin(struct body *body, uint64_t length);

/* Begins a body in chunks. */
void body_begin_chunks(struct body *body);

/* Takes at most *size bytes of the body, and sets *size to how many it took.
 * Returns 0, or the status to refuse the request with; *wrong is then the
 * reason (NULL: the status's usual reason). */
int body_take(struct body *body, const char *bytes, size_t *size,
              const char **wrong);

/* Whether the body's last byte was taken. */
bool body_ended(const struct body *body);
