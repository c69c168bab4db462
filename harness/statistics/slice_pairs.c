/* SPDX-License-Identifier: MIT
 *
 * Stretches do not overlap. Their number is small on purpose: the longer they
 * are, the less of the likeness of neighbours is left between them. A slice
 * without a figure takes the block's comparison with it, since those that have
 * one are no random choice.
 */
#include "slice_pairs.h"

#include <math.h>
#include <string.h>

static double number(const json_t *slice, const char *key)
{
    const json_t *value = json_object_get(slice, key);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static double value_of(const json_t *slice, const struct metric *metric)
{
    double completed = number(slice, "completed");

    if (!strcmp(metric->name, "throughput_per_s"))
        return completed / number(slice, "counted_ns");
    if (!strcmp(metric->name, "cpu_per_request_ns"))
        return number(slice, "cpu_ns") / completed;
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

int slice_pairs_ratios(const json_t *a, const json_t *b,
                       const struct metric *metric, int stretches,
                       double *ratios, int *pairs)
{
    const json_t *left = json_object_get(a, "slices");
    const json_t *right = json_object_get(b, "slices");
    size_t rounds = json_array_size(left);
    size_t count = rounds < (size_t)stretches ? rounds : (size_t)stretches;

    if (count == 0 || json_array_size(right) != rounds)
        return 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = i * rounds / count, to = (i + 1) * rounds / count;
        double sum = 0;

        for (size_t round = from; round < to; round++)
            sum += log(value_of(json_array_get(left, round), metric) /
                       value_of(json_array_get(right, round), metric));
        ratios[i] = exp(sum / (double)(to - from));
        if (!isfinite(ratios[i]) || ratios[i] <= 0)
            return 0;
    }
    *pairs += (int)rounds;
    return (int)count;
}
