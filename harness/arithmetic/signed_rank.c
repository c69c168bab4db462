/* SPDX-License-Identifier: MIT
 *
 * The test is exact: it counts the distribution of the rank sum; ties get their
 * mean rank, zeros are dropped (F. Wilcoxon, Biometrics Bulletin 1, 1945). The
 * interval inverts the test: it sorts the means of all pairs of differences
 * (each difference also paired with itself) and cuts as many from both ends as
 * the test at 5 % allows (J. L. Hodges, E. L. Lehmann, Annals of Mathematical
 * Statistics 34, 1963; M. Hollander, D. A. Wolfe, Nonparametric Statistical
 * Methods, 3.3). With fewer than six blocks nothing may be cut.
 *
 * Beyond 50 blocks the rank sum is taken as normally distributed, with a
 * variance that accounts for ties and a correction for continuity.
 */
#include "signed_rank.h"

#include <math.h>
#include <stdlib.h>

#include "statistics.h"

enum {
    EXACT_SUM_MAX = SIGNED_RANK_EXACT_MAX * (SIGNED_RANK_EXACT_MAX + 1) / 2,
};

/* The differences other than 0 with their ranks. The ranks are doubled so that
 * mean ranks of ties are whole numbers. */
struct ranked {
    double *d;
    int *ranks;
    int used;
};

static int by_size(const void *left, const void *right)
{
    double x = fabs(*(const double *)left), y = fabs(*(const double *)right);

    return (x > y) - (x < y);
}

/* The doubled mean ranks of differences that are sorted by size. */
static void double_ranks(const double *d, int n, int *ranks)
{
    for (int from = 0, to; from < n; from = to) {
        to = from + 1;
        /* Equal ratios differ in the last bits of their logarithms. */
        while (to < n && fabs(d[to]) - fabs(d[from]) <= 1e-12 * fabs(d[to]))
            to++;
        for (int i = from; i < to; i++)
            ranks[i] = from + 1 + to;
    }
}

static bool rank_all(const double *a, const double *b, int n,
                     struct ranked *ranked)
{
    *ranked = (struct ranked){.d = calloc((size_t)n, sizeof *ranked->d),
                              .ranks = calloc((size_t)n, sizeof(int))};
    if (!ranked->d || !ranked->ranks)
        return false;
    for (int i = 0; i < n; i++) {
        double difference = log(a[i]) - log(b[i]);

        if (fabs(difference) > 1e-14)
            ranked->d[ranked->used++] = difference;
    }
    qsort(ranked->d, (size_t)ranked->used, sizeof *ranked->d, by_size);
    double_ranks(ranked->d, ranked->used, ranked->ranks);
    return true;
}

static double p_exact(const struct ranked *ranked)
{
    double ways[2 * EXACT_SUM_MAX + 1] = {1}, below = 0, above = 0, all = 0;
    int sum = 0, top = 0;

    for (int i = 0; i < ranked->used; i++) {
        for (int s = top; s >= 0; s--)
            ways[s + ranked->ranks[i]] += ways[s];
        top += ranked->ranks[i];
        sum += ranked->d[i] > 0 ? ranked->ranks[i] : 0;
    }
    for (int s = 0; s <= top; s++) {
        all += ways[s];
        below += s <= sum ? ways[s] : 0;
        above += s >= sum ? ways[s] : 0;
    }
    return fmin(1, 2 * fmin(below, above) / all);
}

/* Each rank is in the sum with a probability of one half, so mean and variance
 * follow from the ranks, tied or not. The continuity correction is half a usual
 * rank, which is 1 here. */
static double p_normal(const struct ranked *ranked)
{
    double sum = 0, mean = 0, variance = 0;

    for (int i = 0; i < ranked->used; i++) {
        double rank = ranked->ranks[i];

        sum += ranked->d[i] > 0 ? rank : 0;
        mean += rank / 2;
        variance += rank * rank / 4;
    }
    return erfc(fmax(0, fabs(sum - mean) - 1) / sqrt(2 * variance));
}

static double p_by(double (*p)(const struct ranked *), const double *a,
                   const double *b, int n)
{
    struct ranked ranked = {0};
    double result = NAN;

    if (n < 1)
        return 1;
    if (rank_all(a, b, n, &ranked))
        result = ranked.used > 0 ? p(&ranked) : 1;
    free(ranked.d);
    free(ranked.ranks);
    return result;
}

double signed_rank_p_normal(const double *a, const double *b, int n)
{
    return p_by(p_normal, a, b, n);
}

double signed_rank_p(const double *a, const double *b, int n)
{
    return p_by(n > SIGNED_RANK_EXACT_MAX ? p_normal : p_exact, a, b, n);
}

/* The largest c with P(rank sum <= c - 1) <= 2.5 %. */
int signed_rank_cut_exact(int n)
{
    double ways[EXACT_SUM_MAX + 1] = {1}, below = 0;
    double limit = ldexp(0.025, n);
    int top = 0, cut = 0;

    for (int rank = 1; rank <= n; rank++) {
        for (int s = top; s >= 0; s--)
            ways[s + rank] += ways[s];
        top += rank;
    }
    while (cut <= top && (below += ways[cut]) <= limit)
        cut++;
    return cut;
}

int signed_rank_cut_normal(int n)
{
    double count = n, mean = count * (count + 1) / 4;
    double sd = sqrt(mean * (2 * count + 1) / 6);

    return (int)floor(mean - 1.959963984540054 * sd + 0.5);
}

void signed_rank_ratio(const double *a, const double *b, int n,
                       struct signed_rank *estimate)
{
    size_t size = (size_t)n, count = 0;

    *estimate = (struct signed_rank){NAN, NAN, NAN};
    if (n < 1)
        return;
    double *means = calloc(size * (size + 1) / 2, sizeof *means);
    if (!means)
        return;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            means[count++] =
                (log(a[i]) - log(b[i]) + log(a[j]) - log(b[j])) / 2;
    qsort(means, count, sizeof *means, statistics_ascending);
    estimate->value = exp((means[(count - 1) / 2] + means[count / 2]) / 2);
    int cut = n > SIGNED_RANK_EXACT_MAX ? signed_rank_cut_normal(n)
                                        : signed_rank_cut_exact(n);
    if (cut >= 1) {
        estimate->lo = exp(means[cut - 1]);
        estimate->hi = exp(means[count - (size_t)cut]);
    }
    free(means);
}
