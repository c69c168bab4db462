/* SPDX-License-Identifier: MIT */
#include "conformal.h"

#include <math.h>
#include <stdlib.h>

#include "statistics.h"

double conformal_bound(double *errors, int n, double cover)
{
    int rank = (int)ceil((n + 1) * cover - 1e-9);

    if (n < CONFORMAL_LEAST || rank > n)
        return NAN;
    qsort(errors, (size_t)n, sizeof *errors, statistics_ascending);
    return errors[rank - 1];
}
