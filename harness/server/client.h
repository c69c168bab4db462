/* SPDX-License-Identifier: MIT
 *
 * A few requests one after another over one connection, for what is not
 * measured: the check that a fresh server answers rightly, and the backend's
 * statistics. Blocking, with a deadline; reads answers as the load does
 * (http_answer.h).
 */
#pragma once

#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/load/load.h"

/* 127.0.0.1:port. */
struct sockaddr_in client_loopback(int port);

/* Connects. Each later step on the connection may take `timeout_ns`, too.
 * Returns the descriptor or a negative errno. */
int client_connect(const struct sockaddr_in *address, int64_t timeout_ns);

/* Sends requests[0..count) one after another over a connection that is kept
 * where the server keeps it, at least one and then as many
 * as start before `budget_ns` has passed, and compares status and body with
 * what each must get. Returns how many were answered rightly, or a negative
 * errno (-EPROTO: a wrong answer, -ETIMEDOUT, -ECONNREFUSED, -EINTR: a signal
 * has set *stop, ...) with a sentence in `why`. `stop` may be NULL. */
int client_check(const struct sockaddr_in *address,
                 const struct load_request *requests, int count,
                 int64_t budget_ns, int64_t timeout_ns,
                 const volatile sig_atomic_t *stop, char *why, size_t why_size);

/* Checks a conversation: the handshake, and the requests as messages. */
int client_check_socket(const struct sockaddr_in *address,
                        const struct load_greeting *greeting,
                        const struct load_request *requests, int count,
                        int64_t budget_ns, int64_t timeout_ns, char *why,
                        size_t why_size);

/* Sends one request over *fd, which is opened when it is -1 and may be -1
 * again afterwards, and compares the answer. Each step of it may take
 * `timeout_ns`. Returns 0, or a negative errno as client_check does. */
int client_ask(const struct sockaddr_in *address, int *fd,
               const struct load_request *request, int64_t timeout_ns,
               const volatile sig_atomic_t *stop);

/* GET `target`: the body into `body` (null-terminated). Returns its length, or
 * a negative errno (-EPROTO: no HTTP, or status not 200 to 299; -ENOSPC: does
 * not fit; -EINTR: *stop, which may be NULL, was set) with what was seen in
 * `why`, which may be NULL with a size of 0. */
int client_get(const struct sockaddr_in *address, const char *target,
               int64_t timeout_ns, const volatile sig_atomic_t *stop,
               char *body, size_t size, char *why, size_t why_size);

/* GET `target`: the status of a whole answer, or a negative errno. */
int client_status(const struct sockaddr_in *address, const char *target,
                  int64_t timeout_ns);
