/* SPDX-License-Identifier: MIT
 *
 * The figures as JSON, by results/schema/primitives.schema.json.
 */

#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/run/environment.h"
#include "primitives.h"

static json_t *figure(const struct primitive_result *result, double value)
{
    return result->repetitions > 0 ? json_real(value) : json_null();
}

static json_t *one_json(const struct primitive *primitive,
                        const struct primitive_result *result)
{
    json_t *values = json_array();

    for (int i = 0; i < result->repetitions; i++)
        json_array_append_new(values, json_real(result->ns[i]));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
        primitive->name, "group", primitive->group, "clock", primitive->clock,
        "what", primitive->what, "operations", (json_int_t)result->operations,
        "median_ns", figure(result, result->median_ns), "lower_quartile_ns",
        figure(result, result->lower_ns), "upper_quartile_ns",
        figure(result, result->upper_ns), "min_ns",
        figure(result, result->min_ns), "max_ns",
        figure(result, result->max_ns), "values_ns", values, "why",
        result->error < 0 ? json_string(primitives_why(result->error))
                          : json_null());
}

json_t *primitives_json(const struct primitive_result *results, int repetitions,
                        int64_t started_at, int64_t ended_at)
{
    json_t *list = json_array();
    bool whole = true;

    for (int i = 0; primitives[i].name; i++) {
        if (results[i].operations == 0 && results[i].error == 0) {
            whole = false;
            continue;
        }
        json_array_append_new(list, one_json(&primitives[i], &results[i]));
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:b, s:i, s:o, s:o}",
                     "schema_version", 1, "kind", "primitives", "tool_version",
                     version(), "variant", version_variant(), "started_at",
                     json_time(started_at), "ended_at", json_time(ended_at),
                     "whole", whole, "repetitions", repetitions, "environment",
                     environment_capture(), "primitives", list);
}
