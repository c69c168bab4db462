/* SPDX-License-Identifier: MIT
 *
 * What a request costs under a model: CPU by parts, and the ways on which it
 * waits beside its calls, from the constants of a machine.
 */
#pragma once

#include "constants.h"
#include "service.h"

/* Requests in flight when the cost of a request was measured (calibrate.ini).
 */
#define COST_FLIGHT_MEASURED 16.0

/* The most that calibrate.ini measures: bytes of an answer, requests in flight.
 * Beyond them the constants are drawn out. */
#define COST_PAYLOAD_MOST (48 * 1024.0)
#define COST_FLIGHT_MOST  512.0

/* CPU of a request by parts, at a share of the load and a number in flight. */
struct cost {
    double request_ns;        /* parse, answer, bytes, connection */
    double empty_ns;          /* of that, without bytes and connection */
    double call_ns;           /* of one call, on average */
    double work_ns;           /* the handler's own */
    double total_ns, half_ns; /* half: of the 95 % interval */
};

/* Of a model that computes on so many cores, which may be fewer than the
 * service has. At a load of 1 nothing finds the server asleep, whatever the
 * rate. */
struct cost cost_of(const struct service *p,
                    const struct model_constants *model, double cores,
                    double load, double in_flight, double rate_per_s);

/* At the most that so many cores can serve, with as many requests in flight as
 * wait and compute then (Little's law), but no more than there are connections.
 */
struct cost cost_full(const struct service *p,
                      const struct model_constants *model, double cores);

/* Multiplies every part. */
void cost_scale(struct cost *cost, double factor);

/* Beside its waits, CPU and queues a request takes a path, on which nothing of
 * the server is held. (A child that ends after its answer may cost more CPU
 * than the answer takes.) */
double cost_path_ns(const struct service *p,
                    const struct model_constants *model);

/* The waits of a request's calls, each with its path. Where that was not
 * measured, it is one of a request that somebody wakes up to send. */
double cost_calls_wait_ns(const struct service *p,
                          const struct model_constants *model);

/* CPU of a request in the one thread that starts tasks; 0: there is none. */
double cost_dispatch_ns(const struct model_constants *model,
                        const struct cost *cost);
