/* SPDX-License-Identifier: MIT
 *
 * What the experiment asks for, wherever that has a meaning: it was fixed
 * before anything was measured, and stays if nobody has a figure for it. Else
 * by the kind of load.
 */
#include "headline.h"

#include <string.h>

#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "summary.h"
#include "summary_rows.h"

/* Whether a contender has a figure. */
static bool told(const json_t *run, const json_t *experiment,
                 const json_t *point, const char *metric)
{
    const json_t *models = json_object_get(run, "models"), *name, *row;
    size_t i;

    json_array_foreach (json_object_get(point, "models"), i, name) {
        const char *model = json_string_value(name);

        row = summary_row(run, json_text_of(experiment, "name"),
                          json_text_of(point, "id"), model, metric);
        if (json_is_number(json_object_get(row, "value")) &&
            !json_true_of(json_object_get(models, model), "yardstick"))
            return true;
    }
    return false;
}

/* An open loop offers everybody the same rate, so there latency decides: the
 * deepest percentile that any contender has. */
static const char *latency(const json_t *run, const json_t *experiment,
                           const json_t *point)
{
    static const char *const names[] = {"latency_p99_ns", "latency_p50_ns",
                                        "latency_mean_ns"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (told(run, experiment, point, names[i]))
            return names[i];
    return names[0];
}

/* Beside a job, or among heavy requests, the latency of those harmed. */
static const char *choose(const json_t *run, const json_t *experiment,
                          const json_t *point)
{
    const struct metric *asked =
        metric_find(json_text_of(experiment, "headline"));
    const char *mode = json_text_of(json_object_get(point, "load"), "mode");

    if (asked != NULL && metric_applies(asked, point))
        return asked->name;
    if (!strcmp(mode, "search"))
        return "capacity_per_s";
    if (json_is_object(json_object_get(point, "beside")))
        return "beside_p99_ns";
    if (!strcmp(mode, "idle"))
        return "memory_per_idle_connection_bytes";
    if (json_true_of(point, "classes") &&
        told(run, experiment, point, "latency_light_p99_ns"))
        return "latency_light_p99_ns";
    if (!strcmp(mode, "open") || !strcmp(mode, "soak"))
        return latency(run, experiment, point);
    return "throughput_per_s";
}

void headline_make(json_t *run)
{
    const json_t *experiment;
    json_t *point;
    size_t i, j;

    json_array_foreach (json_object_get(run, "experiments"), i, experiment)
        json_array_foreach (json_object_get(experiment, "load_points"), j,
                            point)
            json_object_set_new(point, "headline",
                                json_string(choose(run, experiment, point)));
}
