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

#include "body.h"
#include "models/runtime/workload.h"

enum {
    HTTP_HEAD_MAX = 8192,  /* bytes of request line and headers: else 431 */
    HTTP_BODY_MAX = 65536, /* bytes of a request body: else 413 */
    HTTP_KEY_SIZE = 24,    /* characters of Sec-WebSocket-Key */
};

/* Whether a request wants its connection to become a WebSocket. */
enum http_upgrade {
    HTTP_NO_UPGRADE,
    HTTP_WEBSOCKET,     /* as RFC 6455 has it */
    HTTP_OTHER_VERSION, /* not 13: 426 */
    HTTP_BAD_UPGRADE,   /* no key, or bytes that do not await the answer: 400 */
};

/* One request's facts. `target` points into the connection's buffer and is
 * valid until the next http_next or http_move. With HTTP_WEBSOCKET the key
 * follows it in memory, so that both are copied as one. */
struct http_request {
    const char *target;
    size_t target_length;
    bool head;       /* HEAD: no body in the answer */
    bool keep_alive; /* the connection may go on after the answer */
    bool http_1_0;
    uint8_t upgrade; /* an enum http_upgrade */
    int error;       /* 0, or the status to answer with: 400, 405, 413, 431 */
    const char *reason; /* of the error: a sentence, or NULL: the status's */
};

/* Bytes at `target` that belong to the request. */
static inline size_t http_target_bytes(const struct http_request *request)
{
    return request->target_length +
           (request->upgrade == HTTP_WEBSOCKET ? HTTP_KEY_SIZE : 0);
}

/* Parser state of one connection; the buffer is the caller's, so that idle
 * connections need not own one. Plain memory: may be copied while no request
 * is complete. */
struct http_connection {
    llhttp_t parser; /* first: the callbacks cast it back */
    struct http_request request;
    char *buffer;
    size_t capacity; /* of buffer */
    size_t used;     /* bytes in it */
    size_t parsed;   /* of those, given to the parser */
    size_t taken;    /* of those, belonging to requests already answered */
    size_t target;   /* where the request's target begins in the buffer */
    struct body body;
    bool begun;          /* a byte of a request was parsed, not just newlines */
    bool head_done;      /* what comes is its body */
    bool in_body;        /* the head was dropped from the buffer */
    bool strange_method; /* waiting for the rest of the first line */
    bool complete;       /* a whole request is in `request` */
};

void http_init(struct http_connection *connection, char *buffer,
               size_t capacity);

/* Where to read more bytes to, and how many fit; after reading, add the count
 * to `used`. In a buffer of HTTP_HEAD_MAX at least one byte always fits unless
 * a request is complete (the head limit turns into request.error = 431 by
 * itself); in a smaller one 0 means: http_move to one of HTTP_HEAD_MAX. */
char *http_space(struct http_connection *connection, size_t *size);

/* Moves what is unanswered to another buffer, which must hold used - taken
 * bytes: from a shared or small buffer to one of its own, and back. */
void http_move(struct http_connection *connection, char *buffer,
               size_t capacity);

/* Parses what is in the buffer. True when a request is complete (or wrong:
 * request.error is set): answer it, then call again for the next pipelined
 * one. False: read more. */
bool http_next(struct http_connection *connection);

/* No byte of an unanswered request is in the buffer: after http_next was
 * false, nothing has to be kept but the connection itself. */
bool http_idle(const struct http_connection *connection);

/* An answer being built: head and body contiguous in memory, small ones in
 * `inline_bytes`. Workloads see it as an opaque struct. */
enum { REPLY_INLINE = 512, REPLY_HEAD_MAX = 256 };
struct reply {
    char *bytes;     /* REPLY_HEAD_MAX free bytes, then the body */
    size_t capacity; /* of bytes */
    size_t body_size;
    char *start; /* after http_answer: what to send */
    size_t size;
    bool session; /* after sending it: http_session */
    char inline_bytes[REPLY_INLINE];
};

void reply_init(struct reply *reply);
void reply_free(struct reply *reply);

/* The body built so far (not null-terminated). */
const char *reply_body(const struct reply *reply, size_t *size);

/* Appends `text` as a JSON string in quotes. Returns 0 or -ENOMEM. */
int reply_json_string(struct reply *reply, const char *text);

/* Appends "parameters" tables as parameters_describe writes them, [] for
 * NULL. Returns 0 or -ENOMEM. */
int reply_json_parameters(struct reply *reply, const struct parameter *table);

/* Puts the head in front of the body and sets start and size. `type` is a
 * media type, `connection` NULL or the value of a Connection header. */
void reply_finish(struct reply *reply, int status, const char *type,
                  const char *connection, bool head_only);

/* Routes the request, runs the handler in the calling task and leaves the
 * whole answer in reply->start/size. Returns whether the connection may be
 * kept open. `close` forces Connection: close. */
bool http_answer(const struct http_request *request, bool close,
                 struct reply *reply);

/* The model's workload that the request's path names, or NULL. */
const struct workload *http_workload(const struct http_request *request);

/* After an answer with reply->session was sent: the workload whose session now
 * has the connection, and its arguments. */
const struct workload *http_session(const struct http_request *request,
                                    struct arguments *arguments);

/* An answer in two parts, for models that do not answer in one call. http_find:
 * the workload that the request is for, counted as begun, its arguments parsed;
 * NULL: it is for something else or wrong, which http_answer answers at once.
 * http_finish: the head, once the body is there (or the workload's error),
 * result as http_answer's; of `request` its flags are used, not its target. */
const struct workload *http_find(const struct http_request *request,
                                 struct arguments *arguments);
bool http_finish(const struct http_request *request, int error, bool close,
                 struct reply *reply);

/* Builds an error answer: status, reason sentence, Connection: close. */
void http_refuse(struct reply *reply, int status, const char *reason);
