/* SPDX-License-Identifier: MIT */
#include "summary_rows.h"

#include <stdbool.h>
#include <string.h>

#include "harness/base/json.h"

json_t *summary_row(const json_t *run, const char *experiment,
                    const char *load_point, const char *model,
                    const char *metric)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "summary"), i, row)
        if (json_text_is(row, "experiment", experiment) &&
            json_text_is(row, "load_point", load_point) &&
            json_text_is(row, "model", model) &&
            json_text_is(row, "metric", metric))
            return row;
    return NULL;
}

json_t *summary_comparison(const json_t *run, const char *experiment,
                           const char *load_point, const char *metric,
                           const char *a, const char *b)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(run, "comparisons"), i, row)
        if (json_text_is(row, "experiment", experiment) &&
            json_text_is(row, "load_point", load_point) &&
            json_text_is(row, "metric", metric) && json_text_is(row, "a", a) &&
            json_text_is(row, "b", b))
            return row;
    return NULL;
}

int summary_each_point(const json_t *run,
                       int (*visit)(const json_t *experiment,
                                    const json_t *point, void *context),
                       void *context)
{
    const json_t *experiment, *point;
    size_t i, j;
    json_array_foreach (json_object_get(run, "experiments"), i, experiment)
        json_array_foreach (json_object_get(experiment, "load_points"), j,
                            point) {
            int result = visit(experiment, point, context);
            if (result != 0)
                return result;
        }
    return 0;
}

bool summary_is_yardstick(const json_t *run, const char *model)
{
    return json_true_of(json_object_get(json_object_get(run, "models"), model),
                        "yardstick");
}
