/* SPDX-License-Identifier: MIT
 *
 * The request half of http.h: llhttp over a flat buffer, one request at a
 * time.
 *
 * The parser pauses at the end of each message, so pipelined bytes stay in the
 * buffer until their turn, and is started afresh for the next one, so no state
 * leaks from request to request. The head stays in the buffer until the answer
 * (the target points into it); a body's bytes are counted and dropped, only
 * the target is kept meanwhile. Nothing depends on how the bytes were split.
 */
#include "http.h"

#include <string.h>
#include <strings.h>

#include "upgrade.h"

enum {
    /* Chunks of one byte cost six; more overhead than that is abuse. */
    RAW_BODY_MAX = 8 * HTTP_BODY_MAX,
};

/* Of a request that has a body, be it empty. */
static const int body_flags =
    F_CONTENT_LENGTH | F_CHUNKED | F_TRANSFER_ENCODING;

static struct http_connection *owner(llhttp_t *parser)
{
    return (struct http_connection *)parser;
}

static int on_message_begin(llhttp_t *parser)
{
    owner(parser)->begun = true;
    return 0;
}

/* Called once per piece; the pieces are neighbours in the buffer. */
static int on_url(llhttp_t *parser, const char *at, size_t length)
{
    struct http_connection *connection = owner(parser);

    if (connection->request.target_length == 0)
        connection->target = (size_t)(at - connection->buffer);
    connection->request.target_length += length;
    return 0;
}

/* As RFC 9112, 3.2, demands: one line of the head that names the host, and not
 * two. By hand, so that the parser need not stop at headers; where most clients
 * put it, right behind " HTTP/1.", it is known at one look. */
