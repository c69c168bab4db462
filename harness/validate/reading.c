/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include <math.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/figures/metric.h"

static const double STALL_SHARE = 0.1;

double reading_percentile(const json_t *trial, double percentile)
{
    const json_t *latency = json_object_get(trial, "latency");
    char why[160];

    if (isnan(metric_of(metric_find("latency_p50_ns"), trial, why, sizeof why)))
        return NAN;
    return metric_percentile(
        json_object_get(latency, json_text_of(latency, "kind")), percentile);
}

bool reading_is_stalled(const json_t *trial, double latency_ns)
{
    return !(json_figure_in(trial, "platform", "max_ns") <
             STALL_SHARE * latency_ns);
}

bool reading_is_bound(const json_t *trial, const char *figure)
{
    const json_t *bound = json_object_get(trial, "bound"), *name;
    size_t i;

    json_array_foreach (json_object_get(bound, "figures"), i, name)
        if (json_is_string(name) && !strcmp(json_string_value(name), figure))
            return true;
    return false;
}
