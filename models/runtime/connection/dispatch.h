/* SPDX-License-Identifier: MIT
 *
 * For models whose task is a request: one thread parks any number of
 * connections in one epoll set, reads and parses, and hands a request to the
 * model only when the whole of it is there. So a slow client never occupies a
 * worker, and a request waits only when its model has no free task.
 *
 * An idle connection owns no buffer: bytes are read into one shared scratch
 * buffer, and only bytes that cannot be answered yet (half a request, pipelined
 * requests) are kept for the connection. While a request is served, its
 * connection is not watched; pipelined requests are served next, in order. The
 * dispatcher itself answers malformed requests.
 *
 * There is one dispatcher a process. Call these functions only from its thread
 * unless noted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/http/http.h"
#include "models/runtime/model.h"

struct dispatch_connection;

/* A watched descriptor. Embedded in the model's own struct, which the callback
 * finds again by it. */
struct dispatch_source {
    void (*ready)(struct dispatch_source *source);
};

/* The result of serving a request. */
enum dispatch_result {
    DISPATCH_CLOSE, /* answered; the connection ends */
    DISPATCH_KEEP,  /* answered; the connection goes on */
    DISPATCH_LATER, /* dispatch_done or dispatch_abort will be called */
};

/* Serves a request, or passes it to a task. Returns an enum dispatch_result, or
 * a negative errno: the client then gets 503. `request` is valid during the
 * call. */
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
    bool close; /* the server is stopping: close the connection after this
                   answer */
};

/* Makes the dispatcher. `later`: `serve` may return DISPATCH_LATER. Otherwise
 * connections need not be disarmed. Returns 0 or a negative errno. */
int dispatch_open(const struct server_config *config, dispatch_serve *serve,
                  bool later);

/* Calls source->ready whenever fd is readable or hung up, until
 * dispatch_unwatch(fd), which must come before fd is closed. Returns 0 or a
 * negative errno. */
int dispatch_watch(struct dispatch_source *source, int fd);
void dispatch_unwatch(int fd);

/* Runs until the server is told to stop; then stops accepting, drops idle
 * connections and waits for the requests in flight, at most SERVER_DRAIN_NS.
 * Returns 0 or a negative errno. */
int dispatch_run(void);

/* Closes and frees the connections that are left, unless requests are still in
 * flight: their tasks may use the connections until the process ends. */
void dispatch_close(void);

/* The connection's socket. Any thread. */
int dispatch_fd(const struct dispatch_connection *connection);

/* To be called when a request for which `serve` returned DISPATCH_LATER is
 * answered: watches the connection again (`keep`), or ends it. Any thread; the
 * caller may not use the connection afterwards. */
void dispatch_done(struct dispatch_connection *connection, bool keep);

/* To be called when the task of the connection's request died: closes the
 * connection. */
void dispatch_abort(struct dispatch_connection *connection);

/* Runs the handler in the calling task, writes the answer, and returns whether
 * the connection may be kept. Any thread, any process. */
bool dispatch_answer(int fd, const struct http_request *request, bool close);

/* Answers without a task and without waiting: that the request is malformed, or
 * 503 if `error` says, as a negative errno, why a task could not be started.
 * Returns whether the connection may be kept. */
bool dispatch_refuse(int fd, const struct http_request *request, int error);

/* A copy of the request on the heap (free it), or NULL. */
struct dispatch_job *dispatch_job_new(struct dispatch_connection *connection,
                                      const struct http_request *request);

void dispatch_line_push(struct dispatch_line *line, struct dispatch_job *job);

/* Takes out the first job. The line must not be empty. */
void dispatch_line_pop(struct dispatch_line *line);

/* Sends a request with its connection's descriptor `client` through the
 * SOCK_SEQPACKET socket `to`. Returns 0 or a negative errno: -EPIPE or
 * -ECONNRESET if the other end is closed. Any process. */
int dispatch_send(int to, int client, const struct http_request *request);

/* Waits for an order; `target` has room for HTTP_HEAD_MAX bytes. Returns the
 * client's descriptor, which the caller closes; or a negative errno: -EPIPE if
 * the other end is closed. */
int dispatch_receive(int from, struct dispatch_order *order, char *target);

/* In a forked child: closes the dispatcher's own descriptors and the listening
 * socket. Connections stay open: there may be many, and the child lives
 * briefly. */
void dispatch_forked(void);
