/* SPDX-License-Identifier: MIT
 *
 * Stretches do not overlap. Their number is small on purpose: the longer they
 * are, the less of the likeness of neighbours is left between them. A slice
 * without a figure takes the block's comparison with it, since those that have
 * one are no random choice. A slice whose CPU was read late takes its pair
 * alone: that is told by the clock before the figure is known, for a cause that
 * lies in the harness, so that those which are left are as good as any.
 */
#include "slice_pairs.h"

#include <math.h>
#include <string.h>

#include "harness/base/json.h"

static double value_of(const json_t *slice, const struct metric *metric)
{
    double completed = json_figure_of(slice, "completed");

    if (!strcmp(metric->name, "throughput_per_s"))
        return completed / json_figure_of(slice, "counted_ns");
    if (!strcmp(metric->name, "cpu_per_request_ns"))
        return json_figure_of(slice, "cpu_ns") / completed;
    return NAN;
}

bool slice_pairs_has(const json_t *trial)
{
    return json_is_array(json_object_get(trial, "slices"));
}

int slice_pairs_stretches(int blocks)
{
    return blocks > 0 ? (SLICE_PAIRS_VALUES_MIN + blocks - 1) / blocks : 0;
}

/* Whether the pair takes part. */
static bool in_time(const json_t *left, const json_t *right,
                    const struct metric *metric)
{
    return strcmp(metric->name, "cpu_per_request_ns") != 0 ||
           !(json_is_false(json_object_get(left, "sampled")) ||
             json_is_false(json_object_get(right, "sampled")));
}

int slice_pairs_ratios(const json_t *a, const json_t *b,
                       const struct metric *metric, int stretches,
                       double *ratios, int *pairs)
{
    const json_t *left = json_object_get(a, "slices");
    const json_t *right = json_object_get(b, "slices");
    size_t rounds = json_array_size(left), used = 0;
    size_t count = rounds < (size_t)stretches ? rounds : (size_t)stretches;
    int given = 0;

    if (count == 0 || json_array_size(right) != rounds)
        return 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = i * rounds / count, to = (i + 1) * rounds / count;
        size_t before = used;
        double sum = 0;

        for (size_t round = from; round < to; round++) {
            const json_t *x = json_array_get(left, round);
            const json_t *y = json_array_get(right, round);

            if (!in_time(x, y, metric))
                continue;
            sum += log(value_of(x, metric) / value_of(y, metric));
            used++;
        }
        if (used == before)
            continue;
        ratios[given] = exp(sum / (double)(used - before));
        if (!isfinite(ratios[given]) || ratios[given] <= 0)
            return 0;
        given++;
    }
    if (2 * used < rounds)
        return 0;
    *pairs += (int)used;
    return given;
}
