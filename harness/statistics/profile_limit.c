/* SPDX-License-Identifier: MIT
 *
 * The same rule as in reports/limits.py (missed), for a run's last lines.
 */
#include "profile_limit.h"

#include <stdbool.h>
#include <stdio.h>

#include "harness/base/json.h"
#include "models/runtime/base/units.h"
#include "summary.h"
#include "summary_rows.h"

static bool beyond(const json_t *run, const json_t *experiment,
                   const json_t *point, const char *model, const char *metric,
                   double limit)
{
    const json_t *row = summary_row(run, json_string_of(experiment, "name"),
                                    json_string_of(point, "id"), model, metric);

    return json_number_of(row, "lo") > limit;
}

static bool misses(const json_t *run, const json_t *experiment,
                   const json_t *point, const char *model)
{
    const json_t *profile = json_object_get(experiment, "profile");
    bool beside = json_is_object(json_object_get(point, "beside"));
    double limit = json_number_of(profile, "limit_ns");
    double memory = json_number_of(profile, "memory_bytes");
    double p = json_number_of(profile, "limit_percentile");
    char metric[48];

    if (limit > 0) {
        snprintf(metric, sizeof(metric), "%s_p%g_ns",
                 beside ? "beside" : "latency", p > 0 ? p : 99);
        if (beyond(run, experiment, point, model, metric, limit) ||
            (!beside &&
             beyond(run, experiment, point, model, "latency_p50_ns", limit)))
            return true;
    }
    return memory > 0 &&
           beyond(run, experiment, point, model, "memory_total_bytes", memory);
}

json_t *profile_limit_missed(const json_t *run, const json_t *experiment,
                             const json_t *point)
{
    const json_t *models = json_object_get(run, "models"), *name;
    json_t *found = json_array();
    size_t i;

    json_array_foreach (json_object_get(point, "models"), i, name) {
        const char *model = json_string_value(name);

        if (found != NULL &&
            !json_true_of(json_object_get(models, model), "yardstick") &&
            misses(run, experiment, point, model) &&
            json_array_append_new(found, json_string(model)) < 0) {
            json_decref(found);
            found = NULL;
        }
    }
    return found;
}

char *profile_limit_words(const json_t *experiment, char *text, size_t size)
{
    const json_t *profile = json_object_get(experiment, "profile");
    const char *limit = json_string_of(profile, "limit");
    json_int_t memory = json_integer_of(profile, "memory_bytes");
    char bytes[32] = "";

    if (memory > 0)
        units_format(UNIT_BYTES, memory, bytes, sizeof(bytes));
    snprintf(text, size, "%s%s%s%s", limit != NULL ? limit : "",
             limit != NULL && memory > 0 ? " or " : "", bytes,
             memory > 0 ? " of memory" : "");
    return text;
}
