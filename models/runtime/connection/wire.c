/* SPDX-License-Identifier: MIT
 *
 * The states and the transitions between them; wire.h has the picture.
 * wire_next makes all decisions; wire_run does the socket calls around it.
 *
 * A read that returns less than was asked for has emptied the stream (epoll(7),
 * question 9), so the usual request costs one read. A short read can leave two
 * things behind that came with its event, the stream's end and urgent data:
 * `eager` is for them.
 */
#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server.h"

enum {
    READS_MAX = 64, /* of one connection; then others get their turn */
};

enum state {
    READING, /* idle, or in the middle of a request */
    SERVED,  /* the owner has its request */
    WRITING, /* the socket takes no more of an answer for now */
    ENDING,  /* answered for the last time */
    LINGER,  /* our side has ended; bytes that come are thrown away */
    CLOSED,
};

/* A parser's state and its bytes, in one allocation of the right size. */
struct wire_kept {
    struct http_connection http;
    bool unparsed; /* parse it before reading more */
    char bytes[];
};

struct wire_unsent {
    size_t size, sent;
    char bytes[];
};

void wire_open(struct wire *wire, int fd)
{
    *wire = (struct wire){.fd = fd, .deadline_ns = RT_NEVER, .dry = true};
}

void wire_free(struct wire *wire)
{
    free(wire->kept);
    free(wire->unsent);
    wire->kept = NULL;
    wire->unsent = NULL;
}

void wire_readable(struct wire *wire, bool beyond)
{
    wire->dry = false;
    wire->eager |= beyond;
}

void wire_end(struct wire *wire)
{
    wire->state = CLOSED;
}

bool wire_lingers(const struct wire *wire)
{
    return wire->state == LINGER;
}

bool wire_is_served(const struct wire *wire)
{
    return wire->state == SERVED || wire->state == WRITING;
}

/* Keeps the unfinished request, or (unparsed) the bytes after the current
 * request. */
static bool keep_bytes(struct wire *wire, bool unparsed)
{
    const struct http_connection *http = wire->http;
    size_t from = unparsed ? http->parsed : http->taken;
    size_t size = http->used - from;
    struct wire_kept *kept = malloc(sizeof *kept + size);

    wire->kept = kept;
    if (!kept)
        return false;
    kept->unparsed = unparsed;
    if (unparsed) {
        http_init(&kept->http, kept->bytes, size);
        memcpy(kept->bytes, http->buffer + from, size);
        kept->http.used = size;
    } else {
        kept->http = *http;
        http_move(&kept->http, kept->bytes, size);
    }
    return true;
}

/* The opposite of keep_bytes: makes the kept bytes the current ones. Returns
 * whether to parse them before reading more. */
static bool take_bytes(struct wire *wire, struct wire_hand *hand)
{
    struct wire_kept *kept = wire->kept;
    bool unparsed = kept && kept->unparsed;

    hand->reads_left = hand->level ? 1 : READS_MAX;
    wire->http = &hand->http;
    wire->kept = NULL;
    if (hand->level)
        wire->dry = unparsed;
    if (!kept) {
        http_init(&hand->http, hand->buffer, sizeof hand->buffer);
        return false;
    }
    hand->http = kept->http;
    http_move(&hand->http, hand->buffer, sizeof hand->buffer);
    free(kept);
    return unparsed;
}

void wire_answered(struct wire *wire, bool keep)
{
    wire->deadline_ns = RT_NEVER;
    wire->state = keep ? READING : ENDING;
    wire->unread = !keep && wire->unread;
}

bool wire_suspend(struct wire *wire)
{
    const struct http_connection *http = wire->http;

    wire->unread = http->used > http->parsed;
    if (wire->unread && http->request.keep_alive && !keep_bytes(wire, true))
        return false;
    wire->state = SERVED;
    wire->deadline_ns = RT_NEVER;
    wire->http = NULL;
    return true;
}

/* Sends as much as the socket takes now. Returns the count or a negative
 * errno. */
static ssize_t send_some(int fd, const char *bytes, size_t size)
{
    size_t sent = 0;

    while (sent < size) {
        ssize_t count =
            send(fd, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0)
            sent += (size_t)count;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return -errno;
    }
    return (ssize_t)sent;
}

