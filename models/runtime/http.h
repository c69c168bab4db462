/* SPDX-License-Identifier: MIT
 *
 * HTTP/1.1 requests in, answers out; no I/O. llhttp does the parsing, so that
 * every model pays for the same, well-fuzzed parser.
 *
 * A connection's bytes go into an http_connection's buffer, http_next takes
 * one whole request at a time out of them, http_answer routes it, runs the
 * workload's handler and leaves the bytes to send. Whoever moves the bytes
 * (server_connection in direct style, the dispatcher, null) is not this
 * file's business.
 */
#pragma once

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workload.h"

enum {
    HTTP_HEAD_MAX = 8192,  /* bytes of request line and headers: else 431 */
    HTTP_BODY_MAX = 65536, /* bytes of a request body: else 413 */
};

/* One request's facts. `target` points into the connection's buffer and is
 * valid until the next http_next. */
struct http_request {
    const char *target;
    size_t target_length;
    bool head;       /* HEAD: no body in the answer */
    bool keep_alive; /* the connection may go on after the answer */
    bool http_1_0;
    int error; /* 0, or the status to answer with: 400, 405, 413, 431 */
};

/* Parser state of one connection; the buffer is the caller's, so that idle
 * connections need not own one. */
struct http_connection {
    llhttp_t parser;
    struct http_request request;
    char *buffer;
    size_t capacity; /* of buffer, HTTP_HEAD_MAX or less */
    size_t used;     /* bytes in it */
    size_t parsed;   /* of those, given to the parser */
    size_t taken;    /* of those, belonging to requests already answered */
    uint32_t body_left;
    bool complete; /* a whole request is in `request` */
};

void http_init(struct http_connection *connection, char *buffer,
               size_t capacity);

/* Where to read more bytes to, and how many fit (>= 1 unless a request is
 * complete; the head limit turns into request.error = 431 by itself). After
 * reading, add the count to `used`. */
char *http_space(struct http_connection *connection, size_t *size);

/* Parses what is in the buffer. True when a request is complete (or wrong:
 * request.error is set): answer it, then call again for the next pipelined
 * one. False: read more. */
bool http_next(struct http_connection *connection);

/* No byte of an unanswered request is in the buffer. */
bool http_idle(const struct http_connection *connection);

/* An answer being built: head and body contiguous in memory, small ones in
 * `inline_bytes`. Workloads see it as an opaque struct. */
enum { REPLY_INLINE = 1024, REPLY_HEAD_MAX = 256 };
struct reply {
    char *bytes;     /* REPLY_HEAD_MAX free bytes, then the body */
    size_t capacity; /* of bytes */
    size_t body_size;
    char *start; /* after http_answer: what to send */
    size_t size;
    char inline_bytes[REPLY_INLINE];
};

void reply_init(struct reply *reply);
void reply_free(struct reply *reply);

/* The body built so far (not null-terminated). */
const char *reply_body(const struct reply *reply, size_t *size);

/* Routes the request, runs the handler in the calling task and leaves the
 * whole answer in reply->start/size. Returns whether the connection may be
 * kept open. `close` forces Connection: close. */
bool http_answer(const struct http_request *request, bool close,
                 struct reply *reply);

/* Builds an error answer: status, reason sentence, Connection: close. */
void http_refuse(struct reply *reply, int status, const char *reason);
