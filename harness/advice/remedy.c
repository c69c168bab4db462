/* SPDX-License-Identifier: MIT */
#include "remedy.h"

#include <math.h>
#include <stdio.h>

/* Requests that are simulated on the way; the last step has all of them. */
enum { REQUESTS_ON_THE_WAY = 20000, CORES_MOST = 64, TRIES = 5 };

static const double THINK_MOST_NS = 60e9, LEAST_SHARE = 1e-3, WITHIN = 1.01;

struct search {
    const struct service *service;
    const struct machine *machine;
    const struct model_constants *model;
    int workers;
    struct precision precision;
};

const char *remedy_name(enum remedy remedy)
{
    static const char *const names[REMEDIES] = {"connections", "rate", "think",
                                                "cores", "cpu"};
    return names[remedy];
}

static bool is_whole(enum remedy remedy)
{
    return remedy == REMEDY_CONNECTIONS || remedy == REMEDY_CORES;
}

static void apply(enum remedy remedy, double value, struct service *service)
{
    switch (remedy) {
    case REMEDY_CONNECTIONS:
        service->connections = (int)value;
        break;
    case REMEDY_RATE:
        service->rate_per_s = value;
        break;
    case REMEDY_THINK:
        service->think_ns = value;
        break;
    case REMEDY_CORES:
        service->cores = (int)value;
        break;
    case REMEDY_CPU:
        service->cpu_ns = value;
        break;
    case REMEDIES:
        break;
    }
}

static bool keeps(const struct search *search, enum remedy remedy, double value)
{
    struct service service = *search->service;
    struct forecast f;
    char why[256];

    apply(remedy, value, &service);
    return forecast_make(&service, search->machine, search->model,
                         search->workers, &search->precision, &f, why,
                         sizeof why) == 0 &&
           f.on_limit == KEPT;
}

/* Two significant digits, towards `good`. */
static double rounded(enum remedy remedy, double good, double bad)
{
    if (is_whole(remedy))
        return good;
    double unit = pow(10, floor(log10(good)) - 1);
    return unit *
           (good < bad ? floor(good / unit + 1e-9) : ceil(good / unit - 1e-9));
}

/* The value nearest to `bad` that keeps the limit, between the two; NAN if
 * `good` does not. */
static double nearest(const struct search *search, enum remedy remedy,
                      double good, double bad)
{
    struct search quick = *search, whole = *search;

    quick.precision.budget = quick.precision.requests;
    if (quick.precision.requests > REQUESTS_ON_THE_WAY)
        quick.precision.requests = REQUESTS_ON_THE_WAY;
    quick.precision.requests_near_full = 0;
    if (!keeps(&quick, remedy, good))
        return NAN;
    while (is_whole(remedy) ? fabs(bad - good) > 1
                            : fmax(bad / good, good / bad) > WITHIN) {
        double middle = sqrt(good * bad);
        if (is_whole(remedy))
            middle = good < bad ? fmax(floor(middle), good + 1)
                                : fmax(floor(middle), bad + 1);
        if (keeps(&quick, remedy, middle))
            good = middle;
        else
            bad = middle;
    }
    double value = rounded(remedy, good, bad);
    for (int i = 0; i < TRIES; i++) {
        if (keeps(&whole, remedy, value))
            return value;
        double step =
            is_whole(remedy) ? fmax(1, floor(value * 0.05)) : value * 0.05;
        value = rounded(remedy, value + (good < bad ? -step : step), bad);
        if (!(value > 0))
            break;
    }
    return NAN;
}

/* Whether the model's workers, if any, grow with the cores and not with what is
 * in flight: they need no search when CPU or cores are others. */
static bool is_free(const struct forecast *f)
{
    return f->workers == 0 || f->model->discipline == DISCIPLINE_LOOP;
}

static bool is_free_and_parallel(const struct forecast *f)
{
    return is_free(f) && f->model->parallel;
}

/* The forecast that comes nearest to the limit: by its time, or by its capacity
 * where none was simulated. NULL: `fits` is true of none. */
static const struct forecast *best_of(const struct forecast *const *forecasts,
                                      int count,
                                      bool (*fits)(const struct forecast *f))
{
    const struct forecast *best = NULL;

    for (int i = 0; i < count; i++) {
        const struct forecast *f = forecasts[i];
        if (fits && !fits(f))
            continue;
        if (!best || f->simulated > best->simulated ||
            (f->simulated && best->simulated &&
             f->limit_ns.value < best->limit_ns.value) ||
            (!f->simulated && !best->simulated &&
             f->capacity_per_s > best->capacity_per_s))
            best = f;
    }
    return best;
}

/* The limit's percentile of one client's requests, who are never in a queue. */
static double alone_ns(const struct search *search)
{
    struct service alone = *search->service;
    struct forecast f;
    char why[256];

    alone.rate_per_s = alone.think_ns = 0;
    alone.connections = alone.burst = 1;
    return forecast_make(&alone, search->machine, search->model,
                         search->workers, &search->precision, &f, why,
                         sizeof why) == 0 &&
                   f.simulated && f.on_limit == KEPT_NOT
               ? f.limit_ns.value
               : NAN;
}

/* Looks for the value with the forecast's model and, unless they are to grow
 * with the cores, its workers. */
static void look(struct remedies *found, const struct search *common,
                 const struct forecast *f, enum remedy remedy, double good,
                 double bad)
{
    struct search search = *common;

    if (!f)
        return;
    search.model = f->model;
    search.workers = is_free(f) ? 0 : f->workers;
    found->of[remedy].by = f->model;
    found->of[remedy].value = nearest(&search, remedy, good, bad);
}

struct remedies remedies_find(const struct service *p,
                              const struct machine *machine,
                              const struct forecast *const *forecasts,
                              int count, const struct precision *precision)
{
    struct remedies found = {.alone_ns = NAN};
    const struct forecast *best = best_of(forecasts, count, NULL);

    for (int i = 0; i < REMEDIES; i++)
        found.of[i].value = NAN;
    if (!best)
        return found;
    struct search search = {p, machine, best->model, best->workers, *precision};
    found.model = best->model;
    found.workers = best->workers;
    found.alone_ns = alone_ns(&search);
    if (isfinite(found.alone_ns))
        return found;
    if (p->rate_per_s > 0)
        look(&found, &search, best, REMEDY_RATE, p->rate_per_s * LEAST_SHARE,
             p->rate_per_s);
    else
        look(&found, &search, best, REMEDY_CONNECTIONS, 1, p->connections);
    if (p->rate_per_s <= 0 && p->think_ns < THINK_MOST_NS)
        look(&found, &search, best, REMEDY_THINK, THINK_MOST_NS,
             fmax(p->think_ns, 1e5));
    if (p->cores < CORES_MOST)
        look(&found, &search, best_of(forecasts, count, is_free_and_parallel),
             REMEDY_CORES, CORES_MOST, p->cores);
    if (p->cpu_ns > 0)
        look(&found, &search, best_of(forecasts, count, is_free), REMEDY_CPU,
             p->cpu_ns * LEAST_SHARE, p->cpu_ns);
    return found;
}
