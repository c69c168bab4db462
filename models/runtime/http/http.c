/* SPDX-License-Identifier: MIT
 *
 * The request half of http.h: llhttp over a flat buffer, one request at a
 * time.
 *
 * The parser pauses at the end of each message, so pipelined bytes stay in the
 * buffer until their turn. For the next message the parser starts afresh, so no
 * state leaks from request to request. The head stays in the buffer until the
 * answer, because the target points into it. A body's bytes are counted and
 * dropped; meanwhile only the target is kept. The result does not depend on how
 * the bytes were split into reads.
 */
#include "http.h"

#include <string.h>

#include "head.h"
#include "upgrade.h"

static struct http_connection *owner(llhttp_t *parser)
{
    return (struct http_connection *)parser;
}

/* Whether a request with this method may keep its connection, even if the
 * answer is 405: the methods of RFC 9110, 9.3 and RFC 5789, but no others that
 * llhttp knows. */
static bool is_usual(int method)
{
    switch (method) {
    case HTTP_GET:
    case HTTP_HEAD:
    case HTTP_POST:
    case HTTP_PUT:
    case HTTP_DELETE:
    case HTTP_OPTIONS:
    case HTTP_TRACE:
    case HTTP_PATCH:
        return true;
    default:
        return false;
    }
}

/* Called once for each piece of the target; pieces are adjacent in the
 * buffer. */
static int on_url(llhttp_t *parser, const char *at, size_t length)
{
    struct http_connection *connection = owner(parser);

    if (connection->request.target_length == 0) {
        connection->target = (size_t)(at - connection->buffer);
        if (!is_usual(parser->method)) {
            connection->strange_method = true;
            return HPE_USER;
        }
    }
    connection->request.target_length += length;
    return 0;
}

static int refused(struct http_request *request, int status, const char *reason)
{
    request->error = status;
    request->reason = reason;
    return HPE_USER;
}

/* Whether the connection may go on, as far as the head says (RFC 9112, 9.3). */
static bool keeps(const struct head *head)
{
    return !head->close && (!head->http_1_0 || head->keep_alive);
}

/* Reads the head in the buffer, not llhttp's results, which differ between its
 * versions. */
static int on_headers_complete(llhttp_t *parser)
{
    struct http_connection *connection = owner(parser);
    struct http_request *request = &connection->request;
    struct head head;
    const char *wrong = head_read(connection->buffer + connection->target,
                                  request->target_length,
                                  connection->buffer + connection->used, &head);

    if (!wrong && parser->method != HTTP_OPTIONS &&
        head_is_asterisk(connection->buffer + connection->target,
                         request->target_length))
        wrong = "the target * is for OPTIONS alone";
    if (wrong)
        return refused(request, 400, wrong);
    if (head.length > HTTP_BODY_MAX)
        return refused(request, 413, NULL);
    request->head = parser->method == HTTP_HEAD;
    request->http_1_0 = head.http_1_0;
    request->keep_alive = keeps(&head);
    if (parser->method != HTTP_GET && parser->method != HTTP_HEAD)
        request->error = 405;
    /* take_upgrade checks the upgrade when the whole request is there. */
    request->upgrade = head.upgrade && parser->method == HTTP_GET &&
                       !head.http_1_0 && !head.lengths && !head.codings;
    parser->upgrade = 0; /* otherwise llhttp would stop for good */
    if (head.codings)
        body_begin_chunks(&connection->body);
    else
        body_begin(&connection->body, head.length);
    connection->head_done = !body_ended(&connection->body);
    /* A client that waits for "100 Continue" gets the answer instead. Since its
     * body may or may not follow, the connection then ends, even if part of the
     * body came with the head. */
    if (connection->head_done && head.expects_continue && !head.http_1_0) {
        connection->head_done = false;
        request->keep_alive = false;
    }
    return 1; /* tells llhttp that there is no body */
}

static int on_message_complete(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_headers_complete = on_headers_complete,
    .on_message_complete = on_message_complete,
};

