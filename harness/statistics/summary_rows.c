/* SPDX-License-Identifier: MIT */
#include "summary_rows.h"

#include <stdbool.h>
#include <string.h>

static bool is(const json_t *object, const char *key, const char *value)
{
    const char *text = json_string_value(json_object_get(object, key));

    return !strcmp(text != NULL ? text : "", value);
}

json_t *summary_row(const json_t *run, const char *experiment,
                    const char *load_point, const char *model,
                    const char *metric)
{
    json_t *row;
    size_t i;

    json_array_foreach (json_object_get(run, "summary"), i, row)
        if (is(row, "experiment", experiment) &&
            is(row, "load_point", load_point) && is(row, "model", model) &&
            is(row, "metric", metric))
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
        if (is(row, "experiment", experiment) &&
            is(row, "load_point", load_point) && is(row, "metric", metric) &&
            is(row, "a", a) && is(row, "b", b))
            return row;
    return NULL;
}
