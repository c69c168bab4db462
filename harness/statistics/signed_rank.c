/* SPDX-License-Identifier: MIT
 *
 * The test is exact: the distribution of the rank sum is counted, ties get
 * their mean rank, zeros are dropped (F. Wilcoxon, Biometrics Bulletin 1,
 * 1945). The interval turns the test round: the means of all pairs of
 * differences, each with itself too, are sorted, and as many are cut from both
 * ends as the test at 5 % allows (J. L. Hodges, E. L. Lehmann, Annals of
 * Mathematical Statistics 34, 1963; M. Hollander, D. A. Wolfe, Nonparametric
 * Statistical Methods, 3.3). With fewer than six blocks nothing may be cut.
 */
#include "signed_rank.h"

#include <math.h>
#include <stdlib.h>

enum { WALSH_MAX = SIGNED_RANK_MAX * (SIGNED_RANK_MAX + 1) / 2 };

static int by_size(const void *left, const void *right)
{
    double x = fabs(*(const double *)left), y = fabs(*(const double *)right);

    return (x > y) - (x < y);
}

/* Twice the mean ranks of sorted |d|, so that ties stay whole numbers. */
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

double signed_rank_p(const double *a, const double *b, int n)
{
    enum { SUM_MAX = SIGNED_RANK_MAX * (SIGNED_RANK_MAX + 1) };
    double d[SIGNED_RANK_MAX], ways[SUM_MAX + 1] = {1};
    double below = 0, above = 0, all = 0;
    int ranks[SIGNED_RANK_MAX], used = 0, sum = 0, top = 0;

    if (n > SIGNED_RANK_MAX)
        return NAN;
    for (int i = 0; i < n; i++) {
        double difference = log(a[i]) - log(b[i]);
        if (fabs(difference) > 1e-14)
            d[used++] = difference;
    }
    if (used == 0)
        return 1;
    qsort(d, (size_t)used, sizeof(*d), by_size);
    double_ranks(d, used, ranks);
    for (int i = 0; i < used; i++) {
        for (int s = top; s >= 0; s--)
            ways[s + ranks[i]] += ways[s];
        top += ranks[i];
        sum += d[i] > 0 ? ranks[i] : 0;
    }
    for (int s = 0; s <= top; s++) {
        all += ways[s];
        below += s <= sum ? ways[s] : 0;
        above += s >= sum ? ways[s] : 0;
    }
    return fmin(1, 2 * fmin(below, above) / all);
}

static int by_value(const void *left, const void *right)
{
    double x = *(const double *)left, y = *(const double *)right;

    return (x > y) - (x < y);
}

/* How many of the sorted means are cut at either end: the largest c with
 * P(rank sum <= c - 1) <= 2.5 %. */
static int cut_of(int n)
{
    double ways[WALSH_MAX + 1] = {1}, below = 0;
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

void signed_rank_ratio(const double *a, const double *b, int n,
                       struct signed_rank *estimate)
{
    double d[SIGNED_RANK_MAX], means[WALSH_MAX];
    int count = 0, cut;

    *estimate = (struct signed_rank){NAN, NAN, NAN};
    if (n < 1 || n > SIGNED_RANK_MAX)
        return;
    for (int i = 0; i < n; i++) {
        d[i] = log(a[i]) - log(b[i]);
        for (int j = 0; j <= i; j++)
            means[count++] = (d[i] + d[j]) / 2;
    }
    qsort(means, (size_t)count, sizeof(*means), by_value);
    estimate->value = exp((means[(count - 1) / 2] + means[count / 2]) / 2);
    cut = cut_of(n);
    if (cut < 1)
        return;
    estimate->lo = exp(means[cut - 1]);
    estimate->hi = exp(means[count - cut]);
}
