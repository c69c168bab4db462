/* SPDX-License-Identifier: MIT
 *
 * What every model's serve() can build on, written once against the runtime, so
 * that two models differ in nothing but the model. The calls are in
 * direct.c and drain.c; server.c holds main() alone (flags, listening, the
 * ready line, signals, the end), so that programs with a main of their own can
 * link the rest.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/model.h"

/* Serves one connection until it ends, in direct style through rt_*: for
 * models whose task is a connection. Closes fd with rt_close. Answers what is
 * in flight and then ends when the server drains. */
void server_connection(int fd);

/* Accepts one connection: TCP_NODELAY and close-on-exec set, `flags` 0 or
 * SOCK_NONBLOCK. When descriptors run out it answers 503 through a reserved
 * one and goes on. Returns the descriptor or a negative errno (-EAGAIN: none
 * waits). */
int server_accept(int listen_fd, int flags);

/* Accepts what waits, some of it, and hands each connection to `begin`. When
 * the kernel is short of something it pauses for 1 ms. */
void server_accept_all(int listen_fd, int flags, void (*begin)(int fd));

/* Accepts until config->stop_fd is readable, in a thread that does nothing
 * else but `tick` (may be NULL), at least every tick_ms (-1: only when
 * something else happened). Returns 0 or a negative errno. */
int server_accept_until_stop(const struct server_config *config,
                             void (*begin)(int fd), int tick_ms,
                             void (*tick)(void));

/* Answers 503 with the reason and closes: for a model out of tasks. Never
 * blocks for longer than the socket's buffer takes. */
void server_refuse(int fd, const char *reason);

/* Usual reasons. */
#define SERVER_NO_MEMORY "the server is out of memory; open fewer connections"
#define SERVER_NO_WATCH                                                        \
    "the server cannot watch another connection "                              \
    "(fs.epoll.max_user_watches); open fewer"

/* Requests being handled in this process (begun by server_connection and by
 * whoever calls these around http_answer), for the drain and for /stats. */
void server_request_begin(void);
void server_request_end(void);
int server_in_flight(void);

/* Waits until no request is in flight in this process, at most the drain
 * limit (4 s). Blocking; for models whose serve() runs in a thread of its
 * own. Returns true when none is left. */
bool server_drain(void);

/* Whether the server was told to stop: connections end after the answer that
 * they are at. Set in this process by server_stop (async-signal-safe), which
 * main's signal handler calls; server_drain calls it too. */
bool server_stopping(void);
void server_stop(void);

/* How long a drain may take; the rest of a request that has begun, or an answer
 * to a client that does not read; lingering. */
#define SERVER_DRAIN_NS   INT64_C(4000000000)
#define SERVER_REQUEST_NS INT64_C(30000000000)
#define SERVER_LINGER_NS  INT64_C(1000000000)

/* Before closing a connection whose client may still be sending (a refused
 * body, pipelined requests after the last answer): ends our side and reads on
 * until the client has ended its own, at most 1 s. Closing with unread bytes
 * would reset the connection and take the answer with it. */
void server_linger(int fd);

/* The number of CPUs this process may use; and how many workers that block
 * their waits away a model has by default. */
int server_cpus(void);
int server_blocking_workers(void);
