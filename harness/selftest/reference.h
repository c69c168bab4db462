/* SPDX-License-Identifier: MIT
 *
 * A server that does exactly what a script says and keeps its own account:
 * one forked process, raw sockets, one epoll loop, one timer. Its answers
 * follow from the request's seed: GET /reference?seed=N gets "seed N".
 */
#pragma once

#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "harness/load/load.h"

/* Delays that can be known beforehand: the delay of the n-th request follows
 * from a seed and n alone, so the server that waits and the test that judges
 * need no word between them. */
enum delay_kind {
    DELAY_FIXED,
    DELAY_BIMODAL, /* every tenth takes other_ns */
    DELAY_EXPONENTIAL,
};

struct delays {
    enum delay_kind kind;
    int64_t mean_ns; /* bimodal: of the nine */
    int64_t other_ns;
    uint64_t seed;
};

enum reference_fault {
    REFERENCE_WRONG,  /* a body that differs in one byte */
    REFERENCE_OTHER,  /* the right answer to the request before */
    REFERENCE_CACHED, /* the answer to the first request, whatever was asked */
    REFERENCE_STATUS, /* 500 */
    REFERENCE_TRUNCATE, /* closes in the middle of the body */
    REFERENCE_RESET,    /* resets the connection */
    REFERENCE_HANG,     /* never answers */
    REFERENCE_FAULTS,
};

struct reference_script {
    struct delays delay;
    bool queue;        /* one request at a time, in order; else all at once */
    int64_t bucket_ns; /* a queue that saves up idle time, so much at most: a
                          bucket of bucket_ns / delay tokens, a token a
                          request */
    int every[REFERENCE_FAULTS]; /* each n-th request has the fault; 0: none.
                                The first that fits counts */
    bool once;                   /* only the n-th has it */
    bool deaf; /* the shortest backlog, and nothing is ever accepted */
};

/* In memory shared with the server. */
struct reference_account {
    _Atomic uint64_t requests, faults[REFERENCE_FAULTS];
    struct histogram delay; /* from a request's last byte read to its answer's
                               first byte written, as it was */
};

struct reference {
    pid_t pid; /* 0: not running */
    struct sockaddr_in address;
    struct reference_account *account;
};

/* Forks the server onto the CPUs; it dies with the caller. Returns 0 or a
 * negative errno. */
int reference_start(const struct reference_script *script,
                    const cpu_set_t *cpus, struct reference *reference);

/* Kills it; the account stays readable until reference_free. */
void reference_stop(struct reference *reference);
void reference_free(struct reference *reference);

/* `count` requests with seeds of their own, and their answers. NULL: out of
 * memory. Freed by reference_requests_free. */
struct load_request *reference_requests(int count);
void reference_requests_free(struct load_request *requests, int count);

/* The delay of request `number`, counted from 0. */
int64_t delays_ns(const struct delays *delays, uint64_t number);

/* Delays 0 to count - 1. */
void delays_histogram(const struct delays *delays, uint64_t count,
                      struct histogram *histogram);

/* Response times of a single server with one queue under the load's arrivals,
 * when request n takes delay n: D. V. Lindley's recursion (The theory of
 * queues with a single server, Proc. Cambridge Phil. Soc. 48, 1952). Returns
 * 0 or -ENOMEM. */
int delays_queue(const struct delays *delays, const struct load_spec *spec,
                 struct histogram *histogram);
