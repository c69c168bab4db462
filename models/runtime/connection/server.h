/* SPDX-License-Identifier: MIT
 *
 * The common ground of all models' serve(), written once against the runtime,
 * so that two models differ in nothing but the model. The calls are in direct.c
 * and drain.c. server.c has only main() (flags, listening, the ready line,
 * signals, the end), so that programs with a main of their own can link the
 * rest.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/model.h"

/* Serves one connection until it ends, in direct style through rt_*: for models
 * whose task is a connection. When the server drains, answers the current
 * request and then ends. Closes fd with rt_close. */
void server_connection(int fd);

/* Accepts one connection: TCP_NODELAY and close-on-exec set, `flags` 0 or
 * SOCK_NONBLOCK. When the process is out of descriptors, the client gets 503
 * through a reserved one. Returns the descriptor or a negative errno (-EAGAIN:
 * no connection waits). */
int server_accept(int listen_fd, int flags);

/* Accepts connections that wait, a limited number, and passes each to `begin`.
 * Pauses for 1 ms if the kernel is short of a resource. */
void server_accept_all(int listen_fd, int flags, void (*begin)(int fd));

/* Accepts until config->stop_fd is readable; the thread does nothing else.
 * Calls `tick` (may be NULL) after each wait, which lasts at most tick_ms (-1:
 * no limit). Returns 0 or a negative errno. */
int server_accept_until_stop(const struct server_config *config,
                             void (*begin)(int fd), int tick_ms,
                             void (*tick)(void));

/* Answers 503 with the reason, and closes the connection: for a model that is
 * out of tasks. Never blocks. */
void server_refuse(int fd, const char *reason);

/* Usual reasons. */
#define SERVER_NO_MEMORY "the server is out of memory; open fewer connections"
#define SERVER_NO_WATCH                                                        \
    "the server cannot watch another connection "                              \
    "(fs.epoll.max_user_watches); open fewer"

/* The requests that this process is handling, for the drain. server_connection
 * counts its own; other callers of http_answer make these calls around it. */
void server_request_begin(void);
void server_request_end(void);
int server_in_flight(void);

/* Waits until no request is in flight in this process, at most SERVER_DRAIN_NS.
 * Blocks; for models whose serve() has a thread of its own. Returns whether
 * none is left. */
bool server_drain(void);

/* Whether the server was told to stop: then a connection ends after its current
 * answer. Set by server_stop (async-signal-safe), which main()'s signal handler
 * and server_drain call. */
bool server_stopping(void);
void server_stop(void);

/* The time limits: of a drain; of the rest of a request that has begun, and of
 * an answer to a client that does not read; of lingering. */
#define SERVER_DRAIN_NS   INT64_C(4000000000)
#define SERVER_REQUEST_NS INT64_C(30000000000)
#define SERVER_LINGER_NS  INT64_C(1000000000)

/* To be called before closing a connection whose client may still be sending (a
 * refused body, pipelined requests after the last answer). Ends our side, and
 * reads on until the client has ended its side, at most SERVER_LINGER_NS.
 * Closing with unread bytes would reset the connection, and the client could
 * lose the answer. */
void server_linger(int fd);

/* The number of CPUs that this process may use; and the default number of
 * workers in models whose workers block while they wait. */
int server_cpus(void);
int server_blocking_workers(void);
