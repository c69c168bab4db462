/* SPDX-License-Identifier: MIT
 *
 * The rules that forecasts must beat, judged on what was measured:
 *
 *   nearest cell     the service is taken for the nearest other one that was
 *                    measured under the same model (log distance in wait, CPU,
 *                    connections or share of the load)
 *   laws             min(P/c, W/(D+c), N/(D+c)) with the bare work
 *   always the loop  the choice is event-loop
 *   goetz, 2c+1      numbers of workers: cores x (1 + wait/CPU), 2 cores + 1
 *
 * A rule that foretells the same of several models takes each as often as the
 * others: its regret is their mean.
 *
 * A regret is what a choice loses: the best model's throughput beyond that of
 * the chosen one, or the p99 with the chosen number of workers beyond the best
 * p99 of all numbers that were measured; both as shares.
 */
#pragma once

#include <jansson.h>

#include "rows.h"

struct baseline {
    const char *name; /* "nearest cell" */
    const char *of;   /* a quantity's name, "choice" or "workers" */
    int n;
    double median, p90; /* of absolute errors, or of regrets */
    double right; /* share with a regret of at most 5 %, of workers 10 %; NAN:
                     the rule does not choose */
};

enum { BASELINES_MAX = 16 };

struct baselines {
    struct baseline rows[BASELINES_MAX];
    int count;
    json_t *choices, *workers; /* as validation.json has them */
};

/* Returns 0 or -ENOMEM. */
int baselines_make(const struct questions *questions, const struct rows *rows,
                   struct baselines *baselines);
void baselines_free(struct baselines *baselines);

/* NULL: there is none. */
const struct baseline *baselines_find(const struct baselines *baselines,
                                      const char *name, const char *of);

/* "baselines" of validation.json. */
json_t *baselines_json(const struct baselines *baselines);
