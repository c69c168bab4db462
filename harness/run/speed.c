/* SPDX-License-Identifier: MIT
 *
 * From the trials' JSON, so that it holds for a resumed run as well.
 */
#include "speed.h"

#include <stdlib.h>
#include <string.h>

#include "harness/experiment/experiment.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool has_text(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value != NULL && !strcmp(value, text);
}

double run_speed_usual(const json_t *trials, const char *experiment,
                       const char *load_point, const char *model)
{
    double speeds[EXPERIMENT_BLOCKS_MAX];
    int count = 0;
    size_t i;
    json_t *trial;

    json_array_foreach (trials, i, trial) {
        const json_t *speed =
            json_object_get(json_object_get(trial, "platform"), "speed_per_us");

        if (count < EXPERIMENT_BLOCKS_MAX && json_is_number(speed) &&
            json_is_true(json_object_get(trial, "valid")) &&
            has_text(json_object_get(trial, "cell"), "model", model) &&
            has_text(trial, "load_point", load_point) &&
            has_text(trial, "experiment", experiment))
            speeds[count++] = json_number_value(speed);
    }
    if (count < 3)
        return 0;
    qsort(speeds, (size_t)count, sizeof(*speeds), by_value);
    return speeds[count / 2];
}
