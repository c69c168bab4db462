/* SPDX-License-Identifier: MIT
 *
 * Blocking requests with a time limit, for everything that is not measured: the
 * check that a fresh server answers correctly, and the backend's statistics.
 * Parses answers with the code that the load uses (http_answer.h).
 */
#pragma once

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/load/load.h"

/* 127.0.0.1:port. */
struct sockaddr_in client_loopback(int port);

/* Connects. Each later step on the connection may take `timeout_ns`, too.
 * Returns the descriptor or a negative errno. */
int client_connect(const struct sockaddr_in *address, int64_t timeout_ns);

/* Sends requests[0..count) one after another, over one connection if the server
 * keeps it open, and compares each answer's status and body with the expected
 * ones. Sends at least one request, and no further ones after `budget_ns`.
 * Returns the number of requests answered correctly, or a negative errno
 * (-EPROTO: a wrong answer, -ETIMEDOUT, -ECONNREFUSED, -EINTR: *stop was set,
 * ...) with a message in `why`. `stop` may be NULL. */
int client_check(const struct sockaddr_in *address,
                 const struct load_request *requests, int count,
                 int64_t budget_ns, int64_t timeout_ns,
                 const volatile sig_atomic_t *stop, char *why, size_t why_size);

/* Checks a WebSocket: the handshake, then the requests as messages. Limits and
 * results are those of client_check. */
int client_check_socket(const struct sockaddr_in *address,
                        const struct load_greeting *greeting,
                        const struct load_request *requests, int count,
                        int64_t budget_ns, int64_t timeout_ns, char *why,
                        size_t why_size);

/* One whole answer, in memory of its own. */
struct client_answer {
    int status;
    bool keep_alive;
    char *head; /* of the final answer, null-terminated, cut at 64 KiB */
    char *body; /* null-terminated */
    size_t body_size;
};

/* Sends one request over a new connection. Returns 0 with the answer, which
 * client_answer_free releases, or a negative errno as client_check does. `stop`
 * may be NULL. */
int client_exchange(const struct sockaddr_in *address,
                    const struct load_request *request, int64_t timeout_ns,
                    const volatile sig_atomic_t *stop,
                    struct client_answer *answer, char *why, size_t why_size);

/* Safe on a zeroed struct. */
void client_answer_free(struct client_answer *answer);

/* Finds the value of a header field. Returns its length and sets *value, or
 * returns 0. `from` is where to begin: answer->head, or the end of an earlier
 * value, for fields that may occur twice. */
size_t client_field(const char *from, const char *name, const char **value);

/* Sends one request over *fd and compares the answer. Opens *fd if it is -1,
 * and sets it to -1 if the connection ends. Each step may take `timeout_ns`.
 * Returns 0, or a negative errno as client_check does. */
int client_ask(const struct sockaddr_in *address, int *fd,
               const struct load_request *request, int64_t timeout_ns,
               const volatile sig_atomic_t *stop);

/* Sends GET `target` and writes the answer's body to `body`, null-terminated.
 * Returns the body's length, or a negative errno (-EPROTO: not HTTP, or a
 * status other than 200 to 299; -ENOSPC: the body does not fit; -EINTR: *stop
 * was set) with a message in `why`. `stop` may be NULL, and `why` with a size
 * of 0. */
int client_get(const struct sockaddr_in *address, const char *target,
               int64_t timeout_ns, const volatile sig_atomic_t *stop,
               char *body, size_t size, char *why, size_t why_size);

/* Sends GET `target`. Returns the status of a whole answer, or a negative
 * errno. */
int client_status(const struct sockaddr_in *address, const char *target,
                  int64_t timeout_ns);
