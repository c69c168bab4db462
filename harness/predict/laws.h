/* SPDX-License-Identifier: MIT
 *
 * Laws of queueing that bound the rate of requests, whatever the order in which
 * they are served:
 *
 *   offered rate  the rate          an open loop gets no more than it asks for
 *   closed loop   C / (D + c + Z)   every connection always busy or thinking
 *   workers       W / (D + c)       a request holds a worker until it ends;
 *                 or V / v          a pool does the handler's work alone
 *   backend       K / B             the backend serves K calls at once
 *   cpu           P / c             all CPUs that the model can use are busy
 *   one thread    1 / d             a thread that every request passes is
 *   memory        M / m / (D + c)   the requests in flight fill the memory
 *
 * The letters are the members of struct laws_input. The least bound binds.
 * (P. J. Denning and J. P. Buzen, The Operational Analysis of Queueing
 * Network Models, ACM Computing Surveys 10, 1978.)
 */
#pragma once

#include <stdbool.h>

/* Of equal bounds the first one binds. */
enum law {
    LAW_OFFERED,
    LAW_CLIENTS,
    LAW_WORKERS,
    LAW_BACKEND,
    LAW_CPU,
    LAW_THREAD,
    LAW_MEMORY,
    LAWS,
};

/* Times are seconds of one request. A member that is 0 limits nothing, but for
 * the rate and the connections: one of them is always asked for. */
struct laws_input {
    bool open; /* rate_per_s is offered; else `connections` ask in turn */
    double rate_per_s;
    int connections;     /* C */
    double think_s;      /* Z */
    double wait_s;       /* D, from the first call's begin to the last's end */
    double cpu_s;        /* c */
    int cpus;            /* P */
    double quota_cpus;   /* that a quota allows, of P; 0: all */
    double thread_s;     /* d, of c; 0: no such thread */
    int holding_workers; /* W */
    int offload_workers; /* V */
    double offload_s;    /* v, of c */
    int backend_workers; /* K */
    double backend_s;    /* B, of all calls, made at once or in turn */
    double flight_bytes; /* m, of one request in flight */
    double memory_left;  /* M, bytes beside what the server has without
                            requests; INFINITY: no limit; NAN: not known */
};

struct laws {
    double per_s[LAWS]; /* INFINITY: the law does not apply */
    enum law binding;   /* the least of all */
    /* The least of the server's own: neither the rate nor the connections that
     * are asked of it. Of equal bounds the CPUs', since no other number of
     * workers moves that one. */
    enum law capacity;
};

struct laws laws_of(const struct laws_input *input);

/* "closed loop": the name in results and answers. */
const char *law_name(enum law law);
