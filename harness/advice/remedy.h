/* SPDX-License-Identifier: MIT
 *
 * What would keep a latency limit that no model keeps: fewer clients, a lower
 * rate, a pause, more cores, less CPU. Each is found by bisection in the
 * simulator, with the one model that is nearest to the limit, all else left as
 * it is. A remedy that is told was simulated, and kept the limit.
 */
#pragma once

#include "harness/predict/forecast.h"

enum remedy {
    REMEDY_CONNECTIONS, /* at most; or a limit of the queue there */
    REMEDY_RATE,        /* at most, per second */
    REMEDY_THINK,       /* at least, ns */
    REMEDY_CORES,       /* at least */
    REMEDY_CPU,         /* at most, ns of the handler */
    REMEDIES,
};

struct remedies {
    const struct model_constants *model; /* NULL: none was looked for */
    int workers;                         /* that it has; 0: none */
    /* The limit's percentile of a request without any queue, when that is over
     * the limit already; else NAN. */
    double alone_ns;
    struct {
        double value;                     /* NAN: does not help or apply */
        const struct model_constants *by; /* that it was simulated with */
    } of[REMEDIES];
};

/* "connections". */
const char *remedy_name(enum remedy remedy);

/* `forecasts` are those of the service: none keeps its limit. */
struct remedies remedies_find(const struct service *service,
                              const struct machine *machine,
                              const struct forecast *const *forecasts,
                              int count, const struct precision *precision);
