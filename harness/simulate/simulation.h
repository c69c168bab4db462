/* SPDX-License-Identifier: MIT
 *
 * A simulator of servers: requests that compute and wait, executors (threads,
 * processes, loops) that carry them, cores that run the executors in turn.
 * Everything is drawn from a seed, so that equal inputs give equal bytes.
 *
 * Two levels. A *group* of executors decides who may go on: a request queues
 * for an executor, and gives it back when its steps say so. The *cores* decide
 * who computes: executors with work take turns, or the one that has had least
 * is next, as in Linux. A model of concurrency is nothing but a list of steps
 * (wiring.h): who holds an executor through a wait, and who gives it back.
 *
 * Random numbers are a function of (seed, request, draw), not of the order in
 * which they are asked for. So two models that are simulated with one seed
 * serve the same requests, and what they differ by is the models (common
 * random numbers: Law and Kelton, Simulation Modeling and Analysis, ch. 11).
 *
 * Intervals are of batch means (op. cit., ch. 9): the measured requests are
 * cut into SIMULATION_BATCHES runs in order of their end, whose means and
 * percentiles are nearly independent.
 *
 * Times are doubles in ns: twice the input times give exactly twice the output
 * times.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIMULATION_STEPS = 128,
    SIMULATION_GROUPS = 8,
    SIMULATION_DRAWS = 16,
    SIMULATION_CORES = 1024,
    SIMULATION_BATCHES = 32,
};

/* How a time varies about its mean. */
enum shape {
    SHAPE_CONSTANT,
    SHAPE_EXPONENTIAL,
    SHAPE_LOGNORMAL, /* with the coefficient of variation `cv` */
};

/* A random factor of mean 1, drawn once for each request. Steps that name one
 * draw vary together: a request that is heavy is heavy in all of its pieces. */
struct draw {
    enum shape shape;
    double cv; /* SHAPE_LOGNORMAL alone */
};

enum step_kind {
    STEP_ACQUIRE, /* an executor of `group`; queues while none is free */
    STEP_RELEASE, /* gives the executor of `group` back */
    STEP_COMPUTE, /* time_ns on a core, by the executor of `group` */
    STEP_WAIT,    /* time_ns without a core */
};

struct step {
    enum step_kind kind;
    int group;
    double time_ns;  /* the mean */
    int draw;        /* index into draws[]; -1: always the mean */
    double fixed_ns; /* more, whatever the draw */
};

/* Executors of one kind. */
struct group {
    int executors; /* 0: as many as are asked for */
    /* Each executor has a queue of its own, and a request is bound to one by
     * chance, as a connection is to the loop that accepted it. Otherwise one
     * queue is shared. */
    bool split;
    /* Requests that come back from a wait are served before new ones, as by a
     * loop that runs what its timers woke before it reads from sockets. */
    bool resumed_first;
    /* Who computes must have the one token of all such groups (CPython's GIL);
     * after token_ns it goes to another who waits. */
    bool token;
};

enum arrival_kind {
    ARRIVE_CLOSED,  /* `connections` clients, who think and ask again */
    ARRIVE_POISSON, /* `rate_per_s` */
    ARRIVE_BURSTS,  /* `burst` together at each Poisson instant */
    ARRIVE_REPLAY,  /* at log_ns[0 ... log_count-1], ascending */
};

struct arrivals {
    enum arrival_kind kind;
    double rate_per_s; /* of requests, all bursts together */
    int burst;
    int connections;
    double think_ns; /* mean */
    int think_draw;  /* -1: always the mean */
    /* Clients whose pauses are drawn begin with one; others begin at once. */
    const double *log_ns;
    size_t log_count;
    /* Of a replayed log: the factors of each draw, log_count of them in the
     * order of the requests; NULL: they are drawn. */
    const double *log_factors[SIMULATION_DRAWS];
};

/* The order of executors with work. */
enum core_order {
    ORDER_TURNS, /* round robin: each for quantum_ns, then the next */
    /* As Linux's fair class has it (fair.h): the one that has had least.
     * Another is chosen when a piece of work ends; at each tick, of those at
     * the whole multiples of tick_ns, if one has run for slice_ns; and when an
     * executor wakes, if one has run for slice_ns, or has had more than the
     * mean and the woken one is next. */
    ORDER_FAIR,
};

struct simulation {
    struct step steps[SIMULATION_STEPS];
    int step_count;
    struct draw draws[SIMULATION_DRAWS];
    struct group groups[SIMULATION_GROUPS];
    int group_count;
    struct arrivals arrivals;

    int cores;
    enum core_order order;
    double quantum_ns;        /* 0: who runs is never interrupted */
    double slice_ns, tick_ns; /* ORDER_FAIR alone; tick_ns 0: no ticks */
    double token_ns;          /* 0: the token is given back at a wait alone */
    /* Interference: a core stands still for an exponential time of mean
     * stall_ns; on average stall_share of its time is lost so. */
    double stall_share, stall_ns;

    uint64_t seed;
    int64_t requests; /* that are measured */
    int64_t warmup;   /* requests before them */
    /* What it may take; 0: no limit. */
    int64_t events_most, flight_most;
};

/* A figure with its 95 % interval of batch means. */
struct simulated {
    double value, lo, hi;
};

struct simulation_result {
    int64_t measured;         /* requests of which the figures are made */
    struct simulated mean_ns; /* from arrival to end */
    struct simulated p50_ns, p90_ns, p99_ns;
    struct simulated rate_per_s;
    /* The share of the requests that come by which those that end fall behind,
     * since the queue grows for as long as it is looked at; 0: it does not, as
     * far as can be told. */
    double behind_share;
    double busy;      /* cores computing, of 0 to `cores` */
    double in_flight; /* mean number of requests in the system */
    int64_t in_flight_most;
    double queued_ns; /* a request's mean wait for executors */

    /* Sums over the whole run, first arrival to last end, for the laws that
     * hold exactly: area_ns is the integral of requests in flight, which
     * equals response_ns; computed_ns is what the cores did, which equals
     * demanded_ns, what the requests asked of them. */
    double span_ns, area_ns, response_ns, computed_ns, demanded_ns;
    int64_t ended;
};

/* The slice of Linux's fair class on a machine of so many CPUs: 0.7 ms, more by
 * as much for each doubling of the CPUs up to 8 (the kernel's
 * sysctl_sched_base_slice and get_update_sysctl_factor). */
double simulation_slice_ns(int cpus);

/* Runs it. Returns 0, -EINVAL for an input that means nothing (steps that
 * compute without an executor, no core, no arrivals ...; `why` says which),
 * -E2BIG beyond the limits, and then result->ended has the requests that it
 * came to, or -ENOMEM. */
int simulate(const struct simulation *simulation,
             struct simulation_result *result, char *why, size_t why_size);
