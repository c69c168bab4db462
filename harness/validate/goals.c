/* SPDX-License-Identifier: MIT */
#include "goals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/json.h"
#include "models/runtime/base/discipline.h"

/* Fewer judged rows than this say nothing of a ninth decile. */
enum { LEAST = 20, LEAST_SERVICES = 5, LEAST_DISCIPLINE = 10 };

static struct goal *add(struct goals *goals, double seen, int n, int n_least,
                        double least, double most)
{
    struct goal *goal = &goals->rows[goals->count++];

    *goal = (struct goal){.seen = seen, .n = n, .least = least, .most = most};
    goal->state = seen >= least && seen <= most ? GOAL_MET : GOAL_MISSED;
    if (n < n_least || !isfinite(seen)) {
        goal->state = GOAL_NOT_JUDGED;
        snprintf(goal->why, sizeof goal->why,
                 "%d could be judged, %d are needed", n, n_least);
    }
    return goal;
}

static void add_error(struct goals *goals, const struct scores *scores,
                      enum quantity quantity, const char *what, double median,
                      double p90)
{
    const struct score *score = scores_find(scores, quantity, "all", "all");
    const struct errors *e = &score->errors;
    struct goal *goal = add(goals, e->median, e->n, LEAST, 0, median);

    snprintf(goal->words, sizeof goal->words,
             "%s: median error at most %.0f %%", what, 100 * median);
    if (!isfinite(p90))
        return;
    goal = add(goals, e->p90, e->n, LEAST, 0, p90);
    snprintf(goal->words, sizeof goal->words, "%s: nine in ten within %.0f %%",
             what, 100 * p90);
}

/* The largest bias of a discipline. */
static void add_bias(struct goals *goals, const struct scores *scores,
                     enum quantity quantity, const char *what)
{
    static const double BIAS = 0.03;
    double most = NAN;
    int n = 0;
    const char *of = "";

    for (int d = 0; d < DISCIPLINES; d++) {
        const struct score *score =
            scores_find(scores, quantity, "discipline", discipline_name(d));
        if (!score || score->errors.n < LEAST_DISCIPLINE)
            continue;
        n += score->errors.n;
        if (!(fabs(score->errors.bias) <= fabs(most))) {
            most = score->errors.bias;
            of = discipline_name(d);
        }
    }
    struct goal *goal = add(goals, most, n, LEAST, -BIAS, BIAS);
    snprintf(goal->words, sizeof goal->words,
             "%s: no discipline's bias beyond %.0f %%%s%s", what, 100 * BIAS,
             *of ? "; the largest: " : "", of);
}

static void add_latency(struct goals *goals, const struct scores *scores)
{
    const struct score *score = scores_find(scores, QUANTITY_P99, "all", "all");
    struct goal *goal =
        add(goals, score->errors.within, score->errors.n, LEAST, 0.9, 1);

    snprintf(goal->words, sizeof goal->words, "p99: 90 %% within x or / %.2f",
             SCORES_NEAR);
}

/* Of all quantities together. */
static void add_bands(struct goals *goals, const struct scores *scores)
{
    double covered = 0;
    int n = 0;

    for (int q = 0; q < QUANTITIES; q++) {
        const struct errors *e = &scores_find(scores, q, "all", "all")->errors;
        if (!isfinite(e->covered))
            continue;
        covered += e->covered * e->n;
        n += e->n;
    }
    struct goal *goal =
        add(goals, n > 0 ? covered / n : NAN, n, LEAST, 0.85, 0.95);
    snprintf(goal->words, sizeof goal->words,
             "bands cover 85 to 95 %% of what they are for");
}

static void add_right(struct goals *goals, const struct baselines *baselines,
                      const char *of, const char *words)
{
    const struct baseline *b = baselines_find(baselines, "forecast", of);
    struct goal *goal = add(goals, b->right, b->n, LEAST_SERVICES, 0.95, 1);

    snprintf(goal->words, sizeof goal->words, "%s", words);
}

/* Forecasts are off by less, or choose worse less often; where both choose
 * as often, with a smaller regret. */
static void add_beaten(struct goals *goals, const struct baselines *baselines,
                       const char *name, const char *of, const char *what)
{
    const struct baseline *ours = baselines_find(baselines, "forecast", of);
    const struct baseline *theirs = baselines_find(baselines, name, of);
    bool chooses = isfinite(theirs->right);
    double mine = chooses ? 1 - ours->right : ours->median;
    double other = chooses ? 1 - theirs->right : theirs->median;
    if (chooses && mine == other) {
        mine = ours->p90;
        other = theirs->p90;
    }
    struct goal *goal =
        add(goals, mine - other, theirs->n, LEAST_SERVICES, -1e9, -1e-9);

    snprintf(goal->words, sizeof goal->words, "beats \"%s\" in %s", name, what);
    if (mine == other && goal->state == GOAL_MISSED) {
        goal->state = GOAL_NOT_JUDGED;
        snprintf(goal->why, sizeof goal->why, "neither was better");
    }
}

void goals_make(const struct scores *scores, const struct baselines *baselines,
                struct goals *goals)
{
    goals->count = 0;
    add_error(goals, scores, QUANTITY_CPU, "CPU per request", 0.04, 0.12);
    add_error(goals, scores, QUANTITY_THROUGHPUT, "throughput", 0.03, 0.12);
    add_error(goals, scores, QUANTITY_MEMORY, "memory", 0.08, NAN);
    add_bias(goals, scores, QUANTITY_CPU, "CPU per request");
    add_bias(goals, scores, QUANTITY_THROUGHPUT, "throughput");
    add_latency(goals, scores);
    add_bands(goals, scores);
    add_right(goals, baselines, "choice",
              "choice: regret of at most 5 % in 95 % of the services");
    add_right(goals, baselines, "workers",
              "workers: p99 within 10 % of the best in 95 % of the services");
    add_beaten(goals, baselines, "nearest cell", "throughput_per_s",
               "throughput");
    add_beaten(goals, baselines, "nearest cell", "latency_p99_ns", "p99");
    add_beaten(goals, baselines, "laws", "throughput_per_s", "throughput");
    add_beaten(goals, baselines, "nearest cell", "choice", "the choice");
    add_beaten(goals, baselines, "laws", "choice", "the choice");
    add_beaten(goals, baselines, "always the loop", "choice", "the choice");
    add_beaten(goals, baselines, "goetz", "workers", "workers");
    add_beaten(goals, baselines, "2c+1", "workers", "workers");
}

json_t *goals_json(const struct goals *goals)
{
    json_t *list = json_array();

    for (int i = 0; i < goals->count; i++) {
        const struct goal *goal = &goals->rows[i];
        json_t *met = goal->state == GOAL_NOT_JUDGED
                          ? json_null()
                          : json_boolean(goal->state == GOAL_MET);
        json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:i, s:s, s:o, s:s}", "goal",
                            goal->words, "seen", json_finite(goal->seen),
                            "least", json_finite(goal->least), "limit",
                            json_finite(goal->most), "n", goal->n, "unit",
                            "share", "met", met, "why", goal->why));
    }
    return list;
}
