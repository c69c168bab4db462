/* SPDX-License-Identifier: MIT
 *
 * One buffer serves for everything. Bytes are unmasked where they arrived, and
 * moved only to close the gap that the head of a further frame leaves. So a
 * message in one frame, the usual case, is read, unmasked and sent back in
 * place, and no byte moves more than twice.
 */
#include "messages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/runtime.h"
#include "server.h"

void messages_open(struct messages *m, int fd, size_t limit)
{
    m->fd = fd;
    m->limit = limit;
    m->buffer = m->small + MESSAGES_ROOM;
    m->capacity = MESSAGES_SMALL;
    m->start = m->end = m->parsed = m->used = 0;
    m->left = 0;
    m->utf8 = (struct frames_utf8){0};
    m->opcode = m->in_frame = m->whole = 0;
}

static bool on_heap(const struct messages *m)
{
    return m->buffer != m->small + MESSAGES_ROOM;
}

void messages_close(struct messages *m)
{
    if (on_heap(m))
        free(m->buffer - MESSAGES_ROOM);
    m->buffer = m->small + MESSAGES_ROOM;
}

/* `bytes` has MESSAGES_ROOM bytes before it. */
static int send_frame(struct messages *m, int opcode, uint8_t *bytes,
                      size_t size)
{
    struct frames_head head = {
        .fin = true, .opcode = (uint8_t)opcode, .size = size};
    uint8_t packed[FRAMES_HEAD_MAX];
    int length = frames_write(&head, packed);
    memcpy(bytes - length, packed, (size_t)length);
    return rt_write(m->fd, bytes - length, (size_t)length + size,
                    rt_now() + SERVER_REQUEST_NS) < 0
               ? 0
               : 1;
}

int messages_send(struct messages *m, const struct message *message)
{
    return send_frame(m, message->opcode, message->bytes, message->size);
}

/* Ends the conversation from the server's side. Lingers, because a client that
 * is still sending could otherwise lose the close code to a reset. */
static int refuse(struct messages *m, int code)
{
    uint8_t bytes[MESSAGES_ROOM + 2];
    uint8_t *payload = bytes + MESSAGES_ROOM;
    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    if (send_frame(m, FRAMES_CLOSE, payload, 2) > 0 &&
        code != FRAMES_GOING_AWAY)
        server_linger(m->fd);
    return 0;
}

/* Drops the message that the caller has had, and frees its memory. */
static void forget(struct messages *m)
{
    size_t rest = m->used - m->parsed;
    if (!m->whole)
        return;
    if (rest <= MESSAGES_SMALL && (on_heap(m) || rest == 0)) {
        uint8_t *large = on_heap(m) ? m->buffer : NULL;
        m->buffer = m->small + MESSAGES_ROOM;
        m->capacity = MESSAGES_SMALL;
        if (large) {
            memcpy(m->buffer, large + m->parsed, rest);
            free(large - MESSAGES_ROOM);
        }
        m->parsed = 0;
        m->used = rest;
    }
    m->start = m->end = m->parsed;
    m->opcode = m->whole = 0;
}

/* Closes the gaps left by finished messages and by frames' heads. */
static void compact(struct messages *m)
{
    size_t joined = m->end - m->start, rest = m->used - m->parsed;
    memmove(m->buffer, m->buffer + m->start, joined);
    memmove(m->buffer + joined, m->buffer + m->parsed, rest);
    m->start = 0;
    m->end = m->parsed = joined;
    m->used = joined + rest;
}

/* Makes room to read into. Returns 0 or -ENOMEM. */
static int reserve(struct messages *m)
{
    if (m->used < m->capacity)
        return 0;
    compact(m);
    if (m->used < m->capacity)
        return 0;
    size_t capacity = m->capacity * 2;
    uint8_t *old = on_heap(m) ? m->buffer - MESSAGES_ROOM : NULL;
    uint8_t *bytes = realloc(old, MESSAGES_ROOM + capacity);
    if (!bytes)
        return -ENOMEM;
    if (!old)
        memcpy(bytes + MESSAGES_ROOM, m->buffer, m->used);
    m->buffer = bytes + MESSAGES_ROOM;
    m->capacity = capacity;
    /* cppcheck-suppress memleak ; the buffer points into it */
    return 0;
}

