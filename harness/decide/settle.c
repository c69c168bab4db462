/* SPDX-License-Identifier: MIT */
#include "settle.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/arithmetic/statistics.h"
#include "harness/base/exit.h"
#include "harness/evidence/measure.h"
#include "harness/run/plan.h"
#include "models/runtime/base/clock.h"

/* An option may be the choice if it is the best, or hardly worse, in so many
 * draws, or if its burden is no more than this above the least. */
static const double BEST_LEAST = 0.02, EQUAL_LEAST = 0.2, NEAR = 1.1;

/* After so many blocks what trials do not tell, more do not tell either. */
enum { BLOCKS_MOST = 12, BLOCKS_MORE = 3 };

static bool is_candidate(const struct decision *decision, int option)
{
    const struct candidate *o = &decision->options[option];
    const struct judged *judged = &decision->choice.of[option];
    int leader = decision->choice.leader;

    if (o->why[0] || judged->fate == FATE_BARRED)
        return false;
    if (option == leader)
        return true;
    if (leader >= 0 && judged->fate != FATE_FITS &&
        judged->fate != FATE_AT_RISK)
        return false;
    if (leader < 0) /* whether none keeps the limits is the question */
        return !isinf(o->forecast.of[DRIVER_LATENCY]) &&
               judged->fate == FATE_FAILS;
    return judged->best >= BEST_LEAST || judged->equal >= EQUAL_LEAST ||
           o->burden - decision->options[leader].burden <= log(NEAR);
}

/* The leader, then by burden; without a leader, by latency. */
static double rank_of(const struct decision *decision, int option)
{
    const struct candidate *o = &decision->options[option];

    if (option == decision->choice.leader)
        return -INFINITY;
    return decision->choice.leader >= 0 ? o->burden
                                        : o->forecast.of[DRIVER_LATENCY];
}

static void find_candidates(const struct decision *decision,
                            struct settle *settle)
{
    int most = decision->choice.leader < 0 ? 2 : SETTLE_OPTIONS_MAX;

    for (int m = 0; m < decision->matter.model_count; m++) {
        if (!is_candidate(decision, m))
            continue;
        int at = settle->count;
        while (at > 0 && rank_of(decision, m) <
                             rank_of(decision, settle->options[at - 1]))
            at--;
        if (at >= most)
            continue;
        int last = settle->count < most ? settle->count : most - 1;
        for (int i = last; i > at; i--)
            settle->options[i] = settle->options[i - 1];
        settle->options[at] = m;
        settle->count = last + 1;
    }
}

static double burden_in(const struct decision *decision, int option,
                        const struct evidence_trial *trial, const bool *known)
{
    const struct candidate *o = &decision->options[option];
    double ratio[QUANTITIES];

    for (int q = 0; q < QUANTITIES; q++)
        ratio[q] = evidence_ratio(trial, &o->found, q, 1);
    struct figures figures = figures_scaled(&o->forecast, ratio);
    return figures_burden(&decision->peak, &figures, decision->wishes.weights,
                          known) +
           scores_burden(&decision->wishes, o->model, decision->wishes.weights);
}

/* The interval of the option's burden less the leader's, from blocks in which
 * both were measured and neither came to an overload. */
static void compare(const struct decision *decision, int option, double *lo,
                    double *hi)
{
    const struct candidate *o = &decision->options[option];
    const struct candidate *first = &decision->options[decision->choice.leader];
    const struct figures figures[] = {first->figures, o->figures};
    bool fits[] = {true, true}, known[DRIVERS_MEASURED];
    double apart[EVIDENCE_BLOCKS_MAX];
    double sum = 0, squares = 0;
    int n = 0;

    figures_known(figures, fits, 2, known);
    for (int i = 0; i < o->measured->count; i++) {
        const struct evidence_trial *own = &o->measured->trials[i];
        const struct evidence_trial *other =
            evidence_at(first->measured, own->block);
        if (!other || own->overloaded || other->overloaded)
            continue;
        apart[n] = burden_in(decision, option, own, known) -
                   burden_in(decision, decision->choice.leader, other, known);
        sum += apart[n++];
    }
    *lo = *hi = NAN;
    if (n < 2)
        return;
    for (int i = 0; i < n; i++)
        squares += (apart[i] - sum / n) * (apart[i] - sum / n);
    double half =
        statistics_t_quantile(0.95, n - 1) * sqrt(squares / (n - 1) / n);
    *lo = sum / n - half;
    *hi = sum / n + half;
}

static int trials_of(const struct decision *decision, int option)
{
    const struct evidence_model *tried = decision->options[option].tried;
    return tried ? tried->count + tried->invalid : 0;
}

/* Whether trials tell of the option what was in question: of the leader that it
 * keeps the limits, of another one that it is worse, or as good. Without a
 * leader, that it was measured. */
static bool is_told(const struct decision *decision, int option, double lo,
                    double hi)
{
    const struct candidate *o = &decision->options[option];
    bool fits = decision->choice.of[option].fate == FATE_FITS;
    double within = log1p(CHOICE_WITHIN);
    int leader = decision->choice.leader;

    if (!o->measured || o->measured->count < SETTLE_BLOCKS_LEAST)
        return false;
    if (leader < 0)
        return true;
    if (option == leader)
        return fits;
    return lo > 0 || (fits && (hi < 0 || (lo > -within && hi < within)));
}

struct settle settle_of(const struct decision *decision)
{
    struct settle settle = {.settled = true};

