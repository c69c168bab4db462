/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <math.h>

static const double NS_PER_S = 1e9;

double memory_flight_bytes(const struct service *p,
                           const struct model_constants *model)
{
    return p->wait_ns > 0 ? constant_of(model, CONSTANT_MEMORY_FLIGHT, 0) : 0;
}

/* Constants that were measured with one loop hold the first loop alone. */
static double workers_bytes(const struct model_constants *model, int workers)
{
    bool more =
        model->discipline == DISCIPLINE_LOOP && !model->offloads && workers > 1;

    return workers * constant_of(model, CONSTANT_MEMORY_WORKER, more ? NAN : 0);
}

double memory_of(const struct service *p, const struct model_constants *model,
                 int workers, const struct crowd *crowd)
{
    return constant_of(model, CONSTANT_MEMORY, NAN) +
           workers_bytes(model, workers) +
           crowd->connections *
               constant_of(model, CONSTANT_MEMORY_CONNECTION, 0) +
           crowd->carried * memory_flight_bytes(p, model) +
           crowd->queued * constant_of(model, CONSTANT_MEMORY_QUEUED, 0) +
           (crowd->waiting + crowd->answered) *
               constant_of(model, CONSTANT_MEMORY_SENT, 0) +
           crowd->answered * p->payload_bytes *
               constant_of(model, CONSTANT_MEMORY_PAYLOAD, 1) +
           crowd->rate_per_s * constant_of(model, CONSTANT_MEMORY_ENDED, 0);
}

/* Children that are alive at most while the dispatcher has a backlog. The
 * kernel shares the CPU fairly between it and them, and a child that wakes
 * takes it at once; so as many compute as a child's CPU is that of the
 * dispatcher for it, and the others wait for the backend. In a simulated slice
 * the dispatcher may start more. (Of threads the most that lived at once count:
 * their stacks are kept.) */
static double children_most(const struct service *p,
                            const struct model_constants *model,
                            const struct cost *cost, double rate_per_ns)
{
    if (!model->dispatches || model->discipline != DISCIPLINE_PROCESS)
        return INFINITY;
    return rate_per_ns * cost_calls_wait_ns(p, model) +
           cost->total_ns / cost_dispatch_ns(model, cost) - 1;
}

void memory_add_sent(const struct service *p,
                     const struct model_constants *model, double in_flight,
                     double rate_per_s, struct crowd *crowd)
{
    double idle = fmax(0, crowd->connections - in_flight);
    double wait_s = cost_calls_wait_ns(p, model) / NS_PER_S;

    crowd->rate_per_s = rate_per_s;
    if (p->wait_ns > 0 && p->wait_ns / p->calls < ACKNOWLEDGED_NS)
        crowd->waiting = rate_per_s * wait_s;
    if (idle / rate_per_s * NS_PER_S < ACKNOWLEDGED_NS)
        crowd->answered = idle;
}

struct crowd memory_crowd(const struct service *p,
                          const struct model_constants *model,
                          const struct cost *cost,
                          const struct simulation_result *result, bool most)
{
    double rate_per_ns = result->rate_per_s.value / NS_PER_S;
    double in_flight =
        fmax(0, result->in_flight - rate_per_ns * cost_path_ns(p, model));
    double peak = 1 + 3 / sqrt(fmax(in_flight, 1e-9));
    bool ends = model->dispatches && model->discipline == DISCIPLINE_PROCESS;

    if (p->rate_per_s <= 0 && p->think_ns <= 0)
        peak = 1;
    if (p->connections > 0)
        peak = fmin(peak, p->connections / in_flight);
    double undispatched =
        model->dispatches ? rate_per_ns * result->queued_ns : 0;
    double queued =
        in_flight - result->busy - rate_per_ns * cost_calls_wait_ns(p, model);
    struct crowd crowd = {
        .connections = p->connections > 0 ? p->connections : peak * in_flight,
        .carried = (most || !ends ? peak : 1) *
                   fmin(fmax(0, in_flight - undispatched),
                        children_most(p, model, cost, rate_per_ns)),
        .queued = (most ? peak : 1) * fmax(0, queued),
    };
    memory_add_sent(p, model, in_flight, result->rate_per_s.value, &crowd);
    return crowd;
}
