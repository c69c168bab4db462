/* SPDX-License-Identifier: MIT
 *
 * The time that a server needs after an overload until its answers are as
 * quick as before. Probes are sent one after another, with pauses, over a
 * connection of their own. A probe waits behind the server's backlog, so a slow
 * answer shows that there still is one; several quick answers in a row show
 * that it is gone.
 */
#pragma once

#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>

#include "harness/load/load.h"

/* The server to probe, and with what. */
struct recovery_probe {
    const struct sockaddr_in *address;
    const struct load_request *requests; /* sent in turn */
    int request_count;
    const volatile sig_atomic_t *stop; /* or NULL */
};

struct recovery {
    int64_t limit_ns;    /* the time that the server was given; 0: recovery
                            was not measured */
    int64_t unloaded_ns; /* median latency before the load */
    int64_t took_ns;     /* since the window's end; 0: quick from the first
                            probe on; -1: not within the limit */
    int probes;          /* sent after the window */
};

/* Measures the latency of a server without load. Returns 0, or a negative errno
 * if a request failed or `stop` was set. */
int recovery_learn(const struct recovery_probe *probe,
                   struct recovery *recovery);

/* Probes the server, whose load ended at end_ns, until RECOVERY_ROW answers in
 * a row took at most twice the unloaded median, or until limit_ns has passed.
 * Returns 0, or -EINTR if `stop` was set. */
int recovery_await(const struct recovery_probe *probe, int64_t end_ns,
                   struct recovery *recovery);

/* {"recovery_ns", "unloaded_p50_ns", "limit_ns", "probes", "words"}; null if
 * recovery was not measured. The caller owns the object. */
json_t *recovery_json(const struct recovery *recovery);
