/* SPDX-License-Identifier: MIT
 *
 * Intervals and verdicts. All work is on logarithms, because a model that is
 * twice as fast and one that is half as fast are equally far from 1, and
 * because the noise of a shared machine multiplies.
 *
 * Student's t is the inverse, by bisection, of the distribution function, which
 * uses the incomplete beta function (continued fraction after Lentz; Press et
 * al., Numerical Recipes, 6.4; W. J. Lentz, Applied Optics 15, 1976).
 * Equivalence is two one-sided tests, hence the 90 % interval (D. J.
 * Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 1987). Two runs
 * share no blocks: Welch's t (B. L. Welch, Biometrika 34, 1947). Correction for
 * many comparisons: S. Holm, Scandinavian J. of Statistics 6, 1979.
 */
#include "statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int statistics_ascending(const void *left, const void *right)
{
    double x = *(const double *)left, y = *(const double *)right;

    return (x > y) - (x < y);
}

enum { FRACTION_STEPS = 500 };

/* Continued fraction of the incomplete beta function. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);

    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
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

/* lgamma would write the global signgam; lgamma_r does not. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* Regularised incomplete beta function I_x(a, b). */
static double beta(double a, double b, double x)
{
    if (x <= 0)
        return 0;
    if (x >= 1)
        return 1;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) +
                       a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* P(T > t) for t >= 0. */
static double t_tail(double t, double df)
{
    return beta(df / 2, 0.5, df / (df + t * t)) / 2;
}

double statistics_t_quantile(double p, double df)
{
    double tail = p < 0.5 ? p : 1 - p;
    double lo = 0, hi = 1;

    if (!(df >= 1) || !(p > 0 && p < 1))
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

/* Simulations ask for the quantile of one number of batches, thousands of
 * times. */
static double quantile_of(int n)
{
    static _Thread_local int last_n;
    static _Thread_local double last;

    if (n != last_n) {
        last = statistics_t_quantile(0.975, n - 1);
        last_n = n;
    }
    return last;
}

double statistics_half_width(const double *values, int n)
{
    double mean = 0, squares = 0;

    for (int i = 0; i < n; i++)
        mean += values[i] / n;
    for (int i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return quantile_of(n) * sqrt(squares / (n - 1) / n);
}

/* Sets the intervals and p around a mean of logarithms with its standard
 * error. */
static void set_intervals(double mean, double error, double df,
                          struct estimate *estimate)
{
    double half = statistics_t_quantile(0.975, df) * error;
    double half90 = statistics_t_quantile(0.95, df) * error;

    estimate->lo = exp(mean - half);
    estimate->hi = exp(mean + half);
    estimate->lo90 = exp(mean - half90);
    estimate->hi90 = exp(mean + half90);
    if (error > 0)
        estimate->p = fmin(1, 2 * t_tail(fabs(mean) / error, df));
    else
        estimate->p = mean == 0 ? 1 : 0;
}

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
    *estimate = (struct estimate){.n = n,
                                  .value = exp(mean),
                                  .min = exp(lo),
                                  .max = exp(hi),
                                  .log_sd = n > 1 ? sqrt(squares / (n - 1)) : 0,
                                  .p = NAN};
    estimate->lo = estimate->hi = estimate->value;
    estimate->lo90 = estimate->hi90 = estimate->value;
    if (n > 1)
        set_intervals(mean, estimate->log_sd / sqrt(n), n - 1, estimate);
}

void statistics_level(const double *values, int n, struct estimate *estimate)
{
    statistics_ratio(values, NULL, n, estimate);
}

void statistics_ratio(const double *a, const double *b, int n,
                      struct estimate *estimate)
{
    double *logs = n > 0 ? malloc((size_t)n * sizeof *logs) : NULL;

    *estimate = (struct estimate){0};
    if (!logs)
        return;
    for (int i = 0; i < n; i++)
        logs[i] = log(a[i]) - (b ? log(b[i]) : 0);
    from_logs(logs, n, estimate);
    free(logs);
}

void statistics_welch(const struct estimate *a, const struct estimate *b,
                      struct estimate *ratio)
{
    int n = a->n < b->n ? a->n : b->n;
    double mean = log(a->value) - log(b->value);

    *ratio = (struct estimate){.n = n, .value = exp(mean), .p = NAN};
    ratio->lo = ratio->hi = ratio->lo90 = ratio->hi90 = ratio->value;
    ratio->min = a->min / b->max;
    ratio->max = a->max / b->min;
    if (n < 2)
        return;
    double error_a = a->log_sd * a->log_sd / a->n;
    double error_b = b->log_sd * b->log_sd / b->n;
    double sum = error_a + error_b;
    double df = sum > 0 ? sum * sum /
                              (error_a * error_a / (a->n - 1) +
                               error_b * error_b / (b->n - 1))
                        : a->n + b->n - 2;
    /* The spread that one block of both runs adds to the error. */
    ratio->log_sd = sqrt(sum * n);
    set_intervals(mean, sqrt(sum), fmax(df, 1), ratio);
}

static int by_p(const void *left, const void *right)
{
    double x = **(double *const *)left, y = **(double *const *)right;

    return (x > y) - (x < y);
}

int statistics_holm(double *p, int n)
{
    double **sorted = malloc((size_t)(n > 0 ? n : 1) * sizeof *sorted);
    double largest = 0;
    int used = 0;

    if (!sorted)
        return -ENOMEM;
    for (int i = 0; i < n; i++)
        if (!isnan(p[i]))
            sorted[used++] = &p[i];
    qsort(sorted, (size_t)used, sizeof *sorted, by_p);
    for (int i = 0; i < used; i++) {
        largest = fmax(largest, *sorted[i] * (used - i));
        *sorted[i] = fmin(1, largest);
    }
    free(sorted);
    return used;
}

bool statistics_excludes_one(const struct estimate *ratio)
{
    return ratio->n > 1 && (ratio->lo > 1 || ratio->hi < 1);
}

enum verdict statistics_verdict(const struct estimate *ratio, double margin,
                                bool higher_is_better, bool confirmed)
{
    double limit = 1 + margin;
    bool excludes = confirmed && statistics_excludes_one(ratio);
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
    if (ratio->n < 2 || !(margin > 0))
        return 6; /* with fewer blocks a signed-rank test cannot reach 5 % */
    double t = statistics_t_quantile(0.975, ratio->n - 1);
    double blocks = ceil(pow(2 * t * ratio->log_sd / log1p(margin), 2));
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
