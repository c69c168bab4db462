/* SPDX-License-Identifier: MIT
 *
 * HTTP/1.1 requests in, answers out; no I/O. llhttp does the parsing, so every
 * model pays for one and the same well-fuzzed parser.
 *
 * A connection's bytes go into the buffer of an http_connection. http_next
 * takes one whole request at a time out of the buffer; http_answer routes the
 * request, runs the workload's handler and leaves the bytes to send. Other code
 * moves the bytes: server_connection in direct style, the dispatcher, or null.
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
    HTTP_OTHER_VERSION, /* a version other than 13: 426 */
    HTTP_BAD_UPGRADE,   /* no key, or bytes sent before the answer: 400 */
};

/* One request's facts. `target` points into the connection's buffer and is
 * valid until the next http_next or http_move. With HTTP_WEBSOCKET the key
 * follows it in memory, so that both are copied as one. */
struct http_request {
    const char *target;
    size_t target_length;
    bool head;       /* the method is HEAD: no body in the answer */
    bool keep_alive; /* the connection may go on after the answer */
    bool http_1_0;
    uint8_t upgrade; /* an enum http_upgrade */
    int error;       /* 0, or the status to answer with: 400, 405, 413, 431 */
    const char
        *reason; /* why, as a sentence; NULL: the status's usual reason */
};

/* Bytes at `target` that belong to the request. */
static inline size_t http_target_bytes(const struct http_request *request)
{
    return request->target_length +
           (request->upgrade == HTTP_WEBSOCKET ? HTTP_KEY_SIZE : 0);
}

/* The parser's state of one connection. The caller owns the buffer, so that
 * idle connections need none. Plain memory: it may be copied while no request
 * is complete. */
struct http_connection {
    llhttp_t parser; /* first: the callbacks cast it back */
    struct http_request request;
    char *buffer;
    size_t capacity; /* of buffer */
    size_t used;     /* bytes in it */
    size_t parsed;   /* bytes that the parser has had */
    size_t taken;    /* bytes of requests that are already answered */
    size_t target;   /* where the request's target begins in the buffer */
    struct body body;
    bool begun;          /* a byte of a request was parsed, not just newlines */
    bool head_done;      /* the next bytes are the body */
    bool in_body;        /* the head was dropped from the buffer */
    bool strange_method; /* waiting for the rest of the first line */
    bool complete;       /* a whole request is in `request` */
};

void http_init(struct http_connection *connection, char *buffer,
               size_t capacity);

/* Returns where to read more bytes to, and sets *size to how many fit; after
 * reading, add the count to `used`. Unless a request is complete, a buffer of
 * HTTP_HEAD_MAX bytes always has room for one more, because a longer head
 * becomes request.error = 431. If a smaller buffer has no room, http_move to
 * one of HTTP_HEAD_MAX bytes. */
char *http_space(struct http_connection *connection, size_t *size);

/* Moves the unanswered bytes to another buffer, which must have room for used -
 * taken bytes: from a shared or small buffer to one of the connection's own,
 * and back. */
void http_move(struct http_connection *connection, char *buffer,
               size_t capacity);

/* Parses the bytes in the buffer. True: a request is complete, or malformed
 * (request.error is set); answer it, then call again for the next pipelined
 * request. False: read more. */
bool http_next(struct http_connection *connection);

/* Whether the buffer has no byte of an unanswered request. If so after
 * http_next returned false, the buffer need not be kept. */
bool http_idle(const struct http_connection *connection);

/* An answer being built: head and body lie next to each other in memory, for a
 * small answer in `inline_bytes`. Workloads see only an opaque struct. */
enum { REPLY_INLINE = 512, REPLY_HEAD_MAX = 256 };
struct reply {
    char *bytes;     /* REPLY_HEAD_MAX free bytes, then the body */
    size_t capacity; /* of bytes */
    size_t body_size;
    char *start; /* after http_answer: the bytes to send */
    size_t size;
    bool session; /* a session follows after sending: call http_session */
    char inline_bytes[REPLY_INLINE];
};

void reply_init(struct reply *reply);
void reply_free(struct reply *reply);

/* The body built so far (not null-terminated). */
const char *reply_body(const struct reply *reply, size_t *size);

/* Appends `text` as a JSON string in quotes. Returns 0 or -ENOMEM. */
int reply_json_string(struct reply *reply, const char *text);

/* Appends the table as parameters_describe writes it; [] for NULL. Returns 0 or
 * -ENOMEM. */
int reply_json_parameters(struct reply *reply, const struct parameter *table);

/* Puts the head in front of the body and sets start and size. `type` is a
 * media type, `connection` NULL or the value of a Connection header. */
void reply_finish(struct reply *reply, int status, const char *type,
                  const char *connection, bool head_only);

/* Routes the request, runs the handler in the calling task, and leaves the
 * whole answer in reply->start and reply->size. Returns whether the connection
 * may be kept open. `close` forces Connection: close. */
bool http_answer(const struct http_request *request, bool close,
                 struct reply *reply);

/* The model's workload that the request's path names, or NULL. */
const struct workload *http_workload(const struct http_request *request);

/* After an answer with reply->session was sent: the workload whose session gets
 * the connection, and its arguments. */
const struct workload *http_session(const struct http_request *request,
                                    struct arguments *arguments);

/* An answer in two parts, for models that do not answer in one call. http_find
 * finds the request's workload, parses its arguments, and counts the request
 * for GET /stats. NULL: the request is malformed or has no workload, and
 * http_answer answers it at once. http_finish adds the head once the body is
 * there, or turns the workload's error into an answer; returns as http_answer
 * does. Of `request` it uses only the flags, not the target. */
const struct workload *http_find(const struct http_request *request,
                                 struct arguments *arguments);
bool http_finish(const struct http_request *request, int error, bool close,
                 struct reply *reply);

/* Builds an error answer: status, reason sentence, Connection: close. */
void http_refuse(struct reply *reply, int status, const char *reason);
