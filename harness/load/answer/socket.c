/* SPDX-License-Identifier: MIT
 *
 * Frames are checked as strictly as the server checks ours. Both share one
 * parser (models/runtime/http/frames.h), so a fault in it would go unnoticed
 * here; the tests have an independent client for that.
 */
#include "socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(char *why, size_t why_size, const char *reason)
{
    snprintf(why, why_size, "%s", reason);
    return -EPROTO;
}

/* Whether the head has the line "NAME: VALUE", with any number of blanks. */
static bool has_line(const char *head, const char *name, const char *value,
                     bool any_case)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line;
         line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2 + length;
        if (strncasecmp(line + 2, name, length) != 0 || *at != ':')
            continue;
        at += 1 + strspn(at + 1, " \t");
        size_t size = strcspn(at, " \t\r");
        if (size == strlen(value) && (any_case ? !strncasecmp(at, value, size)
                                               : !memcmp(at, value, size)))
            return true;
    }
    return false;
}

int load_socket_judge(const struct load_greeting *greeting, const char *bytes,
                      size_t size, char *why, size_t why_size)
{
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    char head[LOAD_SOCKET_HEAD_MAX];
    int status = 0;
    size_t length = end ? (size_t)(end - bytes) + 4 : size;
    if (length >= sizeof head)
        return refuse(why, why_size, "the handshake's answer has no end");
    if (!end)
        return 0;
    memcpy(head, bytes, length);
    head[length] = '\0';
    if (sscanf(head, "HTTP/1.1 %3d ", &status) != 1)
        return refuse(why, why_size, "the handshake's answer is not HTTP/1.1");
    if (status != 101) {
        snprintf(why, why_size, "HTTP status %d to the handshake, not 101",
                 status);
        return -EPROTO;
    }
    if (!has_line(head, "Upgrade", "websocket", true) ||
        !has_line(head, "Connection", "Upgrade", true))
        return refuse(why, why_size, "a 101 that upgrades to something else");
    if (!has_line(head, "Sec-WebSocket-Accept", greeting->accept, false))
        return refuse(why, why_size,
                      "Sec-WebSocket-Accept does not answer the key");
    return (int)length;
}

/* Collects a frame's head until it is whole. Returns false if it is invalid. */
static bool take_head(struct load_socket *socket, const char *bytes,
                      size_t size, size_t *used)
{
    int length = 0;
    while (*used < size && length == 0) {
        socket->head[socket->head_size++] = (uint8_t)bytes[(*used)++];
        length = frames_read(socket->head, socket->head_size, &socket->frame);
    }
    if (length == 0)
        return true;
    const struct frames_head *frame = &socket->frame;
    bool goes_on = frame->opcode == FRAMES_CONTINUATION;
    if (length < 0 || frame->masked || frame->opcode == FRAMES_PING ||
        (frames_is_control(frame) && socket->opcode) ||
        (!frames_is_control(frame) && goes_on != (socket->opcode != 0)))
        return false;
    socket->head_size = 0;
    socket->in_frame = true;
    socket->left = frame->size;
    if (goes_on)
        return true;
    socket->opcode = frame->opcode;
    socket->seen = 0;
    socket->differs = false;
    return true;
}

/* Compares a part of an echo, or keeps a part of another message. */
static void take_part(struct load_socket *socket, const char *expected,
                      size_t expected_size, const char *bytes, size_t size)
{
    size_t seen = socket->seen;
    if (socket->opcode == FRAMES_BINARY) {
        socket->differs = socket->differs || size > expected_size - seen ||
                          memcmp(expected + seen, bytes, size) != 0;
        if (socket->differs)
            return; /* `seen` must not exceed expected_size */
    } else {
        size_t room = seen < LOAD_SOCKET_PUSH ? LOAD_SOCKET_PUSH - seen : 0;
        size_t kept = size < room ? size : room;
        if (kept > 0)
            memcpy(socket->push + seen, bytes, kept);
        for (size_t i = kept; i < size && socket->opcode == FRAMES_TEXT; i++)
            socket->differs |= bytes[i] != '.';
    }
    socket->seen += size;
}

static enum load_socket_event pushed(struct load_socket *socket,
                                     const struct load_greeting *greeting)
{
    unsigned long long number;
    long long due_ns;
    int length = -1;
    if (socket->differs || socket->seen < LOAD_SOCKET_PUSH)
        return LOAD_SOCKET_WRONG;
    socket->push[LOAD_SOCKET_PUSH] = '\0';
    if (sscanf(socket->push, "push n=%10llu due_ns=%19lld %n", &number, &due_ns,
               &length) != 2 ||
        length != LOAD_SOCKET_PUSH || number != socket->pushes)
        return LOAD_SOCKET_WRONG;
    int64_t next_ns = socket->push_due_ns + greeting->push_ns;
    if (number == 0 ? due_ns < next_ns : due_ns != next_ns)
        return LOAD_SOCKET_WRONG;
    socket->pushes++;
    socket->push_due_ns = due_ns;
    return LOAD_SOCKET_PUSHED;
}

/* Called when a message or a control frame is whole. */
static enum load_socket_event end_message(struct load_socket *socket,
                                          const struct load_greeting *greeting,
                                          size_t expected_size)
{
    int opcode = socket->opcode;
    socket->opcode = 0;
    switch (opcode) {
    case FRAMES_BINARY:
        return socket->differs || socket->seen != expected_size
                   ? LOAD_SOCKET_OTHER
                   : LOAD_SOCKET_ECHO;
    case FRAMES_TEXT:
        return pushed(socket, greeting);
    case FRAMES_CLOSE:
        if (socket->seen >= 2)
            socket->close_code = (uint16_t)((uint8_t)socket->push[0] << 8 |
                                            (uint8_t)socket->push[1]);
        return LOAD_SOCKET_CLOSED;
    default:
        return LOAD_SOCKET_MORE; /* an unsolicited pong, which the RFC allows */
    }
}

enum load_socket_event load_socket_feed(struct load_socket *socket,
                                        const struct load_greeting *greeting,
                                        const char *expected,
                                        size_t expected_size, const char *bytes,
                                        size_t size, size_t *used)
{
    *used = 0;
    while (*used < size) {
        if (!socket->in_frame && !take_head(socket, bytes, size, used))
            return LOAD_SOCKET_WRONG;
        if (!socket->in_frame)
            break;
        if ((socket->opcode == FRAMES_BINARY && !expected) ||
            (socket->opcode == FRAMES_TEXT && greeting->push_ns == 0))
            return LOAD_SOCKET_WRONG;
        size_t count = size - *used;
        if (count > socket->left)
            count = (size_t)socket->left;
        take_part(socket, expected, expected_size, bytes + *used, count);
        *used += count;
        socket->left -= count;
        if (socket->left > 0)
            break;
        socket->in_frame = false;
        if (!socket->frame.fin)
            continue;
        enum load_socket_event event =
            end_message(socket, greeting, expected_size);
        if (event != LOAD_SOCKET_MORE)
            return event;
    }
    return LOAD_SOCKET_MORE;
}
