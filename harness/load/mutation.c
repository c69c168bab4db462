/* SPDX-License-Identifier: MIT
 *
 * What the mistakes need beyond a line in the places where they are made.
 */
#include "mutation.h"

#include <time.h>

#include "models/runtime/base/histogram.h"

void load_mutation_flatten(struct histogram *histogram)
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

void load_mutation_dawdle(void)
{
    struct timespec pause = {.tv_nsec = MUTATION_SLOW_NS};

    nanosleep(&pause, NULL);
}
