/* SPDX-License-Identifier: MIT
 *
 * From a service's request and a model's discipline to the steps of a
 * simulation: who holds which executor for how long. All that the models
 * differ by is in wiring.c.
 *
 *   alone, worker    acquire -> compute -> wait -> compute ... -> release
 *   thread, process  as worker, with as many executors as are asked for
 *   loop             (acquire -> compute -> release) -> wait -> (...)
 *   offload          as loop, and part of the work by an executor of a pool
 *   dispatcher       (acquire -> compute -> release), then as worker
 *
 * A backend that serves K calls at once is a group that is acquired for a
 * wait, and given back before the way of the call.
 */
#pragma once

#include "models/runtime/base/discipline.h"
#include "simulation.h"

/* What one request asks for. */
struct demand {
    double path_ns; /* behind all, on which it holds nothing */
    /* CPU time before the first wait, between two, and after the last; a
     * request that does not wait has the last alone. */
    double before_ns, between_ns, after_ns;
    struct draw compute;
    /* More CPU time at these places, which does not vary. */
    double before_fixed_ns, between_fixed_ns, after_fixed_ns;
    double wait_ns; /* in all, in `calls` equal waits, one after the other */
    double call_path_ns; /* of wait_ns: the calls' ways, on which they hold no
                            place of a backend */
    struct draw wait;
    int calls;           /* at least 1 where wait_ns > 0 */
    double offloaded_ns; /* CPU time beyond these, ahead of after_ns, that a
                            pool does where there is one */
};

/* Draws of the simulation that the wiring uses. */
enum { WIRING_DRAW_WORK, WIRING_DRAW_WAIT, WIRING_DRAWS };

/* How a model carries it. */
struct wiring {
    enum discipline discipline;
    int executors;         /* workers or loops; 0, of threads and processes:
                              no limit */
    bool shared;           /* loops that share one queue of connections */
    bool resumed_first;    /* of a loop: simulation.h */
    int offload_executors; /* 0: what could be offloaded is computed in place */
    double dispatch_ns;    /* CPU time of a thread that hands requests to
                              workers; 0: workers take them themselves */
    bool token;            /* one executor at a time computes (the GIL) */
    int backend_servers;   /* 0: no limit */
};

/* Adds groups, draws and steps to a simulation that has none; arrivals, cores
 * and seed are the caller's. Returns 0, or -EINVAL when the demand has more
 * calls than there are steps, or a wiring without executors. */
int wiring_apply(struct simulation *simulation, const struct demand *demand,
                 const struct wiring *wiring);
