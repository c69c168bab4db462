/* SPDX-License-Identifier: MIT */
#include "choice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/statistics.h"

/* An option is recommended if it is the best in so many draws, and if choosing
 * it costs so little where it is not. */
static const double BEST_LEAST = 0.8, REGRET_MOST = 0.1;

/* What keeps the limits in fewer draws is at risk. */
static const double KEEPS_LEAST = 0.95;

/* Missing a limit that another option keeps. */
static const double REGRET_OF_A_MISS = 1;

const char *fate_words(enum fate fate)
{
    static const char *const words[] = {
        [FATE_FITS] = "fits",         [FATE_AT_RISK] = "at risk",
        [FATE_FAILS] = "fails",       [FATE_BARRED] = "score too low",
        [FATE_UNKNOWN] = "not known",
    };
    return words[fate];
}

const char *choice_name(enum choice_kind kind)
{
    static const char *const names[] = {
        [CHOICE_RECOMMENDED] = "recommended",
        [CHOICE_EQUAL] = "does not matter",
        [CHOICE_TOSS_UP] = "toss-up",
        [CHOICE_AT_RISK] = "at risk",
        [CHOICE_NONE] = "none",
        [CHOICE_REFUSED] = "refused",
    };
    return names[kind];
}

/* The figures if the measurement lay at an end of the bands. */
static struct figures at_end(const struct figures *figures,
                             const struct band *latency,
                             const struct band *memory, double sign)
{
    struct figures end = *figures;

    if (isfinite(latency->factor))
        end.of[DRIVER_LATENCY] *= pow(latency->factor, sign);
    if (isfinite(memory->factor))
        end.memory_most_bytes *= pow(memory->factor, sign);
    return end;
}

/* Whether the forecast says too little for a fate. Overload is one, whatever
 * else is not known. */
static bool is_unknown(const struct service *peak,
                       const struct candidate *option)
{
    double latency_ns = option->figures.of[DRIVER_LATENCY];
    bool no_memory = !isfinite(option->figures.memory_most_bytes) ||
                     option->peak.on_memory == KEPT_UNKNOWN;

    return option->why[0] || (peak->limit_ns > 0 && isnan(latency_ns)) ||
           (peak->memory_bytes > 0 && !isinf(latency_ns) && no_memory);
}

enum fate fate_of(const struct service *peak, const struct candidate *option,
                  const struct band *latency, const struct band *memory)
{
    const struct figures *figures = &option->figures;

    if (is_unknown(peak, option))
        return FATE_UNKNOWN;
    struct figures bad = at_end(figures, latency, memory, 1);
    struct figures good = at_end(figures, latency, memory, -1);
    if (figures_fit(peak, &bad))
        return FATE_FITS;
    return figures_fit(peak, &good) ? FATE_AT_RISK : FATE_FAILS;
}

/* The regret of each option in one draw, all NAN where none keeps the limits.
 * Returns the best one, or -1. */
static int regrets_of(const struct drawn *drawn, int count, double *regrets)
{
    int best = -1;

    for (int m = 0; m < count; m++) {
        regrets[m] = NAN;
        if (drawn->fits[m] &&
            (best < 0 || drawn->burden[m] < drawn->burden[best]))
            best = m;
    }
    for (int m = 0; m < count && best >= 0; m++)
        regrets[m] = drawn->fits[m]
                         ? expm1(drawn->burden[m] - drawn->burden[best])
                         : REGRET_OF_A_MISS;
    return best;
}

static void add_draw(const struct drawn *drawn, int best, const double *regrets,
                     int count, struct judged *of)
{
    for (int m = 0; m < count; m++) {
        of[m].best += m == best;
        of[m].equal += regrets[m] <= CHOICE_WITHIN;
        of[m].keeps += drawn->fits[m];
        of[m].regret += regrets[m];
    }
}

/* `regrets` has a row of DRAWS values for each option. */
static void summarise(int count, int n, double (*regrets)[DRAWS],
                      struct judged *of)
{
    for (int m = 0; m < count; m++) {
        of[m].best /= n;
        of[m].equal /= n;
        of[m].keeps /= n;
        of[m].regret /= n;
        qsort(regrets[m], (size_t)n, sizeof(double), statistics_ascending);
        int place = (int)ceil(0.95 * n) - 1;
        of[m].regret95 = regrets[m][place];
    }
}

static void run_draws(const struct matter *matter,
                      const struct candidate *options,
                      const struct draws *draws, struct choice *choice)
{
    static double regrets[OPTIONS_MAX][DRAWS];
    double of_draw[OPTIONS_MAX];
    struct drawn drawn;
    int count = matter->model_count, n = 0;

    for (int i = 0; i < DRAWS; i++) {
        draws_take(matter, options, draws, i, &drawn);
        int best = regrets_of(&drawn, count, of_draw);
        if (best < 0)
            continue;
        add_draw(&drawn, best, of_draw, count, choice->of);
        for (int m = 0; m < count; m++)
            regrets[m][n] = of_draw[m];
        n++;
    }
    choice->none = 1 - (double)n / DRAWS;
    if (n > 0)
        summarise(count, n, regrets, choice->of);
}

