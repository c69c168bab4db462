/* SPDX-License-Identifier: MIT
 *
 * What a model would do for a service: capacity by the laws that can bind
 * (laws.h), percentiles by simulation, memory by slopes, and how many workers
 * it needs. The laws' CPU time of a request has two parts: overheads from the
 * machine's constants, and the handler's work times the model's factor.
 */
#pragma once

#include "constants.h"
#include "harness/simulate/simulation.h"
#include "kept.h"
#include "laws.h"
#include "service.h"

/* At this share of the capacity and above, a queue grows for as long as it is
 * looked at. */
#define FORECAST_OVERLOAD 0.98

/* Above this one queues are long, and settle late. */
#define FORECAST_NEAR_FULL 0.85

/* A figure whose simulated interval is wider is not settled: half of it, of the
 * figure. */
#define FORECAST_SETTLED 0.1

struct forecast {
    const struct model_constants *model;
    int workers; /* 0: it has none to set */

    double request_cpu_ns; /* S at the load that is asked for */
    double full_cpu_ns;    /* S under full load, which bounds the capacity */
    double held_ns;        /* full_cpu_ns and the waits, with their paths */
    int cores;             /* that the model can use */
    /* With the interval of the constants alone. */
    double capacity_per_s, capacity_lo_per_s, capacity_hi_per_s;
    enum law law;           /* that bounds the capacity */
    double law_per_s[LAWS]; /* INFINITY: does not apply */

    double rate_per_s; /* asked for, or what the clients ask */
    double load;       /* rate / capacity, 1 and more: overload */
    bool grows;        /* no law says so, but the simulated queue has no end:
                          capacity and load are the simulated ones */
    bool simulated;    /* latencies and busy are there: not under
                          overload, nor where the
                          discipline is not known, nor: */
    double events;     /* that its last simulation takes, about */
    double beyond;     /* how many times too much it is to simulate (effort.h);
                          0: it is not. The limit is not judged then. */
    struct simulated mean_ns, p50_ns, p90_ns, p99_ns;
    struct simulated limit_ns; /* at the limit's percentile */
    double busy;               /* cores */
    double in_flight;
    double memory_bytes;      /* NAN: not known */
    double memory_most_bytes; /* at a peak, which a limit must hold */
    /* A latency that was not simulated is not known, unless there is overload.
     * Nor is the memory of a server that was not measured at rest, or of which
     * nothing says what a waiting request occupies. */
    enum kept on_limit, on_memory;
};

/* Requests that are known one by one: when each comes, ascending, and how much
 * its wait and its work are of the mean. */
struct request_log {
    const double *at_ns, *wait_factors, *work_factors;
    int64_t count, warmup; /* the first ones, which are not measured */
};

/* Requests of a forecast that is told: a p99 to about 3 %; and near full load,
 * where a queue is long and settles late. */
enum { FORECAST_REQUESTS = 100000, FORECAST_REQUESTS_NEAR_FULL = 300000 };

/* How precise: requests to simulate, and the seed. 0 requests: the laws alone,
 * without latencies; then workers are those in flight and twice their root. */
struct precision {
    int64_t requests;
    /* Near full load, where a queue is long and settles late; 0: no more. */
    int64_t requests_near_full;
    uint64_t seed;
    /* Requests whose events it may take (effort.h); 0: `requests`. Who
     * simulates fewer for speed may still take what the whole may. */
    int64_t budget;
    /* At a rate: these requests instead of such as come by chance. NULL: none.
     */
    const struct request_log *log;
    /* The CPU of a request as it was measured, in place of what the constants
     * say; 0: none. */
    double request_cpu_ns;
};

/* Forecasts the model with `workers` (0: those that it needs, found by
 * forecast_workers; a model whose workers cannot be set has its own, whatever
 * is given). Returns 0, also if it is too much to simulate; -EINVAL with the
 * reason, or -ENOMEM. */
int forecast_make(const struct service *service, const struct machine *machine,
                  const struct model_constants *model, int workers,
                  const struct precision *precision, struct forecast *forecast,
                  char *why, size_t why_size);

/* As forecast_make, and looks again where fewer requests than FORECAST_REQUESTS
 * might give a figure on the other side of the limit, or one that has not
 * settled since the load is nearly full. All verbs then say what troika predict
 * says. */
int forecast_surely(const struct service *service,
                    const struct machine *machine,
                    const struct model_constants *model, int workers,
                    const struct precision *precision,
                    struct forecast *forecast, char *why, size_t why_size);

/* Half of the simulated interval, of the figure. */
double forecast_half_share(const struct simulated *figure);

/* Whether the memory at a peak is within the service's limit. Of a server that
 * is not known entirely the forecast is the least that it needs. */
enum kept forecast_on_memory(const struct service *service,
                             const struct forecast *forecast);

/* The least number of workers whose p99 is within 5 % of the best that any
 * number gives, and whose mean is within 5 % of the best of such, at the rate
 * (or the clients) of the service. 0 where the model has no workers. Where
 * that is too much to simulate, and by how many times is set in *beyond (unless
 * it is NULL): those in flight and twice their root. */
int forecast_workers(const struct service *service,
                     const struct machine *machine,
                     const struct model_constants *model,
                     const struct precision *precision, double *beyond);
