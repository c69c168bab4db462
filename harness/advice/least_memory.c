/* SPDX-License-Identifier: MIT */
#include "least_memory.h"

#include <math.h>

static const double NS_PER_S = 1e9;

static bool carries(const struct service *p, const struct forecast *f)
{
    return p->rate_per_s <= 0 || f->load < FORECAST_OVERLOAD;
}

/* The forecast with so many workers (0: as many as are needed), if they carry
 * the load in less memory than `least`. Returns the workers; 0: it cannot be
 * made. */
static int take(const struct service *p, const struct machine *machine,
                const struct model_constants *model, int workers,
                const struct precision *precision, struct least_memory *least,
                struct forecast *f)
{
    char why[256];

    if (forecast_make(p, machine, model, workers, precision, f, why,
                      sizeof why) < 0)
        return 0;
    if (carries(p, f) && isfinite(f->memory_most_bytes) &&
        (!least->model || f->memory_most_bytes < least->bytes))
        *least = (struct least_memory){model, f->workers, f->memory_most_bytes};
    return f->workers;
}

struct least_memory least_memory_find(const struct service *service,
                                      const struct machine *machine,
                                      const struct forecast *const *forecasts,
                                      int count,
                                      const struct precision *precision)
{
    struct service unlimited = *service;
    struct least_memory least = {.model = NULL};

    unlimited.memory_bytes = 0;
    for (int i = 0; i < count; i++) {
        const struct model_constants *model = forecasts[i]->model;
        struct forecast f;
        int needed = take(&unlimited, machine, model, 0, precision, &least, &f);
        if (needed == 0 || !model->has_workers ||
            model->discipline != DISCIPLINE_WORKER || service->rate_per_s <= 0)
            continue;
        int fewest = (int)floor(service->rate_per_s * f.held_ns / NS_PER_S /
                                FORECAST_OVERLOAD) +
                     1;
        if (fewest < needed)
            take(&unlimited, machine, model, fewest, precision, &least, &f);
    }
    return least;
}
