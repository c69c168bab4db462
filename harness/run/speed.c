/* SPDX-License-Identifier: MIT
 *
 * From the trials' JSON, so that it holds for a resumed run as well.
 */
#include "speed.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/base/statistics.h"
#include "harness/experiment/experiment.h"

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
            json_true_of(trial, "valid") &&
            json_text_is(json_object_get(trial, "cell"), "model", model) &&
            json_text_is(trial, "load_point", load_point) &&
            json_text_is(trial, "experiment", experiment))
            speeds[count++] = json_number_value(speed);
    }
    if (count < 3)
        return 0;
    qsort(speeds, (size_t)count, sizeof(*speeds), statistics_ascending);
    return speeds[count / 2];
}
