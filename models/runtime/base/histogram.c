/* SPDX-License-Identifier: MIT
 *
 * The histogram's arithmetic. A value's slot follows from its highest set
 * bit: `shift` low bits are dropped so that 11 remain, and each shift owns
 * 1,024 slots (the values below 2,048 need no shift and own 2,048).
 *
 * Ideas and text format: Gil Tene, HdrHistogram, http://hdrhistogram.org.
 */
#include "histogram.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { SLOTS_PER_SHIFT = 1 << (HISTOGRAM_SUB_BITS - 1) };

#define VALUE_MAX_NS                                                           \
    (((int64_t)1 << (HISTOGRAM_BUCKETS + HISTOGRAM_SUB_BITS - 1)) - 1)

static int slot_of(int64_t value_ns)
{
    if (value_ns < 2 * SLOTS_PER_SHIFT)
        return (int)value_ns;
    int shift =
        63 - __builtin_clzll((uint64_t)value_ns) - (HISTOGRAM_SUB_BITS - 1);
    return shift * SLOTS_PER_SHIFT + (int)(value_ns >> shift);
}

/* The smallest and the largest value of a slot. */
static int64_t slot_low_ns(int slot)
{
    if (slot < 2 * SLOTS_PER_SHIFT)
        return slot;
    int shift = slot / SLOTS_PER_SHIFT - 1;
    return (int64_t)(slot - shift * SLOTS_PER_SHIFT) << shift;
}

static int64_t slot_high_ns(int slot)
{
    return slot + 1 < HISTOGRAM_SLOTS ? slot_low_ns(slot + 1) - 1
                                      : VALUE_MAX_NS;
}

void histogram_reset(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->min_ns = INT64_MAX;
}

void histogram_record(struct histogram *histogram, int64_t value_ns)
{
    if (value_ns < 0)
        value_ns = 0;
    if (value_ns > VALUE_MAX_NS) {
        value_ns = VALUE_MAX_NS;
        histogram->saturated++;
    }
    histogram->slots[slot_of(value_ns)]++;
    histogram->count++;
    histogram->sum_ns += (double)value_ns;
    if (value_ns < histogram->min_ns)
        histogram->min_ns = value_ns;
    if (value_ns > histogram->max_ns)
        histogram->max_ns = value_ns;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (int i = 0; i < HISTOGRAM_SLOTS; i++)
        into->slots[i] += from->slots[i];
    into->count += from->count;
    into->saturated += from->saturated;
    into->sum_ns += from->sum_ns;
    if (from->min_ns < into->min_ns)
        into->min_ns = from->min_ns;
    if (from->max_ns > into->max_ns)
        into->max_ns = from->max_ns;
}

double histogram_mean_ns(const struct histogram *histogram)
{
    return histogram->count ? histogram->sum_ns / (double)histogram->count : 0;
}

/* How many values must be <= the percentile's value. 99.9 % of 1,000 is 999: a
 * rounding error in the product (relative size about 10^-16) must not turn 999
 * into 1,000. */
static uint64_t rank_of(const struct histogram *histogram, double percentile)
{
    if (!(percentile > 0))
        return 1;
    if (percentile >= 100)
        return histogram->count;
    double exact = percentile * (double)histogram->count / 100;
    double rank = ceil(exact - exact * 1e-14);
    return rank < 1 ? 1 : (uint64_t)rank;
}

int64_t histogram_percentile_ns(const struct histogram *histogram,
                                double percentile)
{
    if (histogram->count == 0)
        return 0;
    uint64_t rank = rank_of(histogram, percentile), seen = 0;
    for (int i = 0; i < HISTOGRAM_SLOTS; i++) {
        seen += histogram->slots[i];
        if (seen < rank)
            continue;
        int64_t high = slot_high_ns(i);
        return high < histogram->max_ns ? high : histogram->max_ns;
    }
    return histogram->max_ns;
}

uint64_t histogram_within(const struct histogram *histogram, int64_t limit_ns)
{
    uint64_t count = 0;

    for (int i = 0, last = slot_of(limit_ns); i <= last; i++)
        count += histogram->slots[i];
    return count;
}

/* Computed from the middles of the slots. */
static double deviation_ns(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    double mean = histogram_mean_ns(histogram), sum = 0;
    for (int i = 0; i < HISTOGRAM_SLOTS; i++) {
        if (histogram->slots[i] == 0)
            continue;
        double off = ((double)slot_low_ns(i) + (double)slot_high_ns(i)) / 2;
        off -= mean;
        sum += off * off * (double)histogram->slots[i];
    }
    return sqrt(sum / (double)histogram->count);
}

/* One row per step. After every five steps, the distance to 100 % is halved. */
static void write_rows(const struct histogram *histogram, FILE *file)
{
    double level = 0;
    uint64_t seen = 0;
    for (int i = 0; i < HISTOGRAM_SLOTS && seen < histogram->count; i++) {
        if (histogram->slots[i] == 0)
            continue;
        seen += histogram->slots[i];
        int64_t high = slot_high_ns(i);
        double value_ms =
            (double)(high < histogram->max_ns ? high : histogram->max_ns) / 1e6;
        while (seen < histogram->count && seen >= rank_of(histogram, level)) {
            fprintf(file, "%12.6f %14.12f %10llu %14.2f\n", value_ms,
                    level / 100, (unsigned long long)seen, 100 / (100 - level));
            double left = 100 - level;
            double step = 100 / (5 * exp2(floor(log2(100 / left)) + 1));
            level = left < 1e-9 ? 100 : level + step;
        }
        if (seen == histogram->count)
            fprintf(file, "%12.6f %14.12f %10llu\n", value_ms, 1.0,
                    (unsigned long long)seen);
    }
}

int histogram_write_hgrm(const struct histogram *histogram, FILE *file)
{
    errno = 0;
    fprintf(file, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
            "TotalCount", "1/(1-Percentile)");
    write_rows(histogram, file);
    fprintf(file, "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n",
            histogram_mean_ns(histogram) / 1e6, deviation_ns(histogram) / 1e6);
    fprintf(file, "#[Max     = %12.6f, Total count    = %12llu]\n",
            (double)histogram->max_ns / 1e6,
            (unsigned long long)histogram->count);
    fprintf(file, "#[Buckets = %12d, SubBuckets     = %12d]\n",
            HISTOGRAM_BUCKETS, 1 << HISTOGRAM_SUB_BITS);
    return fflush(file) != 0 || ferror(file) ? -(errno ? errno : EIO) : 0;
}
