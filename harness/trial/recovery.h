/* SPDX-License-Identifier: MIT
 *
 * How long a server takes, when an overload is over, to answer as quickly as
 * before it: one request after another, with pauses, over a connection of
 * their own. While a backlog stands before a request, its own answer tells how
 * long it was; several in a row that are quick end it.
 */
#pragma once

#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>

#include "harness/load/load.h"

/* Whom to ask, and what. */
struct recovery_probe {
    const struct sockaddr_in *address;
    const struct load_request *requests; /* used in turn */
    int request_count;
    const volatile sig_atomic_t *stop; /* or NULL */
};

struct recovery {
    int64_t limit_ns;    /* how long it was given; 0: it was not asked */
    int64_t unloaded_ns; /* median answer before the load */
    int64_t took_ns;     /* since the window's end; 0: it was quick from the
                            first request on; -1: not within the limit */
    int probes;          /* requests after the window */
};

/* Asks a server without load. Returns 0, or a negative errno when one request
 * failed or `stop` was set. */
int recovery_learn(const struct recovery_probe *probe,
                   struct recovery *recovery);

/* Asks from now on, the load having ended at end_ns, until RECOVERY_ROW
 * answers in a row took at most twice the unloaded median, or limit_ns has
 * passed since then. Returns 0, or -EINTR when `stop` was set. */
int recovery_await(const struct recovery_probe *probe, int64_t end_ns,
                   struct recovery *recovery);

/* {"recovery_ns", "unloaded_p50_ns", "limit_ns", "probes", "words"}, or null
 * where it was not asked. The caller owns it. */
json_t *recovery_json(const struct recovery *recovery);
