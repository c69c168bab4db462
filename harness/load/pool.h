/* SPDX-License-Identifier: MIT
 *
 * One generator process's connections. Each is in exactly one state, and in
 * that state's list, oldest first. Within a list (except PAUSED) due times grow
 * from head to tail, so the next event of thousands of connections is found by
 * looking at the few heads.
 */
#pragma once

#include <stdint.h>

#include "answer/response.h"
#include "record.h"

enum load_state {
    POOL_WANTED,     /* to be opened as soon as the limit on opening allows */
    POOL_PAUSED,     /* to be opened at due_ns, after a failure */
    POOL_CONNECTING, /* given up at due_ns */
    POOL_FREE,       /* open, nothing to do */
    POOL_STARTING,   /* open, first request at due_ns */
    POOL_THINKING,   /* next request at due_ns; open, except with churn */
    POOL_BUSY,       /* a request is in flight; it times out at due_ns */
    POOL_STATES,
};

struct load_connection {
    struct load_connection *previous, *next;
    enum load_state state;
    int fd;              /* -1: none */
    uint32_t generation; /* number of the socket: tells an earlier socket's
                            events apart */
    int failures;        /* in a row, since the last answer */
    bool decided; /* the ramp no longer waits for it: it has been open, or has
                     failed often */
    bool was_open;
    bool asked;  /* churn: connecting is part of a request, whose clock runs */
    bool kept;   /* an answer has been received on this socket */
    bool again;  /* its request was sent once and waits for a new socket */
    bool resent; /* its request has been sent twice */
    int64_t due_ns;
    struct load_times times;
    uint64_t overtakes; /* requests of the process that had ended when its
                           request was sent */
    size_t written;     /* bytes of the request */
    struct load_response response;
    bool greeted; /* the handshake has been sent */
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
    int sources; /* number of source addresses in 127/8; 1: the default one */
    bool churn;  /* closing resets the connection */
    int epoll_fd;
    int64_t paused_until_ns; /* the earliest of the PAUSED */
};

/* Number of source addresses that so many connections need. */
int load_pool_sources(int connections);

/* Allocates; every connection is WANTED. Returns 0 or a negative errno. */
int load_pool_init(struct load_pool *pool, const struct load_spec *spec,
                   int process, int processes);

void load_pool_move(struct load_pool *pool, struct load_connection *connection,
                    enum load_state state);

/* The connection's number within the whole load. */
int load_pool_number(const struct load_pool *pool,
                     const struct load_connection *connection);

/* Opens a socket and starts to connect. Returns 1 if it is connected already, 0
 * if connecting goes on, or a negative errno. */
int load_pool_connect(struct load_pool *pool,
                      struct load_connection *connection);

/* The result of connecting: 0 or a negative errno. */
int load_pool_connected(const struct load_connection *connection);

/* Closes the socket; the connection's state stays. */
void load_pool_close(struct load_connection *connection);

/* Sends the WebSocket handshake on an established connection. Returns 0
 * or a negative errno. */
int load_pool_greet(struct load_connection *connection,
                    const struct load_greeting *greeting, int64_t now_ns);

/* Writes as much of the request as the socket takes. Returns 0 or a negative
 * errno. */
int load_pool_write(struct load_connection *connection);

/* The connection that an event belongs to; NULL if the event is of an earlier
 * socket. */
struct load_connection *load_pool_find(struct load_pool *pool, uint64_t tag);

/* Moves PAUSED connections whose time has come to WANTED. */
void load_pool_wake(struct load_pool *pool, int64_t now_ns);

/* Number of open connections. If the server closes after each answer, a
 * connection that is being opened again counts too. */
int load_pool_open(const struct load_pool *pool);

/* Whether every connection is PAUSED, so that nothing can be sent for now. */
bool load_pool_none_left(const struct load_pool *pool);
