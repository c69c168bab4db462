/* SPDX-License-Identifier: MIT
 *
 * A rung of the ladder: so many connections, measured in a few turns, of which
 * the median counts, since a stall of the machine spoils one. Each turn is kept
 * with what others took of it, so that a judgement sees how far they agree.
 * Pure functions.
 */
#pragma once

#include <stdint.h>

enum { RUNG_TURNS = 5, RUNG_FAILURE = 256 };

/* One measured window. Unknown: NAN. */
struct turn {
    double per_s, response_ns;
    double cpu_ns, ready_ns; /* of a request */
    double busy_cpus;        /* by the service */
    double ready_cpus; /* its threads were ready without a CPU: their time over
                          the window's */
    double hot_cpus;   /* used or wanted by the one thread that wants most; at
                          least */
    double load_cpus;  /* by the generator */
    double load_ready_cpus; /* the generator was ready without a CPU */
    double load_share;      /* of the time that its processes have: used */
    double others_cpus, steal_cpus; /* of the whole machine */
    double free_cpus;               /* of those the service may use, at least */
    uint64_t ok, failed;
    int processes, threads; /* of the service, at the window's end; -1: not
                               seen */
};

/* Times are of a request, and medians of the turns. Unknown: NAN. */
struct rung {
    int connections;
    double per_s, response_ns;
    double per_s_most; /* of a turn: others can only lower a rate */
    double cpu_ns;
    double ready_ns;  /* its threads were ready without a CPU */
    double wait_ns;   /* response less cpu, ready and path; with one connection
                         alone it means something */
    double busy_cpus; /* by the service */
    uint64_t ok, failed;
    char failure[RUNG_FAILURE]; /* the first; or "" */
    struct turn turns[RUNG_TURNS];
    int turn_count;
};

/* Fills the medians of a rung from its turns. `path_ns`: the network's share of
 * a response. */
void rung_settle(struct rung *rung, double path_ns);