/* Handles a ping, pong or close that is there as a whole. Not inlined: a
 * waiting session needs no stack for it. */
static __attribute__((noinline)) int control(struct messages *m,
                                             const struct frames_head *head,
                                             const uint8_t *bytes)
{
    uint8_t copy[MESSAGES_ROOM + FRAMES_CONTROL_MAX];
    uint8_t *payload = copy + MESSAGES_ROOM;
    memcpy(payload, bytes, head->size);
    frames_mask(payload, head->size, head->mask, 0);
    if (head->opcode == FRAMES_PONG)
        return 1;
    if (head->opcode == FRAMES_PING)
        return send_frame(m, FRAMES_PONG, payload, head->size);
    int code = frames_judge_close(payload, head->size);
    if (code)
        return refuse(m, code);
    /* The answer must have the client's code, but not its reason. */
    (void)send_frame(m, FRAMES_CLOSE, payload, head->size < 2 ? 0 : 2);
    return 0;
}

/* Reads the next frame's head if it is complete, and handles a complete control
 * frame. Returns 1 to go on, 0 when the conversation is over, -EAGAIN when more
 * bytes are needed. */
static int begin_frame(struct messages *m)
{
    struct frames_head head;
    const uint8_t *from = m->buffer + m->parsed;
    int length = frames_read(from, m->used - m->parsed, &head);
    if (length == 0)
        return -EAGAIN;
    if (length < 0 || !head.masked)
        return refuse(m, FRAMES_PROTOCOL_ERROR);
    if (frames_is_control(&head)) {
        size_t whole = (size_t)length + head.size;
        if (m->used - m->parsed < whole)
            return -EAGAIN;
        m->parsed += whole;
        return control(m, &head, from + length);
    }
    if ((head.opcode == FRAMES_CONTINUATION) != (m->opcode != 0))
        return refuse(m, FRAMES_PROTOCOL_ERROR);
    if (head.size > m->limit - (m->end - m->start))
        return refuse(m, FRAMES_TOO_BIG);
    m->parsed += (size_t)length;
    if (m->end == m->start) /* no gap to close */
        m->start = m->end = m->parsed;
    m->opcode = m->opcode ? m->opcode : head.opcode;
    m->frame = head;
    m->left = head.size;
    m->in_frame = 1;
    return 1;
}

/* Joins the received part of the frame's payload. Returns as begin_frame
 * does. */
static int go_on_frame(struct messages *m)
{
    uint8_t *to = m->buffer + m->end;
    size_t count = m->used - m->parsed;
    if (count > m->left)
        count = m->left;
    if (m->parsed != m->end)
        memmove(to, m->buffer + m->parsed, count);
    frames_mask(to, count, m->frame.mask, m->frame.size - m->left);
    if (m->opcode == FRAMES_TEXT && !frames_utf8(&m->utf8, to, count))
        return refuse(m, FRAMES_NOT_UTF8);
    m->end += count;
    m->parsed += count;
    m->left -= count;
    if (m->left > 0)
        return -EAGAIN;
    m->in_frame = 0;
    m->whole = m->frame.fin;
    if (m->whole && m->utf8.need > 0)
        return refuse(m, FRAMES_NOT_UTF8);
    return 1;
}

/* Returns 1, 0 at the end, or -ETIMEDOUT. */
static int read_more(struct messages *m, int64_t deadline_ns)
{
    if (reserve(m) < 0)
        return refuse(m, FRAMES_INTERNAL_ERROR);
    ssize_t count =
        rt_read(m->fd, m->buffer + m->used, m->capacity - m->used, deadline_ns);
    if (count > 0) {
        m->used += (size_t)count;
        return 1;
    }
    if (count == -ETIMEDOUT)
        return -ETIMEDOUT;
    return server_stopping() ? refuse(m, FRAMES_GOING_AWAY) : 0;
}

int messages_receive(struct messages *m, struct message *message,
                     int64_t deadline_ns)
{
    forget(m);
    while (!m->whole) {
        int rc = m->in_frame ? go_on_frame(m) : begin_frame(m);
        if (rc == -EAGAIN)
            rc = read_more(m, deadline_ns);
        if (rc <= 0)
            return rc;
    }
    message->opcode = m->opcode;
    message->bytes = m->buffer + m->start;
    message->size = m->end - m->start;
    return 1;
}