/* Prepares for the next request; `taken` and `used` stay. */
static void restart(struct http_connection *connection)
{
    llhttp_init(&connection->parser, HTTP_REQUEST, &settings);
    connection->request = (struct http_request){0};
    connection->parsed = connection->taken;
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

/* Moves the unanswered bytes to the start of `to`, which may be the current
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

/* Handles a request that wants to leave HTTP. Its key is copied behind the
 * target, over bytes that are already parsed. */
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

/* Refuses the request, and ends the connection: nobody knows where the next
 * request would begin. */
static bool refuse(struct http_connection *connection, int status,
                   const char *reason)
{
    connection->request.error = status;
    connection->request.reason = reason;
    connection->request.keep_alive = false;
    connection->request.upgrade = HTTP_NO_UPGRADE;
    return finish(connection);
}

/* llhttp stops at the first letter that fits no method it knows, and on_url at
 * methods that this server does not serve. The rest of the line decides between
 * 405 and 400. */
static bool judge_method(struct http_connection *connection)
{
    const char *line = connection->buffer + connection->taken;
    const char *end = connection->buffer + connection->used;
    const char *wrong;
    int status = head_judge_line(line, end, &wrong);

    connection->strange_method = true;
    connection->parsed = connection->used;
    if (status)
        return refuse(connection, status, wrong);
    return end - line >= HTTP_HEAD_MAX && refuse(connection, 431, NULL);
}

/* Takes the bytes of the body that are there. If more must come, keeps only the
 * target in the buffer. */
static bool take_body(struct http_connection *connection)
{
    size_t size = connection->used - connection->parsed;
    const char *wrong;
    int status =
        body_take(&connection->body, connection->buffer + connection->parsed,
                  &size, &wrong);

    if (status) {
        connection->parsed = connection->used;
        return refuse(connection, status, wrong);
    }
    connection->parsed += size;
    if (body_ended(&connection->body))
        return finish(connection);
    connection->in_body = true;
    memmove(connection->buffer, connection->buffer + connection->target,
            connection->request.target_length);
    connection->taken = 0;
    connection->target = 0;
    connection->used = connection->request.target_length;
    connection->parsed = connection->used;
    return false;
}

/* Skips line ends, which may come before a request. */
static void skip_newlines(struct http_connection *connection)
{
    while (connection->parsed < connection->used &&
           (connection->buffer[connection->parsed] == '\r' ||
            connection->buffer[connection->parsed] == '\n'))
        connection->taken = ++connection->parsed;
}

/* Steps over the answered request. False: no request may follow it. */
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

/* Called when the head has ended, or is malformed. */
static bool end_head(struct http_connection *connection, llhttp_errno_t error)
{
    const struct http_request *request = &connection->request;
    const char *head = connection->buffer + connection->taken;

    if (error == HPE_PAUSED) {
        const char *end = llhttp_get_error_pos(&connection->parser);
        connection->parsed = (size_t)(end - connection->buffer);
        return connection->head_done ? take_body(connection)
                                     : finish(connection);
    }
    /* llhttp does not call on_url for a target that it refuses at the first
     * byte. */
    if (error == HPE_INVALID_METHOD || connection->strange_method ||
        !is_usual(connection->parser.method))
        return judge_method(connection);
    connection->parsed = connection->used;
    if (request->error)
        return refuse(connection, request->error, request->reason);
    return refuse(connection, 400,
                  head_explain(head, connection->buffer + connection->used));
}

bool http_next(struct http_connection *connection)
{
    if (connection->complete && !step_over(connection))
        return false;
    if (connection->strange_method)
        return judge_method(connection);
    if (!connection->begun)
        skip_newlines(connection);
    if (connection->parsed == connection->used)
        return false;
    if (connection->head_done)
        return take_body(connection);
    connection->begun = true;
    llhttp_errno_t error = llhttp_execute(
        &connection->parser, connection->buffer + connection->parsed,
        connection->used - connection->parsed);
    if (error != HPE_OK)
        return end_head(connection, error);
    connection->parsed = connection->used;
    return connection->used - connection->taken >= HTTP_HEAD_MAX &&
           refuse(connection, 431, NULL);
}
