/* SPDX-License-Identifier: MIT
 *
 * The lines of an answer's head, or of the trailer behind its last chunk (RFC
 * 9112, sections 2.2, 4, 5 and 6.1), byte by byte: their shape, and what they
 * say about the body and the connection.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_LINES_NAME_MAX = 20,  /* over the longest name that matters */
    HTTP_LINES_VALUE_MAX = 24, /* its value, as far as it is looked at */
    HTTP_HEAD_BYTES_MAX = 256 << 10,
};

struct http_lines {
    /* What they say; right once they are whole. */
    int status, minor; /* of HTTP/1.minor */
    bool measured;     /* by Content-Length, which is: */
    int64_t length;
    bool encoded;           /* Transfer-Encoding: chunked */
    bool close, keep_alive; /* options of Connection */

    const char *fault; /* in words, or NULL */
    size_t size;       /* bytes so far */
    uint8_t state, name_size, value_size;
    bool fields;  /* one has been read */
    bool matters; /* the field's value is looked at */
    char name[HTTP_LINES_NAME_MAX], value[HTTP_LINES_VALUE_MAX];
};

/* A head follows, with its status line. */
void http_lines_begin(struct http_lines *lines);

/* A trailer follows: its fields say nothing. */
void http_lines_begin_trailer(struct http_lines *lines);

/* Takes bytes up to the empty line; *whole: it was the last. Returns how many.
 * On a fault, `fault` says which. */
size_t http_lines_feed(struct http_lines *lines, const char *bytes, size_t size,
                       bool *whole);
