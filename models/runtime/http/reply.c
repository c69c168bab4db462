/* SPDX-License-Identifier: MIT
 *
 * Building an answer. The body starts REPLY_HEAD_MAX bytes into the memory.
 * When its length is known, the head is written right-aligned in front of it.
 * So one write sends both, nothing is copied, and small answers allocate
 * nothing.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

void reply_init(struct reply *reply)
{
    reply->bytes = reply->inline_bytes;
    reply->capacity = REPLY_INLINE;
    reply->body_size = 0;
    reply->start = NULL;
    reply->size = 0;
    reply->session = false;
}

void reply_free(struct reply *reply)
{
    if (reply->bytes != reply->inline_bytes)
        free(reply->bytes);
    reply_init(reply);
}

const char *reply_body(const struct reply *reply, size_t *size)
{
    *size = reply->body_size;
    return reply->bytes + REPLY_HEAD_MAX;
}

static char *body_end(struct reply *reply)
{
    return reply->bytes + REPLY_HEAD_MAX + reply->body_size;
}

static size_t body_space(const struct reply *reply)
{
    return reply->capacity - REPLY_HEAD_MAX - reply->body_size;
}

/* Makes room for `size` more bytes of body. */
static int reserve(struct reply *reply, size_t size)
{
    size_t used = REPLY_HEAD_MAX + reply->body_size;
    size_t capacity = reply->capacity;
    bool is_inline = reply->bytes == reply->inline_bytes;

    if (size <= body_space(reply))
        return 0;
    if (size > SIZE_MAX / 4 - used)
        return -ENOMEM;
    while (capacity < used + size)
        capacity *= 2;
    char *bytes =
        is_inline ? malloc(capacity) : realloc(reply->bytes, capacity);
    if (!bytes)
        return -ENOMEM;
    if (is_inline)
        memcpy(bytes, reply->inline_bytes, used);
    reply->bytes = bytes;
    reply->capacity = capacity;
    return 0;
}

char *reply_extend(struct reply *reply, size_t size)
{
    if (reserve(reply, size))
        return NULL;
    char *at = body_end(reply);
    reply->body_size += size;
    return at;
}

int reply_append(struct reply *reply, const void *bytes, size_t size)
{
    char *at = reply_extend(reply, size);

    if (!at)
        return -ENOMEM;
    memcpy(at, bytes, size);
    return 0;
}

int reply_printf(struct reply *reply, const char *format, ...)
{
    va_list arguments;
    int length;

    /* At most two tries: the first tells how much room the text takes. The
     * terminating null is not part of the body. */
    for (int try = 0; try < 2; try++) {
        va_start(arguments, format);
        length =
            vsnprintf(body_end(reply), body_space(reply), format, arguments);
        va_end(arguments);
        if (length < 0)
            return -EINVAL;
        if ((size_t)length < body_space(reply)) {
            reply->body_size += (size_t)length;
            return 0;
        }
        if (reserve(reply, (size_t)length + 1))
            return -ENOMEM;
    }
    return -ENOMEM;
}

int reply_json_string(struct reply *reply, const char *text)
{
    int rc = reply_append(reply, "\"", 1);

    for (; *text && rc == 0; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            rc = reply_printf(reply, "\\%c", c);
        else if (c < ' ')
            rc = reply_printf(reply, "\\u%04x", c);
        else
            rc = reply_append(reply, text, 1);
    }
    return rc ? rc : reply_append(reply, "\"", 1);
}

int reply_json_parameters(struct reply *reply, const struct parameter *table)
{
    if (!table)
        return reply_append(reply, "[]", 2);
    for (size_t size = 2048; size <= 1 << 20; size *= 2) {
        size_t before = reply->body_size;
        char *text = reply_extend(reply, size);
        int length;

        if (!text)
            return -ENOMEM;
        length = parameters_describe(table, text, size);
        reply->body_size = before + (length > 0 ? (size_t)length : 0);
        if (length != -ENOSPC)
            return length < 0 ? length : 0;
    }
    return -ENOMEM;
}

static const char *status_words(int status)
{
    switch (status) {
    case 200:
        return "200 OK";
    case 400:
        return "400 Bad Request";
    case 404:
        return "404 Not Found";
    case 405:
        return "405 Method Not Allowed";
    case 413:
        return "413 Content Too Large";
    case 426:
        return "426 Upgrade Required";
    case 431:
        return "431 Request Header Fields Too Large";
    case 503:
        return "503 Service Unavailable";
    default:
        return "500 Internal Server Error";
    }
}

/* Writes `text` so that it ends at `end`. Returns where the text begins. */
static char *prepend(char *end, const char *text)
{
    size_t length = strlen(text);

    return memcpy(end - length, text, length);
}

static char *prepend_number(char *end, size_t number)
{
    do
        *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

void reply_finish(struct reply *reply, int status, const char *type,
                  const char *connection, bool head_only)
{
    char *body = reply->bytes + REPLY_HEAD_MAX;
    char *at = prepend(body, "\r\n\r\n");

    at = prepend_number(at, reply->body_size);
    at = prepend(at, "\r\nContent-Length: ");
    if (connection)
        at = prepend(prepend(at, connection), "\r\nConnection: ");
    if (status == 405)
        at = prepend(at, "\r\nAllow: GET, HEAD");
    if (status == 426)
        at = prepend(at, "\r\nUpgrade: websocket\r\nConnection: Upgrade"
                         "\r\nSec-WebSocket-Version: 13");
    at = prepend(prepend(at, type), "\r\nContent-Type: ");
    at = prepend(prepend(at, status_words(status)), "HTTP/1.1 ");
    reply->start = at;
    reply->size = (size_t)(body - at) + (head_only ? 0 : reply->body_size);
}
