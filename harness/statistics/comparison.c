/* SPDX-License-Identifier: MIT
 *
 * Two second opinions can overrule "different" but not create it: the exact
 * signed-rank interval, which does not assume normal logarithms, and Holm's
 * correction over the primary comparisons of the experiment. That two models
 * are the same rests on the two one-sided tests alone.
 */
#include "comparison.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"

static const double TIMES_FROM = 2;

enum { BLOCKS_PRACTICAL = 100 }; /* advice to run more is no help */

static const char *const verdict_names[] = {
    [VERDICT_BETTER] = "better",
    [VERDICT_WORSE] = "worse",
    [VERDICT_SAME] = "same",
    [VERDICT_NEGLIGIBLE] = "negligible",
    [VERDICT_INCONCLUSIVE] = "inconclusive",
};

int comparison_correct(void *comparisons, size_t count, size_t size,
                       const char *experiment)
{
    double *p = calloc(count + 1, sizeof *p);
    int family = -ENOMEM;

#define AT(i) ((struct comparison *)((char *)comparisons + (i)*size))
    for (size_t i = 0; p && i < count; i++) {
        bool counts = AT(i)->primary &&
                      (!experiment || !strcmp(AT(i)->experiment, experiment));

        p[i] = counts ? AT(i)->ratio.p : NAN;
    }
    if (p)
        family = statistics_holm(p, (int)count);
    for (size_t i = 0; family > 0 && i < count; i++)
        if (!isnan(p[i])) {
            AT(i)->p_holm = p[i];
            AT(i)->family = family;
        }
#undef AT
    free(p);
    return family < 0 ? family : 0;
}

bool comparison_blocked(const struct comparison *comparison)
{
    return comparison->invalid_share > COMPARISON_INVALID_SHARE_MAX;
}

/* Whether t-interval and rank interval disagree about there being a
 * difference. */
static bool is_unstable(const struct comparison *comparison)
{
    const struct signed_rank *rank = &comparison->rank;

    return isfinite(rank->lo) && isfinite(rank->hi) && rank->lo > 0 &&
           statistics_excludes_one(&comparison->ratio) !=
               (rank->lo > 1 || rank->hi < 1);
}

static bool lost_to_holm(const struct comparison *comparison)
{
    return comparison->primary && comparison->p_holm > 0.05;
}

static enum verdict unbarred(const struct comparison *comparison)
{
    bool confirmed = !is_unstable(comparison) && !lost_to_holm(comparison);

    return statistics_verdict(&comparison->ratio, comparison->margin,
                              comparison->metric->higher_is_better, confirmed);
}

bool comparison_barred(const struct comparison *comparison)
{
    if (!comparison->bound_a && !comparison->bound_b)
        return false;
    if (comparison->bound_a && comparison->bound_b)
        return true;
    return unbarred(comparison) !=
           (comparison->bound_a ? VERDICT_BETTER : VERDICT_WORSE);
}

enum verdict comparison_verdict(const struct comparison *comparison)
{
    if (comparison_blocked(comparison) || comparison_barred(comparison))
        return VERDICT_INCONCLUSIVE;
    return unbarred(comparison);
}

const char *comparison_verdict_name(enum verdict verdict)
{
    return verdict_names[verdict];
}

const char *comparison_ratio_format(double ratio, char *text, size_t size)
{
    int decimals = ratio >= 100 ? 0 : ratio >= 10 ? 1 : ratio >= 0.1 ? 2 : 4;

    snprintf(text, size, "%.*f", decimals, ratio);
    return text;
}

const char *comparison_range_format(double lo, double hi, char *text,
                                    size_t size)
{
    char ends[2][32];

    snprintf(text, size, "[%s–%s]",
             comparison_ratio_format(lo, ends[0], sizeof ends[0]),
             comparison_ratio_format(hi, ends[1], sizeof ends[1]));
    return text;
}

/* "event-loop is 31 % better [27–35]", from the side of the better model: so
 * much more if higher is better, so much less if lower is. From a factor of two
 * on, a percentage misleads ("9876 % better"), and a saving creeps towards 100
 * %; then the text says "99.8 times better". */
