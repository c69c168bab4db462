/* SPDX-License-Identifier: MIT */
#include "mutation.h"

/* MUTATION_P95: lowers every value above the 95th percentile to it, so that the
 * p99 reads as the p95. */
static void flatten(struct histogram *histogram)
{
    uint64_t kept = 0, limit = (uint64_t)(0.95 * (double)histogram->count);
    int64_t p95_ns = histogram_percentile_ns(histogram, 95);
    int last = 0;
    for (int i = 0; i < HISTOGRAM_SLOTS; i++) {
        if (kept < limit)
            last = i;
        else
            histogram->slots[i] = 0;
        kept += histogram->slots[i];
    }
    histogram->slots[last] += histogram->count - kept;
    histogram->max_ns = p95_ns;
}

/* MUTATION_MEAN: puts every value into the slot of the mean. */
static void level(struct histogram *histogram)
{
    int64_t mean_ns = (int64_t)histogram_mean_ns(histogram);
    uint64_t count = histogram->count;

    histogram_reset(histogram);
    for (uint64_t i = 0; i < count; i++)
        histogram_record(histogram, mean_ns);
}

void mutation_apply(enum load_mutation mutation, struct load_result *result)
{
    if (mutation == MUTATION_P95)
        flatten(&result->response);
    else if (mutation == MUTATION_MEAN)
        level(&result->response);
}
