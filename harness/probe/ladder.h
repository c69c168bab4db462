/* SPDX-License-Identifier: MIT
 *
 * The measuring: one connection first, then 2, 4, 8 and so on in a closed loop,
 * until twice as many connections bring no more than a tenth more requests.
 *
 * With one connection nobody queues, for a place, a lock or another request's
 * computing, so none of that can pose as a wait. A rung brings no more if none
 * of its turns does: a stall lowers a rate and never raises it.
 *
 * While a thread of the service is ready and has no CPU, the kernel counts it
 * (schedstat). That time is the machine's or the load's, not the service's
 * wait.
 */
#pragma once

#include <signal.h>

#include "rung.h"
#include "subject.h"

enum { LADDER_RUNGS = 16 };

struct ladder_asked {
    int most_connections;
    int second; /* connections of a second and last rung; 0: a whole ladder */
    int64_t window_ns; /* of a turn; 0: by the response time */
    bool quiet;        /* no progress on stderr */
    const volatile sig_atomic_t *stop;
};

struct ladder {
    struct rung rungs[LADDER_RUNGS];
    int count;
    bool flat;       /* the last rung brought no more */
    bool failed;     /* the last rung had failures, and is the last therefore */
    char ended[512]; /* why there is no further rung, if a load could not be
                        made; or "" */
    bool metered;
    double path_ns; /* how long opening a connection takes: the network */
    double answer_bytes;
    int cpus;   /* of the service, if it was started here */
    bool apart; /* from those of the load */
};

/* Measures. Returns 0, or a negative errno with a sentence: -EINTR *stop was
 * set, -EPROTO no right answer with one connection, -ECHILD the service ended,
 * others if the load could not be made. */
int ladder_climb(struct subject *subject, const struct ladder_asked *asked,
                 struct ladder *ladder, char *why, size_t why_size);

/* The rung with the highest rate among the last two of a flat ladder, beside
 * the first, at which nobody queues; else the last. NULL: there is none. */
const struct rung *ladder_top(const struct ladder *ladder);