static inline bool names_one_host(const struct http_connection *connection)
{
    const char *at = connection->buffer + connection->target +
                     connection->request.target_length;
    const char *end = connection->buffer + connection->used;
    int count = end - at >= 16 && !memcmp(at + 8, "1\r\nHost:", 8);

    if (count)
        at += 16;
    while ((at = memchr(at, '\n', (size_t)(end - at))) && ++at < end &&
           *at != '\r' && *at != '\n')
        count += (*at | 0x20) == 'h' && end - at >= 5 &&
                 strncasecmp(at, "host:", 5) == 0;
    return count == 1;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct http_connection *connection = owner(parser);
    struct http_request *request = &connection->request;

    connection->head_done = true;
    request->head = parser->method == HTTP_HEAD;
    if (parser->http_major == 1 && parser->http_minor == 1)
        request->error = names_one_host(connection) ? 0 : 400;
    else if (parser->http_major == 1 && parser->http_minor == 0)
        request->http_1_0 = true;
    else
        request->error = 400;
    if ((parser->flags & F_CONTENT_LENGTH) && request->error == 0 &&
        parser->content_length > HTTP_BODY_MAX)
        request->error = 413;
    if (request->error)
        return HPE_USER;
    if (parser->method != HTTP_GET && parser->method != HTTP_HEAD)
        request->error = 405;
    /* What was asked is looked at when the whole request is there; left set,
     * llhttp would stop at the end of this message for good. */
    request->upgrade = parser->upgrade && parser->method == HTTP_GET &&
                       !request->http_1_0 && !(parser->flags & body_flags);
    parser->upgrade = 0;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct http_connection *connection = owner(parser);

    (void)at;
    if (length > connection->body_left) {
        connection->request.error = 413;
        return HPE_USER;
    }
    connection->body_left -= (uint32_t)length;
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_connection *connection = owner(parser);

    connection->request.keep_alive = llhttp_should_keep_alive(parser);
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* Makes ready for the next request; `taken` and `used` stay. */
static void restart(struct http_connection *connection)
{
    llhttp_init(&connection->parser, HTTP_REQUEST, &settings);
    connection->request = (struct http_request){0};
    connection->parsed = connection->taken;
    connection->body_left = HTTP_BODY_MAX;
    connection->raw_left = RAW_BODY_MAX;
    connection->begun = false;
    connection->head_done = false;
    connection->in_body = false;
    connection->strange_method = false;
    connection->complete = false;
}

void http_init(struct http_connection *connection, char *buffer,
               size_t capacity)
{
    connection->buffer = buffer;
    connection->capacity = capacity;
    connection->used = 0;
    connection->taken = 0;
    connection->target = 0;
    restart(connection);
}

/* Moves the unanswered bytes to the start of `to`, which may be the same
 * buffer. */
static void move_bytes(struct http_connection *connection, char *to)
{
    size_t taken = connection->taken;

    if (connection->used > taken)
        memmove(to, connection->buffer + taken, connection->used - taken);
    connection->used -= taken;
    connection->parsed -= taken;
    connection->target -= connection->target >= taken ? taken : 0;
    connection->taken = 0;
}

char *http_space(struct http_connection *connection, size_t *size)
{
    if (connection->taken > 0 && !connection->complete)
        move_bytes(connection, connection->buffer);
    *size = connection->capacity - connection->used;
    return connection->buffer + connection->used;
}

void http_move(struct http_connection *connection, char *buffer,
               size_t capacity)
{
    move_bytes(connection, buffer);
    connection->buffer = buffer;
    connection->capacity = capacity;
    if (connection->complete)
        connection->request.target = buffer + connection->target;
}

bool http_idle(const struct http_connection *connection)
{
    return connection->used == connection->taken && !connection->complete &&
           !connection->begun;
}

/* The request wants to leave HTTP. Its key is put behind the target, over what
 * has been parsed. */
static __attribute__((noinline)) void
take_upgrade(struct http_connection *connection)
{
    struct http_request *request = &connection->request;
    const char *head = connection->buffer + connection->taken, *key;

    request->upgrade = HTTP_NO_UPGRADE;
    if (request->error)
        return;
    request->upgrade = (uint8_t)upgrade_judge(
        head, connection->parsed - connection->taken, &key);
    if (request->upgrade == HTTP_WEBSOCKET &&
        connection->used > connection->parsed)
        request->upgrade = HTTP_BAD_UPGRADE;
    if (request->upgrade == HTTP_WEBSOCKET)
        memmove(connection->buffer + connection->target +
                    request->target_length,
                key, HTTP_KEY_SIZE);
}

static bool finish(struct http_connection *connection)
{
    if (connection->request.upgrade)
        take_upgrade(connection);
    connection->request.target = connection->buffer + connection->target;
    connection->complete = true;
    return true;
}

/* Ends the connection's requests: what follows cannot be told apart. */
static bool refuse(struct http_connection *connection, int status)
{
    connection->request.error = status;
    connection->request.keep_alive = false;
    return finish(connection);
}

/* Whether `line` reads "TOKEN target HTTP/1.x": a method that llhttp does not
 * know, rather than garbage. */
static bool is_request_line(const char *line, size_t length)
{
    const char *end = line + length;
    const char *space;
    size_t version = strlen(" HTTP/1.x");

    while (line < end && (*line == '\r' || *line == '\n'))
        line++;
    while (end > line && (end[-1] == '\r' || end[-1] == '\n'))
        end--;
    space = memchr(line, ' ', (size_t)(end - line));
    if (!space || space == line || (size_t)(end - space) <= version + 1)
        return false;
    for (const char *c = line; c < space; c++)
        if ((*c < 'A' || *c > 'Z') && *c != '-' && *c != '_')
            return false;
    return memcmp(end - version, " HTTP/1.", version - 1) == 0;
}

/* llhttp stops at the first letter that fits no method it knows; the rest of
 * the line decides whether that is 405 or 400. */
static bool judge_method(struct http_connection *connection)
{
    const char *line = connection->buffer + connection->taken;
    size_t length = connection->used - connection->taken;
    size_t skipped = 0;
    const char *end;

    while (skipped < length && (line[skipped] == '\r' || line[skipped] == '\n'))
        skipped++;
    end = memchr(line + skipped, '\n', length - skipped);
    if (!end) {
        connection->strange_method = true;
        connection->parsed = connection->used;
        return length >= HTTP_HEAD_MAX && refuse(connection, 431);
    }
    return refuse(connection,
                  is_request_line(line, (size_t)(end - line)) ? 405 : 400);
}

/* Whether the head in the buffer asks for a go-ahead before the body. Looked
 * up by hand because only requests with a body come here: the fast path need
 * not watch the headers. */
static bool expects_continue(const struct http_connection *connection)
{
    static const char name[] = "\nexpect:";
    const char *at = connection->buffer + connection->taken;
    const char *end = connection->buffer + connection->used;

    for (; end - at > (ptrdiff_t)sizeof name; at++)
        if (*at == '\n' && strncasecmp(at, name, sizeof name - 1) == 0)
            return true;
    return false;
}

/* All bytes are parsed and the message goes on with its body: keeps nothing
 * but the target. A client that waits for "100 Continue" gets the answer
 * instead, and since it may or may not send the body, the end. */
static bool take_body(struct http_connection *connection, size_t given)
{
    if (given > connection->raw_left)
        return refuse(connection, 413);
    connection->raw_left -= (uint32_t)given;
    if (!connection->in_body && expects_continue(connection))
        return finish(connection); /* keep_alive is still false */
    connection->in_body = true;
    memmove(connection->buffer, connection->buffer + connection->target,
            connection->request.target_length);
    connection->taken = 0;
    connection->target = 0;
    connection->used = connection->request.target_length;
    connection->parsed = connection->used;
    return false;
}

/* Leaves the request that was answered behind. False when nothing may follow
 * it. */
static bool step_over(struct http_connection *connection)
{
    bool more = connection->request.keep_alive;

    connection->taken = connection->parsed;
    if (!more || connection->taken == connection->used) {
        connection->taken = 0;
        connection->used = 0;
    }
    connection->target = 0;
    restart(connection);
    return more;
}

bool http_next(struct http_connection *connection)
{
    const char *from;
    size_t given;
    llhttp_errno_t error;

    if (connection->complete && !step_over(connection))
        return false;
    if (connection->strange_method)
        return judge_method(connection);
    from = connection->buffer + connection->parsed;
    given = connection->used - connection->parsed;
    if (given == 0)
        return false;
    error = llhttp_execute(&connection->parser, from, given);
    if (error == HPE_PAUSED) {
        const char *end = llhttp_get_error_pos(&connection->parser);
        connection->parsed = (size_t)(end - connection->buffer);
        return finish(connection);
    }
    if (error == HPE_INVALID_METHOD)
        return judge_method(connection);
    connection->parsed = connection->used;
    if (error != HPE_OK) {
        int status = connection->request.error;
        return refuse(connection, status && status != 405 ? status : 400);
    }
    if (!connection->begun) {
        /* Stray newlines between requests. */
        connection->taken = 0;
        connection->used = 0;
        connection->parsed = 0;
        return false;
    }
    if (connection->head_done)
        return take_body(connection, given);
    /* The preface of HTTP/2: no use to wait for the rest. */
    if (connection->parser.method == HTTP_PRI && connection->parser.http_major)
        return refuse(connection, 400);
    return connection->used - connection->taken >= HTTP_HEAD_MAX &&
           refuse(connection, 431);
}
