/* SPDX-License-Identifier: MIT
 *
 * A server that does exactly what a script says and counts what it does: one
 * forked process, raw sockets, one epoll loop, one timer. Its answer follows
 * from the request's seed: GET /reference?seed=N gets "seed N".
 */
#pragma once

#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "harness/load/load.h"

/* Delays that are known beforehand. The delay of the n-th request follows from
 * a seed and n alone, so that the server and the test compute it independently.
 */
enum delay_kind {
    DELAY_FIXED,
    DELAY_BIMODAL, /* every tenth takes other_ns */
    DELAY_EXPONENTIAL,
};

struct delays {
    enum delay_kind kind;
    int64_t mean_ns; /* bimodal: delay of the nine others */
    int64_t other_ns;
    uint64_t seed;
};

enum reference_fault {
    REFERENCE_WRONG,  /* a body that differs in one byte */
    REFERENCE_OTHER,  /* the right answer to the request before */
    REFERENCE_CACHED, /* the answer to the first request, whatever was asked */
    REFERENCE_STATUS, /* 500 */
    REFERENCE_TRUNCATE, /* closes the connection in the middle of the body */
    REFERENCE_RESET,    /* resets the connection */
    REFERENCE_HANG,     /* never answers */
    REFERENCE_FAULTS,
};

struct reference_script {
    struct delays delay;
    bool queue;        /* one request at a time, in order; false: all at once */
    int64_t bucket_ns; /* queue: idle time is saved, up to this much. So the
                          queue is a token bucket of bucket_ns / delay tokens;
                          each request takes one */
    int every[REFERENCE_FAULTS]; /* every n-th request has the fault; 0: none
                                    does. If several apply, the first does */
    bool once; /* only the n-th request has the fault, and no later one */
    bool deaf; /* the shortest backlog; no connection is ever accepted */
};

/* What the server counts, in memory shared with it. */
struct reference_account {
    _Atomic uint64_t requests, faults[REFERENCE_FAULTS];
    struct histogram delay; /* measured from a request's last byte read to its
                               answer's first byte written */
};

struct reference {
    pid_t pid; /* 0: not running */
    struct sockaddr_in address;
    struct reference_account *account;
};

/* Starts the server on the CPUs; it dies with the caller. Returns 0 or a
 * negative errno. */
int reference_start(const struct reference_script *script,
                    const cpu_set_t *cpus, struct reference *reference);

/* Kills the server; the account stays readable until reference_free. */
void reference_stop(struct reference *reference);
void reference_free(struct reference *reference);

/* Makes `count` requests with different seeds, and their answers; free with
 * answers_free. NULL: out of memory. */
struct load_request *reference_requests(int count);

/* The delay of request `number`, counted from 0. */
int64_t delays_ns(const struct delays *delays, uint64_t number);

/* The histogram of delays 0 to count - 1. */
void delays_histogram(const struct delays *delays, uint64_t count,
                      struct histogram *histogram);

/* The response times of a single server with one queue under the load's
 * arrivals, if request n takes delay n: D. V. Lindley's recursion (The theory
 * of queues with a single server, Proc. Cambridge Phil. Soc. 48, 1952). Returns
 * 0 or -ENOMEM. */
int delays_queue(const struct delays *delays, const struct load_spec *spec,
                 struct histogram *histogram);