/* Keeps the part of an answer that the socket did not take. */
static bool keep_unsent(struct wire *wire, const char *bytes, size_t size)
{
    struct wire_unsent *unsent = malloc(sizeof *unsent + size);

    if (!unsent || (wire->http && !wire_suspend(wire))) {
        free(unsent);
        return false;
    }
    unsent->size = size;
    unsent->sent = 0;
    memcpy(unsent->bytes, bytes, size);
    wire->unsent = unsent;
    wire->state = WRITING;
    wire->deadline_ns = rt_now() + SERVER_REQUEST_NS;
    return true;
}

void wire_send(struct wire *wire, const struct reply *reply, bool keep)
{
    ssize_t sent = send_some(wire->fd, reply->start, reply->size);

    wire->last = !keep;
    if (sent == (ssize_t)reply->size)
        wire_answered(wire, keep);
    else if (sent < 0 || !keep_unsent(wire, reply->start + sent,
                                      reply->size - (size_t)sent))
        wire->state = CLOSED;
}

static enum wire_want send_rest(struct wire *wire)
{
    struct wire_unsent *unsent = wire->unsent;
    ssize_t sent = send_some(wire->fd, unsent->bytes + unsent->sent,
                             unsent->size - unsent->sent);

    if (sent < 0)
        return WIRE_CLOSED;
    unsent->sent += (size_t)sent;
    if (unsent->sent < unsent->size)
        return WIRE_WRITE;
    free(unsent);
    wire->unsent = NULL;
    wire_answered(wire, !wire->last);
    return WIRE_READ;
}

/* The next step after the last answer. */
static enum wire_want finish(struct wire *wire)
{
    const struct http_connection *http = wire->http;

    if (http && (http->request.error || http->used > http->parsed))
        wire->unread = true;
    if (!wire->unread || server_stopping())
        return WIRE_CLOSED;
    shutdown(wire->fd, SHUT_WR);
    wire->state = LINGER;
    wire->deadline_ns = rt_now() + SERVER_LINGER_NS;
    return WIRE_READ;
}

enum wire_want wire_next(struct wire *wire)
{
    switch (wire->state) {
    case READING:
        if (http_next(wire->http))
            return WIRE_REQUEST;
        if (http_idle(wire->http))
            wire->deadline_ns = RT_NEVER;
        else if (wire->deadline_ns == RT_NEVER)
            wire->deadline_ns = rt_now() + SERVER_REQUEST_NS;
        return WIRE_READ;
    case ENDING:
        return finish(wire);
    case LINGER:
        return WIRE_READ;
    default:
        return WIRE_CLOSED;
    }
}

static enum wire_want discard(struct wire *wire, struct wire_hand *hand)
{
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t count =
            recv(wire->fd, hand->buffer, sizeof hand->buffer, MSG_DONTWAIT);
        if (count > 0 || (count < 0 && errno == EINTR))
            continue;
        return count < 0 && errno == EAGAIN ? WIRE_READ : WIRE_CLOSED;
    }
    return WIRE_AGAIN;
}

/* Takes the connection's bytes out of the hand, before the connection waits. */
static enum wire_want park(struct wire *wire, enum wire_want want)
{
    bool kept = http_idle(wire->http) || keep_bytes(wire, false);

    wire->http = NULL;
    return kept ? want : WIRE_CLOSED;
}

/* Returns false if the stream has ended, cleanly or not. */
static bool read_some(struct wire *wire)
{
    size_t space;
    char *at = http_space(wire->http, &space);
    ssize_t count = recv(wire->fd, at, space, MSG_DONTWAIT);

    if (count > 0) {
        wire->http->used += (size_t)count;
        wire->dry = (size_t)count < space && !wire->eager;
    } else if (count < 0 && errno == EAGAIN) {
        wire->dry = true;
        wire->eager = false;
    }
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Whether bytes wait in the socket. */
static bool has_come(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

enum wire_want wire_run(struct wire *wire, struct wire_hand *hand)
{
    if (wire->state == WRITING) {
        enum wire_want want = send_rest(wire);
        if (want != WIRE_READ)
            return want;
    }
    if (wire->state == ENDING && hand->level && has_come(wire->fd))
        wire->unread = true;
    bool look = wire->state != READING || wire->http || take_bytes(wire, hand);
    for (;; look = true) {
        enum wire_want want = look ? wire_next(wire) : WIRE_READ;
        if (want != WIRE_READ)
            return want;
        if (wire->state == LINGER)
            return discard(wire, hand);
        if (wire->dry)
            return park(wire, WIRE_READ);
        if (hand->reads_left-- == 0)
            return park(wire, hand->level ? WIRE_READ : WIRE_AGAIN);
        if (!read_some(wire))
            return WIRE_CLOSED;
    }
}
