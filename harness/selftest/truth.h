/* SPDX-License-Identifier: MIT
 *
 * A server that does exactly what a script says and keeps its own account:
 * one forked process, raw sockets, one epoll loop, one timer. Its answers
 * follow from the request's seed: GET /truth?seed=N gets "seed N".
 */
#pragma once

#include <netinet/in.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "draw.h"

enum truth_fault {
    TRUTH_WRONG,    /* a body that differs in one byte */
    TRUTH_OTHER,    /* the right answer to the request before */
    TRUTH_CACHED,   /* the answer to the first request, whatever was asked */
    TRUTH_STATUS,   /* 500 */
    TRUTH_TRUNCATE, /* closes in the middle of the body */
    TRUTH_RESET,    /* resets the connection */
    TRUTH_HANG,     /* never answers */
    TRUTH_FAULTS,
};

struct truth_script {
    struct draw delay;
    bool queue;        /* one request at a time, in order; else all at once */
    int64_t bucket_ns; /* a queue that saves up idle time, so much at most: a
                          bucket of bucket_ns / delay tokens, a token a
                          request */
    int every[TRUTH_FAULTS]; /* each n-th request has the fault; 0: none. The
                                first that fits counts */
    bool once;               /* only the n-th has it */
    bool deaf; /* the shortest backlog, and nothing is ever accepted */
};

/* In memory shared with the server. */
struct truth_account {
    _Atomic uint64_t requests, faults[TRUTH_FAULTS];
    struct histogram delay; /* from a request's last byte read to its answer's
                               first byte written, as it was */
};

struct truth {
    pid_t pid; /* 0: not running */
    struct sockaddr_in address;
    struct truth_account *account;
};

/* Forks the server onto the CPUs; it dies with the caller. Returns 0 or a
 * negative errno. */
int truth_start(const struct truth_script *script, const cpu_set_t *cpus,
                struct truth *truth);

/* Kills it; the account stays readable until truth_free. */
void truth_stop(struct truth *truth);
void truth_free(struct truth *truth);

/* `count` requests with seeds of their own, and their answers. NULL: out of
 * memory. Freed by truth_requests_free. */
struct load_request *truth_requests(int count);
void truth_requests_free(struct load_request *requests, int count);
