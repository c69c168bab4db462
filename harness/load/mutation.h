/* SPDX-License-Identifier: MIT
 *
 * Known mistakes of load generators, built in so that the self-test can show
 * that each would be caught. A plan has none unless `troika selftest` puts it
 * there: no flag, file or environment variable reaches it.
 */
#pragma once

struct histogram;

enum load_mutation {
    MUTATION_NONE,
    MUTATION_FROM_SENT, /* response times count from the actual send */
    MUTATION_SKIP,      /* what finds no free connection is never sent */
    MUTATION_DROP,      /* what is in flight at the window's end is lost */
    MUTATION_P95,       /* p95 is given for p99 */
    MUTATION_ERRORS_OK, /* errors count as successes */
    MUTATION_UNCHECKED, /* wrong bodies count as right ones */
    MUTATION_OUTLIERS,  /* answers later than MUTATION_OUTLIER_NS have no
                           part in the times */
    MUTATION_SLOW,      /* each send is delayed by MUTATION_SLOW_NS */
};

enum { MUTATION_SLOW_NS = 1000000, MUTATION_OUTLIER_NS = 50000000 };

/* Every value above the 95th percentile becomes it, so that whoever reads a
 * p99 gets the p95. */
void load_mutation_flatten(struct histogram *histogram);

/* MUTATION_SLOW: waits. */
void load_mutation_dawdle(void);
