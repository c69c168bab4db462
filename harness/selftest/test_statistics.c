/* SPDX-License-Identifier: MIT
 *
 * 10,000 simulated comparisons of two models over n blocks. Each block has a
 * common disturbance of 10 %, each model a noise of 5 %, both log-normal. The
 * seed is fixed, so results never change by chance. Even so, the accepted
 * ranges are many standard errors wide (a share of 95 % of 10,000 has one of
 * 0.2 %).
 */
#include "tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/arithmetic/signed_rank.h"
#include "harness/arithmetic/statistics.h"
#include "reference.h"

enum { COMPARISONS = 10000, BLOCKS_MAX = 12 };

struct sampler {
    struct delays delays;
    uint64_t number;
};

/* Standard normal after Box and Muller, from two exponentials: exp(-x) of an
 * exponential x is uniform. */
static double normal(struct sampler *sampler)
{
    double radius =
        (double)delays_ns(&sampler->delays, sampler->number++) / 1e9;
    double angle = (double)delays_ns(&sampler->delays, sampler->number++) / 1e9;

    return sqrt(2 * radius) * cos(2 * M_PI * exp(-angle));
}

static void simulate(struct sampler *sampler, int blocks, double ratio,
                     struct estimate *estimate, struct signed_rank *rank)
{
    double a[BLOCKS_MAX], b[BLOCKS_MAX];

    for (int i = 0; i < blocks; i++) {
        double block = 0.1 * normal(sampler);

        a[i] = 1000 * ratio * exp(block + 0.05 * normal(sampler));
        b[i] = 1000 * exp(block + 0.05 * normal(sampler));
    }
    statistics_ratio(a, b, blocks, estimate);
    if (rank)
        signed_rank_ratio(a, b, blocks, rank);
}

static struct sampler sampler_of(uint64_t seed)
{
    return (struct sampler){.delays = {DELAY_EXPONENTIAL, 1000000000, 0, seed}};
}

static void coverage(struct outcome *outcome, int blocks, double ratio)
{
    struct sampler sampler = sampler_of((uint64_t)blocks);
    struct estimate estimate;
    struct signed_rank rank;
    int covered = 0, rank_covered = 0;
    char what[48];

    for (int i = 0; i < COMPARISONS; i++) {
        simulate(&sampler, blocks, ratio, &estimate, &rank);
        covered += estimate.lo <= ratio && ratio <= estimate.hi;
        rank_covered += rank.lo <= ratio && ratio <= rank.hi;
    }
    snprintf(what, sizeof what, "%% covered, n = %d", blocks);
    outcome_number(outcome, what, 100.0 * covered / COMPARISONS, 93, 97);
    if (blocks < SIGNED_RANK_INTERVAL_MIN)
        return;
    /* Six ranks allow few levels of confidence; theirs is 1 - 2 / 64, above 95
     * %. */
    snprintf(what, sizeof what, "%% covered by ranks, n = %d", blocks);
    outcome_number(outcome, what, 100.0 * rank_covered / COMPARISONS, 94, 97.8);
}

static void test_statistics_coverage(struct outcome *outcome)
{
    coverage(outcome, 6, 1.1);
    coverage(outcome, 12, 1.1);
    coverage(outcome, 3, 0.7);
}

/* Adds up the percentage of comparisons with each verdict. */
static void tally(int blocks, double ratio, double margin, double *shares)
{
    struct sampler sampler = sampler_of(77);
    struct estimate estimate;

    for (int i = 0; i < COMPARISONS; i++) {
        simulate(&sampler, blocks, ratio, &estimate, NULL);
        shares[statistics_verdict(&estimate, margin, true, true)] +=
            100.0 / COMPARISONS;
    }
}

static void test_statistics_equal(struct outcome *outcome)
{
    double shares[VERDICT_INCONCLUSIVE + 1] = {0};

    tally(6, 1, 0.05, shares);
    outcome_number(outcome, "% called better or worse",
                   shares[VERDICT_BETTER] + shares[VERDICT_WORSE], 0, 5.7);
    /* If the true ratio is at the margin, "same" is wrong and may be said in 5
     * % of the cases. */
    shares[VERDICT_SAME] = 0;
    tally(12, 1.05, 0.05, shares);
    outcome_number(outcome, "% called same at the margin", shares[VERDICT_SAME],
                   0, 5.7);
}

static void test_statistics_different(struct outcome *outcome)
{
    double shares[VERDICT_INCONCLUSIVE + 1] = {0};

    tally(12, 1.3, 0.05, shares);
    outcome_number(outcome, "% called better", shares[VERDICT_BETTER], 99,
                   100.01);
    outcome_number(outcome, "% called worse", shares[VERDICT_WORSE], 0, 0.01);
}

static void test_statistics_verdicts(struct outcome *outcome)
{
    static const struct row {
        const char *what;
        double value, lo, hi, lo90, hi90;
        bool higher;
        enum verdict verdict;
        bool doubted;
    } rows[] = {
        {"beyond, excludes 1", 1.2, 1.1, 1.3, 1.12, 1.28, true, VERDICT_BETTER,
         false},
        {"beyond, excludes 1, less is better", 1.2, 1.1, 1.3, 1.12, 1.28, false,
         VERDICT_WORSE, false},
        {"below, excludes 1", 0.8, 0.7, 0.9, 0.72, 0.88, true, VERDICT_WORSE,
         false},
        {"below, excludes 1, less is better", 0.8, 0.7, 0.9, 0.72, 0.88, false,
         VERDICT_BETTER, false},
        {"90 % inside", 1.0, 0.97, 1.03, 0.98, 1.02, true, VERDICT_SAME, false},
        {"90 % inside, excludes 1", 1.02, 1.01, 1.03, 1.012, 1.028, true,
         VERDICT_SAME, false},
        {"inside, 90 % beyond", 1.04, 1.01, 1.08, 1.02, 1.06, true,
         VERDICT_NEGLIGIBLE, false},
        {"includes 1, 90 % beyond", 1.03, 0.96, 1.1, 0.97, 1.08, true,
         VERDICT_INCONCLUSIVE, false},
        {"far, includes 1", 1.5, 0.9, 2.5, 0.99, 2.3, true,
         VERDICT_INCONCLUSIVE, false},
        {"excludes 1, not confirmed", 1.2, 1.1, 1.3, 1.12, 1.28, true,
         VERDICT_INCONCLUSIVE, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct estimate estimate = {.n = 6,
                                    .value = row->value,
                                    .lo = row->lo,
                                    .hi = row->hi,
                                    .lo90 = row->lo90,
                                    .hi90 = row->hi90};
        enum verdict seen =
            statistics_verdict(&estimate, 0.05, row->higher, !row->doubted);

        outcome_words(outcome, row->what, verdict_words(row->verdict),
                      verdict_words(seen), seen == row->verdict);
    }
}

const struct selftest_test selftest_statistics_tests[] = {
    {"statistics-coverage", "statistics",
     "10,000 simulated comparisons with a known ratio",
     "95 % intervals cover it in 93 to 97 % of them", test_statistics_coverage,
     .alone = true},
    {"statistics-equal", "statistics",
     "10,000 simulated comparisons of equal models",
     "a difference is claimed in at most 5 % (and 0.7 for chance)",
     test_statistics_equal, .alone = true},
    {"statistics-different", "statistics",
     "10,000 simulated comparisons of models 30 % apart",
     "called better in 99 %", test_statistics_different, .alone = true},
    {"statistics-verdicts", "statistics", "ten intervals made by hand",
     "the verdict that the table in docs/method/statistics.md gives",
     test_statistics_verdicts, .alone = true},
    {0},
};
