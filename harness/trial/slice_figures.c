/* SPDX-License-Identifier: MIT
 *
 * What is unknown is null.
 */
#include "slice_figures.h"

#include <math.h>

#include "harness/base/json.h"

bool slice_sampled(const struct slice *slice)
{
    double most_ns = 0.05 * (double)slice->counted_ns;

    return (double)slice->late_ns <= (most_ns > 5e6 ? most_ns : 5e6);
}

json_t *slices_json(const struct trial_slices *slices)
{
    json_t *list;

    if (!slices)
        return json_null();
    list = json_array();
    for (int i = 0; i < slices->count; i++) {
        const struct slice *slice = &slices->rows[i];

        json_array_append_new(
            list, json_pack("{s:I, s:I, s:I, s:o, s:o, s:I, s:b}", "started_ns",
                            (json_int_t)slice->started_ns, "counted_ns",
                            (json_int_t)slice->counted_ns, "completed",
                            (json_int_t)slice->completed, "cpu_ns",
                            json_known(slice->cpu_ns), "idle_cpu_ns",
                            json_known(slice->idle_cpu_ns), "late_ns",
                            (json_int_t)slice->late_ns, "sampled",
                            slice_sampled(slice)));
    }
    return list;
}

double slices_per_s(const struct trial_slices *slices)
{
    double completed = 0, counted_ns = 0;

    for (int i = 0; i < slices->count; i++) {
        completed += (double)slices->rows[i].completed;
        counted_ns += (double)slices->rows[i].counted_ns;
    }
    return completed * 1e9 / counted_ns;
}

int64_t slices_cpu_per_request_ns(const struct trial_slices *slices)
{
    double completed = 0, cpu_ns = 0;

    for (int i = 0; i < slices->count; i++) {
        if (slices->rows[i].cpu_ns < 0)
            return -1;
        if (!slice_sampled(&slices->rows[i]))
            continue;
        completed += (double)slices->rows[i].completed;
        cpu_ns += (double)slices->rows[i].cpu_ns;
    }
    return completed > 0 ? llround(cpu_ns / completed) : -1;
}