static void say_better(const struct comparison *comparison, bool a_is_better,
                       char *text, size_t size)
{
    const struct estimate *ratio = &comparison->ratio;
    bool more = comparison->metric->higher_is_better;
    bool turned = a_is_better != more;
    double factor = turned ? 1 / ratio->value : ratio->value;
    double sides[3] = {ratio->lo, ratio->value, ratio->hi};
    int decimals = fabs(ratio->value - 1) < 0.2 ? 1 : 0;
    char texts[3][32];
    for (int i = 0; i < 3; i++) {
        double r = a_is_better ? sides[i] : 1 / sides[i];

        if (factor >= TIMES_FROM)
            comparison_ratio_format(more ? r : 1 / r, texts[i],
                                    sizeof texts[i]);
        else
            snprintf(texts[i], sizeof texts[i], "%.*f", decimals,
                     100 * (more ? r - 1 : 1 - r));
    }
    /* Seen from b, or as a saving, the ends of the interval change places; with
     * both they stay. */
    snprintf(text, size, "%s is %s %s better [%s–%s]",
             a_is_better ? comparison->a : comparison->b, texts[1],
             factor >= TIMES_FROM ? "times" : "%", texts[turned ? 2 : 0],
             texts[turned ? 0 : 2]);
}

static void say_inconclusive(const struct comparison *comparison,
                             const char *units, char *text, size_t size)
{
    int blocks =
        statistics_blocks_needed(&comparison->ratio, comparison->margin);
    const char *why = "";
    char among[80];
    snprintf(among, sizeof among,
             " (not significant among %d comparisons, Holm)",
             comparison->family);
    if (is_unstable(comparison))
        why = " (unstable: t and signed-rank intervals disagree)";
    else if (statistics_excludes_one(&comparison->ratio) &&
             lost_to_holm(comparison))
        why = among;
    if (blocks <= BLOCKS_PRACTICAL)
        snprintf(text, size, "inconclusive; about %d %s would settle it%s",
                 blocks, units, why);
    else
        snprintf(text, size,
                 "inconclusive: too noisy to settle by repeating; quieten the "
                 "machine%s",
                 why);
}

static void say_barred(const struct comparison *comparison, char *text,
                       size_t size)
{
    const char *a = comparison->bound_a, *b = comparison->bound_b;

    if (a && !strcmp(a, COMPARISON_ESTIMATE) &&
        comparison->lower_a != comparison->lower_b)
        snprintf(text, size,
                 "no verdict, %s is a lower bound without the memory that the "
                 "kernel holds for it; run as root",
                 comparison->lower_a ? comparison->a : comparison->b);
    else if (a && !strcmp(a, COMPARISON_ESTIMATE))
        snprintf(text, size,
                 "no verdict, both are lower bounds without the memory that "
                 "the kernel holds for them; run as root");
    else if (a && b && !strcmp(a, "generator") && !strcmp(b, a))
        snprintf(text, size,
                 "no verdict, both are generator-bound: what is seen are "
                 "client, kernel and HTTP");
    else if (a && b && !strcmp(a, b))
        snprintf(text, size,
                 "no verdict, the limit of both is %s: neither is the "
                 "bottleneck",
                 a);
    else if (a && b)
        snprintf(text, size, "no verdict, the limits are %s and %s", a, b);
    else
        snprintf(text, size,
                 "no verdict, the limit of %s is %s: it may be better",
                 a ? comparison->a : comparison->b, a ? a : b);
}

char *comparison_phrase(const struct comparison *comparison, const char *units,
                        char *text, size_t size)
{
    enum verdict verdict = comparison_verdict(comparison);

    if (comparison->ratio.n < 2) {
        snprintf(text, size,
                 "only one block: no interval, nothing can be said");
        return text;
    }
    if (comparison_blocked(comparison))
        snprintf(text, size,
                 "no verdict, %.0f %% of the trials of one were invalid",
                 100 * comparison->invalid_share);
    else if (comparison_barred(comparison))
        say_barred(comparison, text, size);
    else if (verdict == VERDICT_BETTER || verdict == VERDICT_WORSE)
        say_better(comparison, verdict == VERDICT_BETTER, text, size);
    else if (verdict == VERDICT_SAME)
        snprintf(text, size, "%s (±%.3g %%)", verdict_words(verdict),
                 100 * comparison->margin);
    else if (verdict == VERDICT_NEGLIGIBLE)
        snprintf(text, size, "%s", verdict_words(verdict));
    else
        say_inconclusive(comparison, units, text, size);
    size_t used = strlen(text);
    if (comparison->pairs > 0 && used < size)
        used +=
            (size_t)snprintf(text + used, size - used,
                             ", from %d pairs of slices", comparison->pairs);
    if (!comparison->primary && used < size)
        snprintf(text + used, size - used, ", exploratory");
    return text;
}

