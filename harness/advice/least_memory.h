/* SPDX-License-Identifier: MIT
 *
 * The least memory in which a service can be served.
 */
#pragma once

#include "harness/predict/forecast.h"

struct least_memory {
    const struct model_constants *model; /* NULL: none carries the load */
    int workers;                         /* 0: none to set */
    double bytes;                        /* at a peak */
};

/* Of the forecasts' models, each with the workers that it needs or with as few
 * as carry the load. */
struct least_memory least_memory_find(const struct service *service,
                                      const struct machine *machine,
                                      const struct forecast *const *forecasts,
                                      int count,
                                      const struct precision *precision);
