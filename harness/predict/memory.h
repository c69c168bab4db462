/* SPDX-License-Identifier: MIT
 *
 * The memory of a server by who is in it: connections, requests in flight, such
 * as wait for their turn, what is not acknowledged, workers, tasks that ended;
 * each times its constant.
 */
#pragma once

#include <stdbool.h>

#include "cost.h"
#include "harness/simulate/simulation.h"

/* Who is in the server. */
struct crowd {
    double connections;
    double carried; /* requests in flight, without those that wait for the
                       dispatcher */
    double queued;  /* requests, and answers to calls, that wait for their turn,
                       wherever they do */
    double waiting; /* whose call is not acknowledged yet */
    double answered; /* connections whose answer is not */
    double rate_per_s;
};

/* A request that has called holds its connection to the backend, and the task
 * that was started for it if there is one. (Pools have that in their workers'
 * constant.) */
double memory_flight_bytes(const struct service *p,
                           const struct model_constants *model);

/* NAN: the server at rest was not measured, or of several loops only one. */
double memory_of(const struct service *p, const struct model_constants *model,
                 int workers, const struct crowd *crowd);

/* What was sent, and is held until it is acknowledged: calls, and the answers
 * of connections between two requests. */
void memory_add_sent(const struct service *p,
                     const struct model_constants *model, double in_flight,
                     double rate_per_s, struct crowd *crowd);

/* Requests that neither compute nor wait for the backend wait for their turn.
 * What comes by chance has peaks; clients who ask again at once have none, and
 * all others are as many at most. What a peak brought is kept, but for sockets'
 * bytes and for children, which end: `most` counts these at the peak too. */
struct crowd memory_crowd(const struct service *p,
                          const struct model_constants *model,
                          const struct cost *cost,
                          const struct simulation_result *result, bool most);
