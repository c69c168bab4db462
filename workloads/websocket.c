/* SPDX-License-Identifier: MIT
 *
 * A WebSocket (RFC 6455) that echoes every message and, with `push`, also sends
 * messages of its own, at times fixed when the session begins. Most such
 * connections are silent most of the time: what does an open one cost under a
 * model? A connection occupies a task (a coroutine, a thread or a process) for
 * as long as it is open.
 *
 * The message for a seed is binary: `size` bytes, of which the eight from byte
 * i on are mix(seed + i), for each i that is a multiple of eight. A push is
 * text: "push n=NUMBER due_ns=TIME " (ten and nineteen digits; the time is the
 * server's CLOCK_MONOTONIC), then '.' up to `size`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/base/mix.h"
#include "models/runtime/connection/messages.h"
#include "models/runtime/workload.h"

enum {
    MESSAGE_MAX = 1 << 20,
    PUSH_MIN = 45, /* "push n=", 10 digits, " due_ns=", 19 digits, " " */
};

enum { SIZE, PUSH };
static const struct parameter parameters[] = {
    [SIZE] = {"size", UNIT_BYTES, "32B", 1, MESSAGE_MAX, 0,
              "bytes of a message"},
    [PUSH] = {"push", UNIT_NS, "0s", 0, 3600000000000, 0,
              "the server sends a message this often; 0: never"},
    {.name = NULL},
};

static int64_t websocket_push_ns(const struct arguments *arguments)
{
    return argument(arguments, PUSH);
}

static int websocket_answer(const struct arguments *arguments,
                            struct reply *reply)
{
    size_t size = (size_t)argument(arguments, SIZE);
    char *body = reply_extend(reply, size);
    if (!body)
        return -ENOMEM;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t x = mix(arguments->seed + i);
        memcpy(body + i, &x, size - i < 8 ? size - i : 8);
    }
    return 0;
}

/* Not inlined: a silent session needs no stack for it. */
static __attribute__((noinline)) int
push(struct messages *messages, size_t size, uint64_t number, int64_t due_ns)
{
    size_t whole = size < PUSH_MIN ? PUSH_MIN : size;
    uint8_t *bytes = malloc(MESSAGES_ROOM + whole + 1);
    if (!bytes)
        return 0;
    struct message message = {FRAMES_TEXT, bytes + MESSAGES_ROOM, whole};
    memset(message.bytes, '.', whole);
    int length = snprintf((char *)message.bytes, whole + 1,
                          "push n=%010llu due_ns=%019lld ",
                          (unsigned long long)number, (long long)due_ns);
    message.bytes[length] = '.'; /* overwrites the null */
    int sent = messages_send(messages, &message);
    free(bytes);
    return sent;
}

static void websocket_session(int fd, const struct arguments *arguments)
{
    size_t size = (size_t)argument(arguments, SIZE);
    int64_t period_ns = argument(arguments, PUSH);
    int64_t due_ns = period_ns > 0 ? rt_now() + period_ns : RT_NEVER;
    uint64_t number = 0;
    struct messages messages;
    struct message message;
    int going = 1;
    messages_open(&messages, fd, MESSAGE_MAX);
    while (going > 0) {
        /* The clock is checked before each message, so that a client that never
         * stops sending cannot stop the pushes. */
        if (due_ns != RT_NEVER && rt_now() >= due_ns) {
            going = push(&messages, size, number++, due_ns);
            due_ns += period_ns;
            continue;
        }
        going = messages_receive(&messages, &message, due_ns);
        if (going > 0)
            going = messages_send(&messages, &message);
        else if (going == -ETIMEDOUT)
            going = 1;
    }
    messages_close(&messages);
}

const struct workload workload_websocket = {
    .summary = "a WebSocket held open: echo, and pushes by the clock",
    .kind = WORKLOAD_IDLE,
    .parameters = parameters,
    .session = websocket_session,
    .push_ns = websocket_push_ns,
    .answer = websocket_answer,
    .wait_ns = workload_never_waits,
    .source = "one process holds thousands of connections (chats, feeds, "
              "notifications) because a silent one costs a coroutine and no "
              "thread",
};