    find_candidates(decision, &settle);
    for (int i = 0; i < settle.count; i++) {
        int option = settle.options[i];
        const struct candidate *first = &decision->options[settle.options[0]];
        settle.lo[i] = settle.hi[i] = NAN;
        if (i > 0 && decision->choice.leader >= 0 && first->measured &&
            decision->options[option].measured)
            compare(decision, option, &settle.lo[i], &settle.hi[i]);
        bool told = is_told(decision, option, settle.lo[i], settle.hi[i]);
        settle.open[i] = !told && trials_of(decision, option) < BLOCKS_MOST;
        settle.settled &= told;
    }
    return settle;
}

/* The options that are open, and the leader, with which they are compared. */
static void choose(const struct decision *decision, const struct settle *settle,
                   struct evidence_round *round)
{
    round->count = 0;
    for (int i = 0; i < settle->count; i++) {
        const struct candidate *o = &decision->options[settle->options[i]];
        if ((i > 0 && !settle->open[i]) || !evidence_startable(o->model))
            continue;
        round->models[round->count] = o->model;
        round->workers[round->count++] = o->workers;
    }
}

/* What will come each second: of clients, what the slowest option gives. */
static double rate_of(const struct decision *decision,
                      const struct settle *settle)
{
    double rate =
        decision->peak.rate_per_s > 0 ? decision->peak.rate_per_s : INFINITY;

    for (int i = 0; i < settle->count; i++)
        rate = fmin(rate, decision->options[settle->options[i]]
                              .figures.of[DRIVER_THROUGHPUT]);
    return rate;
}

static void tell_round(const struct evidence_round *round, int64_t left_ns)
{
    char took[48], left[48];

    fprintf(
        stderr,
        "measuring at the profile: %d model%s, %d block%s, about %s; %s "
        "left\n",
        round->count, digits_plural(round->count), round->blocks,
        digits_plural(round->blocks),
        plan_duration(evidence_trial_ns(round) * round->count * round->blocks,
                      took, sizeof took),
        plan_duration(left_ns, left, sizeof left));
}

/* Sets the windows of all rounds, for three blocks in the time. */
static void set_windows(const struct settle_plan *plan,
                        const struct decision *decision,
                        const struct settle *settle, int64_t left_ns,
                        struct evidence_round *round)
{
    int64_t each_ns = left_ns / (SETTLE_BLOCKS_LEAST * round->count);

    round->warmup_ns = round->window_ns = 0;
    each_ns -= evidence_trial_ns(round);
    if (!evidence_windows(round, rate_of(decision, settle), each_ns))
        fprintf(stderr,
                "troika %s: in %s no trial has enough requests for the "
                "percentile at this rate: a longer --budget tells more\n",
                plan->verb, digits_ns((double)plan->budget_ns).text);
}

/* Plans the next round. False: nothing is left to measure, or no time. */
static bool plan_round(const struct settle_plan *plan,
                       const struct decision *decision,
                       const struct settle *settle, int64_t left_ns,
                       struct evidence_round *round)
{
    bool first = round->first_block == 1, open = false;
    char needs[48];

    for (int i = 0; i < settle->count; i++)
        open |= settle->open[i];
    choose(decision, settle, round);
    if (!open || round->count == 0)
        return false;
    round->blocks = first ? SETTLE_BLOCKS_LEAST : BLOCKS_MORE;
    if (first)
        set_windows(plan, decision, settle, left_ns, round);
    int64_t block_ns = evidence_trial_ns(round) * round->count;
    while (round->blocks > 1 && round->blocks * block_ns > left_ns)
        round->blocks--;
    if (first && block_ns > left_ns)
        fprintf(stderr,
                "troika %s: nothing is measured: a trial of each takes %s; "
                "give a longer --budget\n",
                plan->verb, plan_duration(block_ns, needs, sizeof needs));
    return round->blocks * block_ns <= left_ns;
}

static int measure_rounds(const struct settle_plan *plan,
                          struct inquiry *inquiry, struct decision *decision)
{
    struct evidence *evidence = &inquiry->evidence;
    struct service peak = decision->peak;
    struct evidence_round round = {
        .verb = plan->verb,
        .root = plan->root,
        .service = &peak,
        .machine = &inquiry->machine,
        .precision = inquiry->question.precision,
        .first_block = 1,
        .seed = plan->seed,
        .wait_ns = plan->wait_ns,
        .allow_any_build = plan->allow_any_build,
    };
    int64_t start_ns = clock_now_ns();
    int code = EXIT_OK;

    for (;;) {
        struct settle settle = settle_of(decision);
        int64_t left_ns = plan->budget_ns - (clock_now_ns() - start_ns);
        if (evidence->run_count == EVIDENCE_RUNS_MAX ||
            !plan_round(plan, decision, &settle, left_ns, &round))
            break;
        tell_round(&round, left_ns);
        int measured = evidence_measure(&round, evidence);
        if (measured != EXIT_OK && measured != EXIT_INVALID)
            return measured;
        code = measured == EXIT_OK ? code : measured;
        round.first_block += round.blocks;
        round.seed++;
        if (decision_make(inquiry, decision) < 0)
            return EXIT_FAILED;
    }
    return code;
}

int settle_measure(const struct settle_plan *plan, struct inquiry *inquiry,
                   struct decision *decision)
{
    char why[256];

    if (decision_make(inquiry, decision) < 0)
        return EXIT_FAILED;
    if (evidence_possible(&decision->peak, why, sizeof why))
        return measure_rounds(plan, inquiry, decision);
    fprintf(stderr, "troika %s: nothing is measured: %s\n", plan->verb, why);
    return EXIT_OK;
}
