/* SPDX-License-Identifier: MIT
 *
 * Intervals and verdicts. All work is on logarithms, because a model that is
 * twice as fast and one that is half as fast are equally far from 1, and
 * because noise of a shared machine multiplies.
 *
 * Student's t is the inverse, by bisection, of the distribution function
 * through the incomplete beta function (continued fraction after Lentz; Press
 * et al., Numerical Recipes, 6.4; W. J. Lentz, Applied Optics 15, 1976). The
 * signed-rank test is exact: the distribution of the rank sum is counted, ties
 * get their mean rank, zeros are dropped (F. Wilcoxon, Biometrics Bulletin 1,
 * 1945). Equivalence is two one-sided tests, hence the 90 % interval (D. J.
 * Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 1987).
 */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNED_RANK_MAX = 50, FRACTION_STEPS = 500 };

/* Continued fraction of the incomplete beta function. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    double value;

    d = 1 / (fabs(d) < tiny ? tiny : d);
    value = d;
    for (int m = 1; m <= FRACTION_STEPS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd =
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step;

        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        value *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        step = d * c;
        value *= step;
        if (fabs(step - 1) < 1e-16)
            break;
    }
    return value;
}

/* lgamma writes the global signgam; ours must not. */
static double log_gamma(double x)
{
    int sign;

    return lgamma_r(x, &sign);
}

/* Regularised incomplete beta function I_x(a, b). */
static double beta(double a, double b, double x)
{
    double front;

    if (x <= 0)
        return 0;
    if (x >= 1)
        return 1;
    front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) +
                b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* P(T > t) for t >= 0. */
static double t_tail(double t, int df)
{
    return beta(df / 2.0, 0.5, df / (df + t * t)) / 2;
}

double statistics_t_quantile(double p, int df)
{
    double tail = p < 0.5 ? p : 1 - p;
    double lo = 0, hi = 1;

    if (df < 1 || !(p > 0 && p < 1))
        return NAN;
    while (t_tail(hi, df) > tail && hi < 1e12)
        hi *= 2;
    for (int i = 0; i < 200 && hi - lo > 1e-15 * hi; i++) {
        double middle = lo + (hi - lo) / 2;
        if (t_tail(middle, df) > tail)
            lo = middle;
        else
            hi = middle;
    }
    return p < 0.5 ? -(lo + hi) / 2 : (lo + hi) / 2;
}

/* The estimate from logarithms. */
static void from_logs(const double *logs, int n, struct estimate *estimate)
{
    double mean = 0, squares = 0, lo = logs[0], hi = logs[0];

    for (int i = 0; i < n; i++) {
        mean += logs[i] / n;
        lo = fmin(lo, logs[i]);
        hi = fmax(hi, logs[i]);
    }
    for (int i = 0; i < n; i++)
        squares += (logs[i] - mean) * (logs[i] - mean);
    *estimate =
        (struct estimate){.n = n,
                          .value = exp(mean),
                          .min = exp(lo),
                          .max = exp(hi),
                          .log_sd = n > 1 ? sqrt(squares / (n - 1)) : 0};
    estimate->lo = estimate->hi = estimate->value;
    estimate->lo90 = estimate->hi90 = estimate->value;
    if (n > 1) {
        double error = estimate->log_sd / sqrt(n);
        double half = statistics_t_quantile(0.975, n - 1) * error;
        double half90 = statistics_t_quantile(0.95, n - 1) * error;

        estimate->lo = exp(mean - half);
        estimate->hi = exp(mean + half);
        estimate->lo90 = exp(mean - half90);
        estimate->hi90 = exp(mean + half90);
    }
}

void statistics_level(const double *values, int n, struct estimate *estimate)
{
    statistics_ratio(values, NULL, n, estimate);
}

void statistics_ratio(const double *a, const double *b, int n,
                      struct estimate *estimate)
{
    double *logs = n > 0 ? malloc((size_t)n * sizeof(*logs)) : NULL;

    *estimate = (struct estimate){0};
    if (logs == NULL)
        return;
    for (int i = 0; i < n; i++)
        logs[i] = log(a[i]) - (b != NULL ? log(b[i]) : 0);
    from_logs(logs, n, estimate);
    free(logs);
}

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

double statistics_signed_rank_p(const double *a, const double *b, int n)
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

enum verdict statistics_verdict(const struct estimate *ratio, double margin,
                                bool higher_is_better)
{
    double limit = 1 + margin;
    bool excludes = ratio->lo > 1 || ratio->hi < 1;
    bool beyond = ratio->value > limit || ratio->value < 1 / limit;

    if (ratio->n < 2)
        return VERDICT_INCONCLUSIVE;
    if (excludes && beyond)
        return (ratio->value > 1) == higher_is_better ? VERDICT_BETTER
                                                      : VERDICT_WORSE;
    if (ratio->lo90 > 1 / limit && ratio->hi90 < limit)
        return VERDICT_SAME;
    if (excludes)
        return VERDICT_NEGLIGIBLE;
    return VERDICT_INCONCLUSIVE;
}

int statistics_blocks_needed(const struct estimate *ratio, double margin)
{
    double t, blocks;

    if (ratio->n < 2 || !(margin > 0))
        return 6; /* the least at which a signed-rank test can reach 5 % */
    t = statistics_t_quantile(0.975, ratio->n - 1);
    blocks = ceil(pow(2 * t * ratio->log_sd / log1p(margin), 2));
    if (blocks <= ratio->n)
        return ratio->n + 1;
    return blocks < 100000 ? (int)blocks : 100000;
}

const char *verdict_words(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_BETTER:
        return "better";
    case VERDICT_WORSE:
        return "worse";
    case VERDICT_SAME:
        return "no meaningful difference";
    case VERDICT_NEGLIGIBLE:
        return "measurable, negligible";
    case VERDICT_INCONCLUSIVE:
        break;
    }
    return "inconclusive";
}
