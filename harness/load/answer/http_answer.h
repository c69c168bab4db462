/* SPDX-License-Identifier: MIT
 *
 * Reading one HTTP/1 answer (RFC 9112), strictly, byte by byte if need be. No
 * I/O. The one reader of answers: the load's, the search's, and the check's of
 * a fresh server.
 *
 * Answers that come before the answer proper (1xx but for 101) are read and
 * dropped. What has no body by its status (1xx, 204, 304) or by its request
 * (HEAD) has none, whatever its fields say (section 6.3).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_LINES_NAME_MAX = 20,  /* over the longest name that matters */
    HTTP_LINES_VALUE_MAX = 24, /* its value, as far as it is looked at */
    HTTP_HEAD_BYTES_MAX = 256 << 10,
    HTTP_INTERIM_MAX = 64,     /* answers before the answer proper */
    HTTP_SIZE_LINE_MAX = 4096, /* bytes of a chunk's size and extensions */
};

/* The lines of a head, or of the trailer behind the last chunk (sections 2.2,
 * 4, 5 and 6.1): their shape, and what they say about the body and the
 * connection. */
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

enum http_event {
    HTTP_MORE,      /* every byte was taken, the answer is not whole */
    HTTP_WHOLE,     /* it is whole */
    HTTP_MALFORMED, /* it is none; `fault` says why */
};

struct http_answer {
    /* A part of the body, in order; NULL: nobody asks. `context` is free for
     * its use. */
    void (*on_body)(struct http_answer *answer, const char *bytes, size_t size);
    void *context;

    int status;    /* of the last head that was whole; 0: none yet */
    bool head;     /* the request was HEAD */
    bool headers;  /* the head of the answer proper is whole */
    bool bodiless; /* by its status or its request */
    bool measured; /* its head says Content-Length, which is: */
    int64_t length;
    bool keep_alive;   /* once `headers`: another request may follow */
    uint8_t interim;   /* answers before it */
    const char *fault; /* in words, or NULL */

    uint8_t state;
    bool digits;      /* of a chunk's size have come */
    int64_t left;     /* of the body or the chunk */
    size_t size_line; /* bytes of the chunk's line so far */
    struct http_lines lines;
};

/* Prepares for an answer to a request, which was HEAD or not. on_body and
 * context stay. */
void http_answer_begin(struct http_answer *answer, bool head);

/* Takes bytes up to the answer's end; *used: how many. */
enum http_event http_answer_feed(struct http_answer *answer, const char *bytes,
                                 size_t size, size_t *used);

/* The peer has ended its stream: HTTP_WHOLE where that ends the body, else
 * HTTP_MORE: the answer was cut off. */
enum http_event http_answer_end(struct http_answer *answer);
