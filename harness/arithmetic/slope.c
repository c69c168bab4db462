/* SPDX-License-Identifier: MIT
 *
 * Weighted least squares (Draper and Smith, Applied Regression Analysis, 3rd
 * edition, chapter 9). The variance of the slope comes from the residuals, each
 * divided by one minus its leverage (HC3; MacKinnon and White, J. of
 * Econometrics 29, 1985; Long and Ervin, The American Statistician 54, 2000).
 * So the interval also holds if the weights are wrong about how the scatter
 * grows, or if the points do not lie on a line.
 */
#include "slope.h"

#include <errno.h>
#include <math.h>

#include "statistics.h"

static double weight_of(const double *weights, int i)
{
    return weights ? weights[i] : 1;
}

static int count_places(const double *x, int n)
{
    int places = 0;

    for (int i = 0; i < n; i++) {
        int j = 0;

        while (j < i && x[j] != x[i])
            j++;
        places += j == i;
    }
    return places;
}

/* Weighted means and the sum of squares of x about its mean. */
struct centre {
    double weight, x, y, squares;
};

static void find_centre(const double *x, const double *y, const double *weights,
                        int n, struct centre *centre)
{
    *centre = (struct centre){0};
    for (int i = 0; i < n; i++) {
        centre->weight += weight_of(weights, i);
        centre->x += weight_of(weights, i) * x[i];
        centre->y += weight_of(weights, i) * y[i];
    }
    centre->x /= centre->weight;
    centre->y /= centre->weight;
    for (int i = 0; i < n; i++)
        centre->squares += weight_of(weights, i) * pow(x[i] - centre->x, 2);
}

int slope_fit(const double *x, const double *y, const double *weights, int n,
              struct slope *slope)
{
    double variance = 0;

    *slope = (struct slope){.n = n, .places = count_places(x, n)};
    if (slope->places < 3)
        return -EINVAL;
    struct centre at;
    find_centre(x, y, weights, n, &at);
    for (int i = 0; i < n; i++)
        slope->value +=
            weight_of(weights, i) * (x[i] - at.x) * (y[i] - at.y) / at.squares;
    slope->at_zero = at.y - slope->value * at.x;
    for (int i = 0; i < n; i++) {
        double w = weight_of(weights, i), dx = x[i] - at.x;
        double leverage = w / at.weight + w * dx * dx / at.squares;
        double rest = y[i] - slope->at_zero - slope->value * x[i];

        /* A point that decides the line alone has no residual to judge by. */
        if (leverage < 1 - 1e-9)
            variance += pow(w * dx * rest / (at.squares * (1 - leverage)), 2);
        else
            variance = NAN;
    }
    double half = statistics_t_quantile(0.975, n - 2) * sqrt(variance);
    slope->lo = slope->value - half;
    slope->hi = slope->value + half;
    return isfinite(slope->value) && isfinite(half) ? 0 : -EINVAL;
}