/* In slice mode a value may be a stretch of a block (sample.h). */
static const char *units_of(const struct comparison *comparison)
{
    return comparison->pairs > 0 ? "stretches of slices" : "blocks";
}

/* "event-loop is 98.9 times serial [97.0–100.1]: ..." with the verdict. */
static char *words_of(const struct comparison *comparison, char *text,
                      size_t size)
{
    const struct estimate *ratio = &comparison->ratio;
    char value[32];
    comparison_ratio_format(ratio->value, value, sizeof value);
    char range[80];
    comparison_range_format(ratio->lo, ratio->hi, range, sizeof range);
    char phrase[256];
    comparison_phrase(comparison, units_of(comparison), phrase, sizeof phrase);
    if (ratio->n < 2)
        snprintf(text, size, "%s is %s times %s in %s", comparison->a, value,
                 comparison->b, "the only block: nothing can be said");
    else
        snprintf(text, size, "%s is %s times %s %s: %s", comparison->a, value,
                 comparison->b, range, phrase);
    return text;
}

/* The bound that prevents a verdict, or null. */
static json_t *bound_by(const struct comparison *comparison)
{
    if (!comparison_barred(comparison))
        return json_null();
    return json_string(comparison->bound_a ? comparison->bound_a
                                           : comparison->bound_b);
}

json_t *comparison_json(const struct comparison *comparison)
{
    const struct estimate *ratio = &comparison->ratio;
    const struct signed_rank *rank = &comparison->rank;
    enum verdict verdict = comparison_verdict(comparison);
    bool interval = ratio->n > 1, ranked = rank->lo > 0;
    bool open = verdict == VERDICT_INCONCLUSIVE &&
                !comparison_blocked(comparison) &&
                !comparison_barred(comparison);
    char words[512];
    words_of(comparison, words, sizeof words);
    char phrase[256];
    comparison_phrase(comparison, units_of(comparison), phrase, sizeof phrase);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:b, s:f, s:s, s:o, s:s, s:s, s:o, "
        "s:o*}",
        "experiment", comparison->experiment, "load_point",
        comparison->load_point, "metric", comparison->metric->name, "a",
        comparison->a, "b", comparison->b, "n", ratio->n, "ratio",
        json_finite_if(ratio->value, true), "lo",
        json_finite_if(ratio->lo, interval), "hi",
        json_finite_if(ratio->hi, interval), "lo90",
        json_finite_if(ratio->lo90, interval), "hi90",
        json_finite_if(ratio->hi90, interval), "p",
        json_finite_if(ratio->p, interval), "p_holm",
        json_finite_if(comparison->p_holm, interval), "signed_rank_p",
        json_finite_if(comparison->signed_rank_p, true), "hodges_lehmann",
        json_finite_if(rank->value, rank->value > 0), "rank_lo",
        json_finite_if(rank->lo, ranked), "rank_hi",
        json_finite_if(rank->hi, ranked), "unstable", is_unstable(comparison),
        "generator_bound", comparison_barred(comparison), "bound_by",
        bound_by(comparison), "primary", comparison->primary, "margin",
        comparison->margin, "verdict", verdict_names[verdict], "blocks_needed",
        open ? json_integer(statistics_blocks_needed(ratio, comparison->margin))
             : json_null(),
        "phrase", phrase, "words", words, "slice_pairs",
        comparison->pairs > 0 ? json_integer(comparison->pairs) : json_null(),
        "trials", comparison->trials);
}
