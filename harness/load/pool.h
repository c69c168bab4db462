/* SPDX-License-Identifier: MIT
 *
 * One generator process's connections. Each is in exactly one state, and in
 * that state's list, oldest first; within a state the time at which something
 * must happen to a connection grows from head to tail (PAUSED aside), so the
 * next event of thousands of connections is found by looking at a few heads.
 */
#pragma once

#include <stdint.h>

#include "answer/response.h"
#include "record.h"

enum load_state {
    POOL_WANTED,     /* to be opened as soon as a place is free */
    POOL_PAUSED,     /* to be opened at due_ns, after a failure */
    POOL_CONNECTING, /* given up at due_ns */
    POOL_FREE,       /* open, nothing to do */
    POOL_STARTING,   /* open, first request at due_ns */
    POOL_THINKING,   /* next request at due_ns; open, but for churn */
    POOL_BUSY,       /* a request is out, timed out at due_ns */
    POOL_STATES,
};

struct load_connection {
    struct load_connection *previous, *next;
    enum load_state state;
    int fd;              /* -1: none */
    uint32_t generation; /* tells events of an earlier socket apart */
    int failures;        /* since the last answer */
    bool decided;        /* in the ramp: has been open, or has failed often */
    bool was_open;
    bool asked;  /* churn: connecting is part of a request, the clock runs */
    bool kept;   /* an answer has come on this socket */
    bool again;  /* its request, sent once, waits for another socket */
    bool resent; /* its request has been sent twice */
    int64_t due_ns;
    struct load_times times;
    uint64_t overtakes; /* requests that had ended when its own was sent */
    size_t written;     /* of the request */
    struct load_response response;
    bool greeted; /* the handshake's request is out */
    struct load_socket socket;
};

struct load_list {
    struct load_connection *head, *tail;
    int count;
};

struct load_pool {
    struct load_connection *all;
    int count;
    struct load_list lists[POOL_STATES];
    union load_address address;
    int process, processes; /* connection i is number process + i*processes */
    int sources;            /* source addresses in 127/8; 1: the default one */
    bool churn;             /* closing leaves nothing behind */
    int epoll_fd;
    int64_t paused_until_ns; /* the earliest of the PAUSED */
};

/* Source addresses that so many connections need. */
int load_pool_sources(int connections);

/* Allocates; every connection is WANTED. Returns 0 or a negative errno. */
int load_pool_init(struct load_pool *pool, const struct load_spec *spec,
                   int process, int processes);

void load_pool_move(struct load_pool *pool, struct load_connection *connection,
                    enum load_state state);

/* Number of a connection within the whole load. */
int load_pool_number(const struct load_pool *pool,
                     const struct load_connection *connection);

/* Opens a socket and starts connecting. Returns 1 when it is connected
 * already, 0 when that is under way, or a negative errno. */
int load_pool_connect(struct load_pool *pool,
                      struct load_connection *connection);

/* How connecting ended: 0 or a negative errno. */
int load_pool_connected(const struct load_connection *connection);

/* Closes the socket; the state stays. */
void load_pool_close(struct load_connection *connection);

/* Sends the handshake's request on a connection that is established. Returns 0
 * or a negative errno. */
int load_pool_greet(struct load_connection *connection,
                    const struct load_greeting *greeting, int64_t now_ns);

/* Writes as much of the request as the socket takes. Returns 0 or a negative
 * errno. */
int load_pool_write(struct load_connection *connection);

/* The connection an event is about, or NULL for an earlier socket's. */
struct load_connection *load_pool_find(struct load_pool *pool, uint64_t tag);

/* Makes WANTED of the PAUSED whose time has come. */
void load_pool_wake(struct load_pool *pool, int64_t now_ns);

/* Connections that are open, those between two answers of a server that
 * closes after each included. */
int load_pool_open(const struct load_pool *pool);

/* Every connection is PAUSED: nothing can be sent for now. */
bool load_pool_none_left(const struct load_pool *pool);
