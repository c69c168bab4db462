/* SPDX-License-Identifier: MIT
 *
 * A request's body by the rules of docs/contract.md (RFC 9112, 6 and 7.1, read
 * strictly), counted and dropped: a number of bytes, or chunks with their
 * trailer. By hand: what llhttp takes for a chunk's line differs from version
 * to version. Nothing depends on how the bytes were split.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A body that has begun. Plain memory. */
struct body {
    uint64_t left;       /* of it, or of the chunk at hand */
    uint32_t data_left;  /* of HTTP_BODY_MAX */
    uint32_t raw_left;   /* of it as sent, chunk lines included */
    uint32_t line_bytes; /* of the chunk's line, or of the trailer */
    uint8_t state;       /* body.c's */
    bool some;           /* of what the state counts */
};

/* Of `length` bytes. */
void body_begin(struct body *body, uint64_t length);

/* In chunks. */
void body_begin_chunks(struct body *body);

/* Takes bytes of it, *size at most, and sets *size to how many. Returns 0, or
 * the status to refuse it with and *wrong the sentence (NULL: the status's). */
int body_take(struct body *body, const char *bytes, size_t *size,
              const char **wrong);

/* Whether its last byte was taken. */
bool body_ended(const struct body *body);
