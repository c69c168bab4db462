/* SPDX-License-Identifier: MIT
 *
 * A leak keeps growing; a cache that fills, or a heap that finds its size,
 * stops. So growth counts only if the second half of the window still grows by
 * at least a quarter of the slope over the whole window. Otherwise only a
 * longer soak can tell.
 */
#include "drift.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "harness/arithmetic/slope.h"
#include "metric.h"

static const double HOUR_NS = 3600e9;

/* metric_format takes no negative values. */
static const char *signed_text(const char *metric, double value, char *text,
                               size_t size)
{
    char plain[32];
    metric_format(metric, fabs(value), plain, sizeof plain);
    snprintf(text, size, "%s%s", value < 0 ? "-" : "", plain);
    return text;
}

static enum drift_verdict verdict_of(const struct drift *drift, double later)
{
    if (drift->lo > 0 && drift->per_hour > drift->margin &&
        later > drift->per_hour / 4)
        return DRIFT_GROWS;
    if (drift->hi < 0 && drift->per_hour < -drift->margin &&
        later < drift->per_hour / 4)
        return DRIFT_FALLS;
    if (drift->lo >= -drift->margin && drift->hi <= drift->margin)
        return DRIFT_NONE;
    return DRIFT_UNKNOWN;
}

static void say(const char *metric, struct drift *drift)
{
    bool grows = drift->verdict == DRIFT_GROWS;
    char value[40];
    signed_text(metric, fabs(drift->per_hour), value, sizeof value);
    char margin[40];
    signed_text(metric, drift->margin, margin, sizeof margin);
    char lo[40], hi[40];
    if (drift->verdict == DRIFT_FALLS) {
        signed_text(metric, -drift->hi, lo, sizeof lo);
        signed_text(metric, -drift->lo, hi, sizeof hi);
    } else {
        signed_text(metric, drift->lo, lo, sizeof lo);
        signed_text(metric, drift->hi, hi, sizeof hi);
    }
    if (grows || drift->verdict == DRIFT_FALLS)
        snprintf(drift->words, sizeof drift->words, "%s by %s per hour [%s–%s]",
                 grows ? "grows" : "falls", value, lo, hi);
    else
        snprintf(drift->words, sizeof drift->words,
                 "%s (%s to %s per hour; less than %s is no drift)",
                 drift->verdict == DRIFT_NONE ? "no drift seen" : "cannot tell",
                 lo, hi, margin);
}

void drift_judge(const double values[DRIFT_PARTS], double window_ns,
                 double margin, const char *metric, struct drift *drift)
{
    const int middle = DRIFT_PARTS / 2;

    *drift = (struct drift){.verdict = DRIFT_UNKNOWN,
                            .per_hour = NAN,
                            .lo = NAN,
                            .hi = NAN,
                            .margin = margin * HOUR_NS / window_ns};
    double x[DRIFT_PARTS];
    for (int i = 0; i < DRIFT_PARTS; i++)
        x[i] = (i + 0.5) * window_ns / DRIFT_PARTS / HOUR_NS;
    struct slope whole, half;
    if (slope_fit(x, values, NULL, DRIFT_PARTS, &whole) < 0 ||
        slope_fit(x + middle, values + middle, NULL, DRIFT_PARTS - middle,
                  &half) < 0) {
        snprintf(drift->words, sizeof drift->words,
                 "cannot tell: a tenth of the window has no figure; lengthen "
                 "it");
        return;
    }
    drift->per_hour = whole.value;
    drift->lo = whole.lo;
    drift->hi = whole.hi;
    drift->verdict = verdict_of(drift, half.value);
    say(metric, drift);
}

const char *drift_verdict_name(enum drift_verdict verdict)
{
    static const char *const names[] = {"none", "grows", "falls", "unknown"};

    return names[verdict];
}