/* Puts the leader, and whoever may be as good, at the head. */
static void name(struct choice *choice, int count, const bool *named)
{
    choice->named[choice->named_count++] = choice->leader;
    for (int m = 0; m < count; m++)
        if (m != choice->leader && named[m])
            choice->named[choice->named_count++] = m;
}

static bool is_sure(const struct judged *judged)
{
    return judged->best >= BEST_LEAST && judged->regret95 <= REGRET_MOST;
}

/* A toss-up in which only the leader fits: with those that may lead all the
 * same. Without any the leader costs little, or is itself at risk. */
static void settle_alone(int count, struct choice *choice)
{
    const struct judged *leader = &choice->of[choice->leader];
    int second = -1;

    for (int m = 0; m < count; m++) {
        const struct judged *other = &choice->of[m];
        if (m == choice->leader || other->fate == FATE_BARRED ||
            other->fate == FATE_UNKNOWN)
            continue;
        if (other->equal > 1 - BEST_LEAST)
            choice->named[choice->named_count++] = m;
        if (second < 0 || other->best > choice->of[second].best)
            second = m;
    }
    if (choice->named_count > 1)
        return;
    if (leader->regret95 <= REGRET_MOST)
        choice->kind = CHOICE_RECOMMENDED;
    else if (leader->keeps < KEEPS_LEAST)
        choice->kind = CHOICE_AT_RISK;
    else if (second >= 0)
        choice->named[choice->named_count++] = second;
}

/* The leader is the least burdened option; who else is named depends on how
 * often its regret is small. */
static void conclude(const struct candidate *options, int count,
                     struct choice *choice)
{
    const struct judged *leader = &choice->of[choice->leader];
    double least = options[choice->leader].burden;
    bool equal[OPTIONS_MAX] = {false}, rival[OPTIONS_MAX] = {false};
    int equals = 0;

    for (int m = 0; m < count; m++) {
        const struct judged *other = &choice->of[m];
        if (m == choice->leader || choice->of[m].fate != FATE_FITS)
            continue;
        equal[m] = options[m].burden - least <= log1p(CHOICE_WITHIN) &&
                   other->regret95 <= REGRET_MOST;
        equals += equal[m];
        rival[m] = other->equal > 1 - BEST_LEAST;
    }
    /* In no draw does an option keep the limits: nothing is known of which. */
    if (leader->fate != FATE_FITS || choice->none >= 1) {
        choice->kind = CHOICE_AT_RISK;
        name(choice, count, equal);
    } else if (equals > 0 && leader->regret95 <= REGRET_MOST) {
        choice->kind = CHOICE_EQUAL;
        name(choice, count, equal);
    } else if (is_sure(leader)) {
        choice->kind = CHOICE_RECOMMENDED;
        name(choice, count, equal);
    } else {
        choice->kind = CHOICE_TOSS_UP;
        name(choice, count, rival);
    }
    if (choice->kind == CHOICE_TOSS_UP && choice->named_count == 1)
        settle_alone(count, choice);
}

/* The least burdened option of that fate; `firm`: whose regret is small in 95 %
 * of the draws. */
static int least_of(const struct candidate *options,
                    const struct choice *choice, int count, enum fate fate,
                    bool firm)
{
    int least = -1;

    for (int m = 0; m < count; m++) {
        const struct judged *of = &choice->of[m];
        if (of->fate != fate || (firm && !(of->regret95 <= REGRET_MOST)))
            continue;
        if (least < 0 || options[m].burden < options[least].burden)
            least = m;
    }
    return least;
}

/* The least burdened of those with the best fate that any has. One that breaks
 * where the inputs are a little worse than they were given, as a small pool
 * does, gives way to one that does not, if that one's burden is about equal. */
static int leader_of(const struct candidate *options,
                     const struct choice *choice, int count)
{
    int least = least_of(options, choice, count, FATE_FITS, false);
    int firm = least_of(options, choice, count, FATE_FITS, true);

    if (least < 0)
        return least_of(options, choice, count, FATE_AT_RISK, false);
    if (firm >= 0 &&
        options[firm].burden - options[least].burden <= log1p(CHOICE_WITHIN))
        return firm;
    return least;
}

void choice_make(const struct matter *matter, const struct candidate *options,
                 const enum fate *fates, const struct draws *draws,
                 struct choice *choice)
{
    int count = matter->model_count;

    *choice = (struct choice){.kind = CHOICE_NONE, .minimax = -1};
    run_draws(matter, options, draws, choice);
    for (int m = 0; m < count; m++) {
        struct judged *of = &choice->of[m];
        of->fate = fates[m];
        of->headroom =
            matter->service->rate_per_s > 0
                ? options[m].peak.capacity_per_s / matter->service->rate_per_s
                : NAN;
        if ((fates[m] == FATE_FITS || fates[m] == FATE_AT_RISK) &&
            (choice->minimax < 0 ||
             of->regret95 < choice->of[choice->minimax].regret95))
            choice->minimax = m;
    }
    choice->leader = leader_of(options, choice, count);
    if (choice->leader >= 0)
        conclude(options, count, choice);
}
