/* SPDX-License-Identifier: MIT
 *
 * Log-linear histogram of times: 3 significant digits from 1 us to 1 h, ns in
 * and out, fixed size, no allocation while recording, exactly mergeable.
 *
 * Idea: Gil Tene's HdrHistogram (http://hdrhistogram.org), whose text format
 * (.hgrm) histogram_write_hgrm follows; the code is our own. Values below 2,048
 * ns have a slot each; above, 1,024 slots per power of two, so the relative
 * error is at most 10^-3. Values above the range count as the largest value in
 * it (and in `saturated`).
 *
 * One writer at a time; a histogram in shared memory may be read by another
 * process once the writer has stopped. Before that a reader may miss values
 * that are just being recorded. The struct is plain memory: copy it, map it,
 * merge it.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

enum {
    HISTOGRAM_SUB_BITS = 11, /* 2,048 sub-buckets: 3 digits */
    HISTOGRAM_BUCKETS = 32,  /* reaches 2^42 ns, 73 minutes */
    HISTOGRAM_SLOTS = (HISTOGRAM_BUCKETS + 1) << (HISTOGRAM_SUB_BITS - 1),
};

struct histogram {
    uint64_t count;
    uint64_t saturated; /* recorded above the range, kept at its top */
    int64_t min_ns;     /* exact; INT64_MAX while empty */
    int64_t max_ns;     /* exact; 0 while empty */
    double sum_ns;      /* exact sum of what was recorded */
    uint64_t slots[HISTOGRAM_SLOTS];
};

void histogram_reset(struct histogram *histogram);

/* Records one value (negative counts as 0). */
void histogram_record(struct histogram *histogram, int64_t value_ns);

/* Adds all of `from` into `into`. Associative and commutative. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* Mean of the recorded values, exact; 0 while empty. */
double histogram_mean_ns(const struct histogram *histogram);

/* The smallest value v (to the histogram's precision, upper edge of its slot,
 * never above max_ns) such that at least `percentile` percent of the values
 * are <= v. 0 <= percentile <= 100. 0 while empty. */
int64_t histogram_percentile_ns(const struct histogram *histogram,
                                double percentile);

/* How many values are at most `limit_ns`, to the histogram's precision: all
 * values in the slot of `limit_ns` count. */
uint64_t histogram_within(const struct histogram *histogram, int64_t limit_ns);

/* Writes the public .hgrm text (Value in ms, Percentile, TotalCount,
 * 1/(1-Percentile), footer). Returns 0 or a negative errno. */
int histogram_write_hgrm(const struct histogram *histogram, FILE *file);
