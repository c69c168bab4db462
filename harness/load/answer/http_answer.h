/* SPDX-License-Identifier: MIT
 *
 * Parses one HTTP/1 answer (RFC 9112), strictly, byte by byte if need be. No
 * I/O. The only parser of answers: the generator uses it, and so do the search
 * and the check of a fresh server.
 *
 * Interim answers (1xx, except 101) are read and dropped. An answer that has no
 * body because of its status (1xx, 204, 304) or because the request was HEAD
 * has none, whatever its fields say (section 6.3).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_LINES_NAME_MAX = 20,  /* over the longest name that matters */
    HTTP_LINES_VALUE_MAX = 24, /* as much of its value as is looked at */
    HTTP_HEAD_BYTES_MAX = 256 << 10,
    HTTP_INTERIM_MAX = 64,     /* interim answers */
    HTTP_SIZE_LINE_MAX = 4096, /* bytes of a chunk's size and its extensions */
};

/* The lines of a head, or of the trailer after the last chunk (sections 2.2, 4,
 * 5 and 6.1): parsing state, and what they say about the body and the
 * connection. */
struct http_lines {
    /* Valid once all lines have been read. */
    int status, minor; /* of HTTP/1.minor */
    bool measured;     /* has Content-Length, which is: */
    int64_t length;
    bool encoded;           /* Transfer-Encoding: chunked */
    bool close, keep_alive; /* options of Connection */

    const char *fault; /* in words, or NULL */
    size_t size;       /* bytes read so far */
    uint8_t state, name_size, value_size;
    bool fields;  /* at least one has been read */
    bool matters; /* the field's value is looked at */
    char name[HTTP_LINES_NAME_MAX], value[HTTP_LINES_VALUE_MAX];
};

enum http_event {
    HTTP_MORE,      /* every byte was taken, the answer is incomplete */
    HTTP_WHOLE,     /* the answer is whole */
    HTTP_MALFORMED, /* the bytes are no HTTP answer; `fault` says why */
};

struct http_answer {
    /* Called with each part of the body, in order; may be NULL. `context` is
     * for its use. */
    void (*on_body)(struct http_answer *answer, const char *bytes, size_t size);
    void *context;

    int status;    /* of the last whole head; 0: none yet */
    bool head;     /* the request was HEAD */
    bool headers;  /* the final answer's head is whole */
    bool bodiless; /* no body, because of its status or its request */
    bool measured; /* its head has Content-Length, which is: */
    int64_t length;
    bool keep_alive;   /* valid once `headers`: another request may follow */
    uint8_t interim;   /* number of interim answers */
    const char *fault; /* in words, or NULL */

    uint8_t state;
    bool digits;      /* of a chunk's size have been read */
    int64_t left;     /* bytes left of the body or the chunk */
    size_t size_line; /* bytes read of the line with the chunk's size */
    struct http_lines lines;
};

/* Prepares for an answer. `head`: the request was HEAD. on_body and context
 * stay. */
void http_answer_begin(struct http_answer *answer, bool head);

/* Takes bytes up to the answer's end; *used gets their number. */
enum http_event http_answer_feed(struct http_answer *answer, const char *bytes,
                                 size_t size, size_t *used);

/* The server has ended its stream. Returns HTTP_WHOLE if that ends the body;
 * HTTP_MORE: the answer was cut off. */
enum http_event http_answer_end(struct http_answer *answer);
