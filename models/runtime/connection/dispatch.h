/* SPDX-License-Identifier: MIT
 *
 * For models whose task is a request: one thread parks any number of
 * connections in one epoll set, reads and parses, and hands a request to the
 * model only when the whole of it is there. So a slow client never occupies a
 * worker, and a request waits only for what its model really lacks.
 *
 * An idle connection owns no buffer: bytes are read into one shared scratch
 * buffer, and only what cannot be answered yet (half a request, pipelined
 * ones) is kept for the connection. While a request is served its connection
 * is not watched; pipelined requests are served next, in order. Requests that
 * are wrong are answered here.
 *
 * There is one dispatcher a process, and its calls are for its thread but for
 * those that say otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/http/http.h"
#include "models/runtime/model.h"

struct dispatch_connection;

/* Something to watch: embedded in what the model wants to find again. */
struct dispatch_source {
    void (*ready)(struct dispatch_source *source);
};

/* What became of a request. */
enum dispatch_result {
    DISPATCH_CLOSE, /* answered; the connection ends */
    DISPATCH_KEEP,  /* answered; the connection goes on */
    DISPATCH_LATER, /* dispatch_done or dispatch_abort will be called */
};

/* Serves a request, or sees to it that it is served. A negative errno: it
 * could not, and the client gets 503. `request` is valid during the call. */
typedef int dispatch_serve(struct dispatch_connection *connection,
                           const struct http_request *request);

/* A request copied for later, or for another thread. */
struct dispatch_job {
    struct dispatch_connection *connection;
    struct dispatch_job *next; /* the owner's */
    struct http_request request;
    char target[];
};

/* Requests in the order in which they came. Zero-initialise. */
struct dispatch_line {
    struct dispatch_job *first, *last;
};

/* A request on its way to another process. */
struct dispatch_order {
    struct http_request request;
    bool close; /* the server stops: the last answer on this connection */
};

/* Makes the dispatcher. `later` says whether `serve` ever answers
 * DISPATCH_LATER: if not, connections need not be disarmed. Returns 0 or a
 * negative errno. */
int dispatch_open(const struct server_config *config, dispatch_serve *serve,
                  bool later);

/* Calls source->ready whenever fd is readable or hung up. Returns 0 or a
 * negative errno. dispatch_unwatch before closing it. */
int dispatch_watch(struct dispatch_source *source, int fd);
void dispatch_unwatch(int fd);

/* Runs until the server shall stop, then stops accepting, drops idle
 * connections and waits for what is in flight, at most SERVER_DRAIN_NS.
 * Returns 0 or a negative errno. */
int dispatch_run(void);

/* Closes and frees what is left, unless requests are still in flight (their
 * tasks may yet use it: the process ends now). */
void dispatch_close(void);

/* The connection's socket. Any thread. */
int dispatch_fd(const struct dispatch_connection *connection);

/* The request given to `serve` with DISPATCH_LATER was answered: watches the
 * connection again, or ends it. Any thread; the connection is not the
 * caller's any more when this is called. */
void dispatch_done(struct dispatch_connection *connection, bool keep);

/* The task of its request died: the connection is closed. */
void dispatch_abort(struct dispatch_connection *connection);

/* Runs the handler in the calling task, writes the answer, and returns whether
 * the connection may be kept. Any thread, any process. */
bool dispatch_answer(int fd, const struct http_request *request, bool close);

/* Answers without a task and without waiting: what is wrong with the request,
 * or, when error is a negative errno, 503 because a task could not be started.
 * Returns whether the connection may be kept. */
bool dispatch_refuse(int fd, const struct http_request *request, int error);

/* A copy of the request on the heap (free it), or NULL. */
struct dispatch_job *dispatch_job_new(struct dispatch_connection *connection,
                                      const struct http_request *request);

void dispatch_line_push(struct dispatch_line *line, struct dispatch_job *job);

/* Takes out the first; there is one. */
void dispatch_line_pop(struct dispatch_line *line);

/* Sends a request with its connection's descriptor `client` through a
 * SOCK_SEQPACKET socket. Returns 0 or a negative errno, -EPIPE or -ECONNRESET
 * when nobody is there. Any process. */
int dispatch_send(int to, int client, const struct http_request *request);

/* Waits for an order; `target` has HTTP_HEAD_MAX bytes. Returns the client's
 * descriptor, for the caller to close; -EPIPE when the sender has ended, or
 * another negative errno. */
int dispatch_receive(int from, struct dispatch_order *order, char *target);

/* In a forked child: closes the dispatcher's own descriptors and the
 * listening socket. Connections stay open, for their number may be large and
 * the child short-lived. */
void dispatch_forked(void);
