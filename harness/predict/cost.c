/* SPDX-License-Identifier: MIT */
#include "cost.h"

#include <math.h>

/* Of the CPU of a request that does nothing, what the dispatcher does: parse it
 * and start a task. With hello on one core, /proc showed 0.36 to 0.37 for
 * process-per-request (parent against children) and 0.40 for
 * thread-per-request (first thread against all). */
static const double DISPATCH_SHARE = 0.38;

/* Of what a request costs by itself, the part that many in flight leave. */
static const double GROWN_LEAST = 0.1;

static double half_of(const struct model_constants *model, enum constant_id id)
{
    const struct constant *c = &model->of[id];
    return c->n > 1 ? (c->hi - c->lo) / 2 : 0;
}

/* Gaps between the messages of a busy server vary around their mean: from a
 * quarter of doze on some are long enough for the receiver to fall asleep, from
 * doze on all are. */
static double gap_share(double gap_ns, double doze_ns)
{
    static const double LEAST = 0.25;

    if (doze_ns <= 0)
        return 0;
    return fmin(1, fmax(0, (gap_ns / doze_ns - LEAST) / (1 - LEAST)));
}

/* CPU of waking, for a request or a call: of this server, if it sleeps, and of
 * who gets what it sends. Each core serves `each_per_s` requests, and `gap_ns`
 * is its CPU between two messages. */
static double waking_ns(const struct service *p,
                        const struct model_constants *model, double load,
                        double each_per_s, double gap_ns)
{
    double calls = p->wait_ns > 0 ? p->calls : 0;
    double doze_ns = constant_of(model, CONSTANT_DOZE, 0);
    double doze_s = doze_ns / 1e9;
    /* Requests come by chance, but for clients who ask as soon as they are
     * answered; answers to calls do. */
    bool by_chance = p->rate_per_s > 0 || p->think_ns > 0;
    double own = fmax(0, 1 - load) * exp(-each_per_s * (1 + calls) * doze_s);
    double share = gap_share(gap_ns, doze_ns);
    /* Who sends a request to a server that sleeps falls asleep itself. */
    double peer = share * exp(-each_per_s * (calls + by_chance) * doze_s) +
                  (1 - share) * own;

    return own * fmax(0, constant_of(model, CONSTANT_WAKE, 0)) +
           peer * fmax(0, constant_of(model, CONSTANT_PEER, 0));
}

struct cost cost_of(const struct service *p,
                    const struct model_constants *model, double cores,
                    double load, double in_flight, double rate_per_s)
{
    double calls = p->wait_ns > 0 ? p->calls : 0;
    double per_connection =
        p->requests_per_connection > 0 ? 1 / p->requests_per_connection : 0;
    double growth = in_flight > COST_FLIGHT_MEASURED
                        ? log2(in_flight / COST_FLIGHT_MEASURED) *
                              constant_of(model, CONSTANT_GROWTH, 0)
                        : 0;
    double more = fmax(GROWN_LEAST, 1 + growth);
    /* Where calls were not measured, one costs what a request does. */
    double first = constant_of(model, CONSTANT_CALL_FIRST,
                               constant_of(model, CONSTANT_REQUEST, 0));
    double further = constant_of(model, CONSTANT_CALL, first);
    double calls_ns = calls > 0 ? first + (calls - 1) * further : 0;
    struct cost cost = {
        .request_ns =
            more *
            (constant_of(model, CONSTANT_REQUEST, 0) +
             p->payload_bytes * constant_of(model, CONSTANT_BYTE, 0) +
             per_connection * constant_of(model, CONSTANT_CONNECTION, 0)),
        .empty_ns = more * constant_of(model, CONSTANT_REQUEST, 0),
        .call_ns = calls > 0 ? more * calls_ns / calls : 0,
        .work_ns = p->cpu_ns * constant_of(model, CONSTANT_WORK_FACTOR, 1),
    };
    double awake_ns = cost.request_ns + calls * cost.call_ns + cost.work_ns;
    double waking = waking_ns(p, model, load, rate_per_s / cores,
                              awake_ns / (1 + calls) / cores);

    cost.request_ns += waking;
    cost.call_ns += calls > 0 ? waking : 0;
    cost.total_ns = awake_ns + (1 + calls) * waking;
    cost.half_ns = hypot(
        hypot(more * half_of(model, CONSTANT_REQUEST),
              p->cpu_ns * half_of(model, CONSTANT_WORK_FACTOR)),
        hypot(calls > 0 ? more * half_of(model, CONSTANT_CALL_FIRST) : 0,
              calls > 1 ? more * (calls - 1) * half_of(model, CONSTANT_CALL)
                        : 0));
    return cost;
}

struct cost cost_full(const struct service *p,
                      const struct model_constants *model, double cores)
{
    enum { ROUNDS = 12 };
    double most = p->connections > 0 ? p->connections : INFINITY;
    double wait_ns = cost_calls_wait_ns(p, model);
    struct cost cost = cost_of(p, model, cores, 1, COST_FLIGHT_MEASURED, 0);

    for (int i = 0; i < ROUNDS && cost.total_ns > 0; i++) {
        double per_ns = cores / cost.total_ns;
        double in_flight = per_ns * (wait_ns + cost.total_ns);
        cost = cost_of(p, model, cores, 1, fmin(in_flight, most), per_ns * 1e9);
    }
    return cost;
}

void cost_scale(struct cost *cost, double factor)
{
    cost->request_ns *= factor;
    cost->empty_ns *= factor;
    cost->call_ns *= factor;
    cost->work_ns *= factor;
    cost->total_ns *= factor;
    cost->half_ns *= factor;
}

double cost_path_ns(const struct service *p,
                    const struct model_constants *model)
{
    return fmax(0, constant_of(model, CONSTANT_PATH, 0)) +
           (p->rate_per_s > 0 ? fmax(0, constant_of(model, CONSTANT_LAG, 0))
                              : 0);
}

double cost_calls_wait_ns(const struct service *p,
                          const struct model_constants *model)
{
    double way_ns = constant_of(model, CONSTANT_CALL_PATH,
                                constant_of(model, CONSTANT_PATH, 0) +
                                    constant_of(model, CONSTANT_LAG, 0));
    return p->wait_ns > 0 ? p->wait_ns + p->calls * fmax(0, way_ns) : 0;
}

double cost_dispatch_ns(const struct model_constants *model,
                        const struct cost *cost)
{
    return model->dispatches ? DISPATCH_SHARE * cost->empty_ns : 0;
}
