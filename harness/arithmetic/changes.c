/* SPDX-License-Identifier: MIT
 *
 * Places are ranked by the share of all squares that lies between the sides,
 * which grows with t and needs one pass over sums.
 */
#include "changes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "order.h"

/* From here on, shuffled series can tell a change at the smallest side. */
enum { SHUFFLED_MIN = 16 };

/* Logarithms whose variance is below this are equal but for rounding. */
static const double EQUAL = 1e-18;

enum { DRAWN = 1999, FOUND_MAX = CHANGES_SERIES_MAX / CHANGES_SIDE_MIN };

struct series {
    double *logs, *noise;
    int *order;
    uint64_t random;
    int found[FOUND_MAX];
    double p[FOUND_MAX];
    int count;
};

/* The largest share of the squares of x that lies between two sides, and the
 * place where the second side begins. */
static double widest(const double *x, int n, int *at)
{
    double sum = 0, squares = 0, before = 0, best = 0;

    *at = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    for (int i = 0; i < n; i++)
        squares += (x[i] - sum / n) * (x[i] - sum / n);
    for (int i = 1; i <= n - CHANGES_SIDE_MIN; i++) {
        before += x[i - 1];
        if (i < CHANGES_SIDE_MIN)
            continue;
        double difference = before / i - (sum - before) / (n - i);
        double between = difference * difference * i * (n - i) / n;
        if (between > best) {
            best = between;
            *at = i;
        }
    }
    return squares > n * EQUAL ? best / squares : 0;
}

/* Pairs of independent normal values (Box and Muller, 1958). */
static void make_noise(struct series *series, int n)
{
    for (int i = 0; i < n; i += 2) {
        double u =
            ((double)(order_random(&series->random) >> 11) + 1) * 0x1p-53;
        double angle =
            2 * M_PI * 0x1p-53 * (double)(order_random(&series->random) >> 11);
        double radius = sqrt(-2 * log(u));

        series->noise[i] = radius * cos(angle);
        if (i + 1 < n)
            series->noise[i + 1] = radius * sin(angle);
    }
}

static void shuffle(struct series *series, const double *x, int n)
{
    order_shuffle(series->order, n, &series->random);
    for (int i = 0; i < n; i++)
        series->noise[i] = x[series->order[i]];
}

/* The share of series without a change, `shuffled` ones of x or simulated ones,
 * whose sides lie as far apart as those of x; 1 as soon as the share is above
 * the level. */
static double chance(struct series *series, const double *x, int n,
                     double share, bool shuffled)
{
    const int most = (int)(CHANGES_LEVEL * (DRAWN + 1));
    int at, as_wide = 1;

    for (int i = 0; i < DRAWN; i++) {
        if (shuffled)
            shuffle(series, x, n);
        else
            make_noise(series, n);
        /* Sums in another order differ in their last digits. */
        as_wide += widest(series->noise, n, &at) >= share * (1 - 1e-9);
        if (as_wide > most)
            return 1;
    }
    return as_wide / (DRAWN + 1.0);
}

/* Parts the values from..to-1, and each of the two parts. */
static void part(struct series *series, int from, int to)
{
    int n = to - from, at;

    if (n < 2 * CHANGES_SIDE_MIN)
        return;
    const double *x = series->logs + from;
    double share = widest(x, n, &at);
    double p = at > 0 ? chance(series, x, n, share, false) : 1;
    if (p <= CHANGES_LEVEL && n >= SHUFFLED_MIN)
        p = fmax(p, chance(series, x, n, share, true));
    if (p > CHANGES_LEVEL)
        return;
    part(series, from, from + at);
    series->found[series->count] = from + at;
    series->p[series->count++] = p;
    part(series, from + at, to);
}

static void measure(const struct series *series, const double *values, int n,
                    struct change *changes)
{
    for (int i = 0; i < series->count; i++) {
        int from = i > 0 ? series->found[i - 1] : 0, at = series->found[i];
        int to = i + 1 < series->count ? series->found[i + 1] : n;
        struct estimate before, behind;

        changes[i] = (struct change){.at = at, .p = series->p[i]};
        statistics_level(values + from, at - from, &before);
        statistics_level(values + at, to - at, &behind);
        statistics_welch(&behind, &before, &changes[i].ratio);
    }
}

int changes_find(const double *values, int n, uint64_t seed,
                 struct change *changes)
{
    struct series series = {.random = seed};
    int result = -ENOMEM;

    if (n < CHANGES_SERIES_MIN || n > CHANGES_SERIES_MAX)
        return 0;
    series.logs = calloc((size_t)n, sizeof *series.logs);
    series.noise = calloc((size_t)n, sizeof *series.noise);
    series.order = calloc((size_t)n, sizeof *series.order);
    if (series.logs && series.noise && series.order) {
        for (int i = 0; i < n; i++)
            series.logs[i] = log(values[i]);
        part(&series, 0, n);
        measure(&series, values, n, changes);
        result = series.count;
    }
    free(series.logs);
    free(series.noise);
    free(series.order);
    return result;
}
