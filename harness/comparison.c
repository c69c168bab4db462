/* SPDX-License-Identifier: MIT
 *
 * The signed-rank test is the second opinion: it does not believe in normal
 * logarithms. From six blocks on it can reach 5 %; where it does not while the
 * t-interval does, the words say so.
 */
#include "comparison.h"

#include <math.h>
#include <stdio.h>

enum { SIGNED_RANK_MIN = 6 };

static const double INVALID_SHARE_MAX = 0.2;

static const char *const verdict_names[] = {
    [VERDICT_BETTER] = "better",
    [VERDICT_WORSE] = "worse",
    [VERDICT_SAME] = "same",
    [VERDICT_NEGLIGIBLE] = "negligible",
    [VERDICT_INCONCLUSIVE] = "inconclusive",
};

static bool blocked(const struct comparison *comparison)
{
    return comparison->invalid_share > INVALID_SHARE_MAX;
}

static enum verdict verdict_of(const struct comparison *comparison)
{
    if (blocked(comparison))
        return VERDICT_INCONCLUSIVE;
    return statistics_verdict(comparison->ratio, comparison->margin,
                              comparison->metric->higher_is_better);
}

const char *comparison_ratio_format(double ratio, char *text, size_t size)
{
    int decimals = ratio >= 100 ? 0 : ratio >= 10 ? 1 : ratio >= 0.1 ? 2 : 4;

    snprintf(text, size, "%.*f", decimals, ratio);
    return text;
}

char *comparison_words(const struct comparison *comparison, char *text,
                       size_t size)
{
    const struct estimate *ratio = comparison->ratio;
    enum verdict verdict = verdict_of(comparison);
    char value[32], lo[32], hi[32], meaning[160] = "";

    comparison_ratio_format(ratio->value, value, sizeof(value));
    comparison_ratio_format(ratio->lo, lo, sizeof(lo));
    comparison_ratio_format(ratio->hi, hi, sizeof(hi));
    if (ratio->n < 2) {
        snprintf(text, size,
                 "%s is %s times %s in the only block: no interval, nothing "
                 "can be said",
                 comparison->a, value, comparison->b);
        return text;
    }
    if (blocked(comparison))
        snprintf(meaning, sizeof(meaning),
                 ": no verdict, %.0f %% of the trials of one were invalid",
                 100 * comparison->invalid_share);
    else if (verdict == VERDICT_SAME || verdict == VERDICT_NEGLIGIBLE)
        snprintf(meaning, sizeof(meaning), ": %s (margin %.3g %%)",
                 verdict_words(verdict), 100 * comparison->margin);
    else if (verdict == VERDICT_INCONCLUSIVE)
        snprintf(meaning, sizeof(meaning),
                 ": inconclusive; about %d blocks would settle it",
                 statistics_blocks_needed(ratio, comparison->margin));
    else if (ratio->n >= SIGNED_RANK_MIN && comparison->signed_rank_p > 0.05)
        snprintf(meaning, sizeof(meaning),
                 "; unstable: the signed-rank test does not agree (p = %.2g)",
                 comparison->signed_rank_p);
    snprintf(text, size, "%s is %s times %s [%s-%s]%s", comparison->a, value,
             comparison->b, lo, hi, meaning);
    return text;
}

static json_t *known(double value, bool is_known)
{
    return is_known && isfinite(value) ? json_real(value) : json_null();
}

json_t *comparison_json(const struct comparison *comparison)
{
    const struct estimate *ratio = comparison->ratio;
    enum verdict verdict = verdict_of(comparison);
    bool interval = ratio->n > 1;
    char words[512];

    comparison_words(comparison, words, sizeof(words));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:f, s:s, s:o, "
        "s:s}",
        "experiment", comparison->experiment, "load_point",
        comparison->load_point, "metric", comparison->metric->name, "a",
        comparison->a, "b", comparison->b, "n", ratio->n, "ratio",
        known(ratio->value, true), "lo", known(ratio->lo, interval), "hi",
        known(ratio->hi, interval), "signed_rank_p",
        known(comparison->signed_rank_p, true), "margin", comparison->margin,
        "verdict", verdict_names[verdict], "blocks_needed",
        verdict == VERDICT_INCONCLUSIVE && !blocked(comparison)
            ? json_integer(statistics_blocks_needed(ratio, comparison->margin))
            : json_null(),
        "words", words);
}
