/* SPDX-License-Identifier: MIT
 *
 * The interval of the rest has three sources: the gap over blocks and the
 * counts over blocks, which are random, so that their squares add up, and the
 * price of one event, whose error is equal in every block and is added in full.
 */
#include "gap.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "harness/arithmetic/statistics.h"

static const struct {
    const char *name, *one, *many;
} parts[GAP_PARTS] = {
    [GAP_SWITCHES] = {"switches", "context switch", "context switches"},
    [GAP_SYSTEM_CALLS] = {"system_calls", "system call", "system calls"},
    [GAP_THREADS] = {"threads_started", "thread started", "threads started"},
    [GAP_PROCESSES] = {"processes_started", "process started",
                       "processes started"},
};

static const double UNSURE_SHARE = 0.25;

const char *gap_part_name(int kind)
{
    return parts[kind].name;
}

const char *gap_verdict_name(enum gap_verdict verdict)
{
    static const char *const names[] = {"none",      "unknown", "unsure",
                                        "explained", "partly",  "over"};

    return names[verdict];
}

void gap_mean_of(const double *values, int n, struct gap_mean *mean)
{
    double sum = 0;

    *mean = (struct gap_mean){.n = n, .value = NAN, .lo = NAN, .hi = NAN};
    if (n < 1)
        return;
    for (int i = 0; i < n; i++)
        sum += values[i];
    mean->value = sum / n;
    if (n < 2)
        return;
    double half = statistics_half_width(values, n);
    mean->lo = mean->value - half;
    mean->hi = mean->value + half;
}

static void turn(struct gap_mean *mean)
{
    double lo = mean->lo;

    mean->value = -mean->value;
    mean->lo = -mean->hi;
    mean->hi = -lo;
}

/* Sets parts, rest and verdict of a gap whose means are known. */
static void weigh(const struct gap_facts *facts, struct gap *gap)
{
    double half = (gap->gap_ns.hi - gap->gap_ns.lo) / 2;
    double squares = half * half, price = 0, sum = 0;

    for (int i = 0; i < GAP_PARTS; i++) {
        const struct gap_mean *more = &gap->more[i];
        const struct gap_price *each = &facts->price[i];
        double count_half = (more->hi - more->lo) / 2 * each->each_ns;

        gap->part_ns[i] = more->value * each->each_ns;
        /* Events that neither model has more of need no price. */
        if (more->lo == 0 && more->hi == 0) {
            gap->part_ns[i] = 0;
            continue;
        }
        sum += gap->part_ns[i];
        squares += count_half * count_half;
        price += fabs(more->value) * (each->upper_ns - each->lower_ns) / 2;
    }
    half = sqrt(squares) + price;
    gap->rest_ns = (struct gap_mean){.n = gap->gap_ns.n,
                                     .value = gap->gap_ns.value - sum,
                                     .lo = gap->gap_ns.value - sum - half,
                                     .hi = gap->gap_ns.value - sum + half};
    if (!isfinite(gap->rest_ns.lo))
        gap->verdict = GAP_UNKNOWN;
    else if (gap->rest_ns.lo > 0)
        gap->verdict = GAP_PARTLY;
    else if (gap->rest_ns.hi < 0)
        gap->verdict = GAP_OVER;
    else
        gap->verdict = half > UNSURE_SHARE * gap->gap_ns.value ? GAP_UNSURE
                                                               : GAP_EXPLAINED;
}

struct text {
    char *at;
    size_t size, used;
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *text, const char *format, ...)
{
    if (text->used >= text->size)
        return;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text->at + text->used, text->size - text->used, format,
                      arguments);
    va_end(arguments);
    text->used += n > 0 ? (size_t)n : 0;
}

/* Writes microseconds with about three digits. */
static void add_us(struct text *text, double ns)
{
    double us = ns / 1000;

    add(text, "%.*f", fabs(us) >= 100 ? 0 : fabs(us) >= 1 ? 1 : 2, us);
}

static void add_mean(struct text *text, const struct gap_mean *mean)
{
    add_us(text, mean->value);
    add(text, " us [");
    add_us(text, mean->lo);
    add(text, " to ");
    add_us(text, mean->hi);
    add(text, "]");
}

/* Adds the parts that matter; the others are only in the sum. */
static void add_parts(struct text *text, const struct gap_facts *facts,
                      const struct gap *gap)
{
    int told = 0;

    for (int i = 0; i < GAP_PARTS; i++) {
        double more = gap->more[i].value;

        if (gap->more[i].n == 0 || fabs(more) < 0.05 ||
            fabs(gap->part_ns[i]) < 0.01 * gap->gap_ns.value)
            continue;
        add(text, "%s %.1f %s %s", told++ > 0 ? "," : ":", fabs(more),
            fabs(more) < 1.05 && fabs(more) > 0.95 ? parts[i].one
                                                   : parts[i].many,
            more > 0 ? "more" : "fewer");
        if (isfinite(facts->price[i].each_ns)) {
            add(text, " (");
            add_us(text, facts->price[i].each_ns);
            add(text, " us each on this machine)");
        }
    }
    if (told == 0)
        add(text, ": no more switches, system calls or tasks that matter");
}

static void add_rest(struct text *text, const struct gap *gap)
{
    struct gap_mean over = gap->rest_ns;

    switch (gap->verdict) {
    case GAP_EXPLAINED:
        add(text, "; the rest, ");
        add_mean(text, &gap->rest_ns);
        add(text, ", is within the uncertainty");
        break;
    case GAP_UNSURE:
        add(text, "; the rest, ");
        add_mean(text, &gap->rest_ns);
        add(text, ", is too uncertain to say how much is explained");
        break;
    case GAP_PARTLY:
        add(text, "; the rest, ");
        add_mean(text, &gap->rest_ns);
        add(text, " or %.0f %% of the gap, is unexplained",
            100 * gap->rest_ns.value / gap->gap_ns.value);
        break;
    case GAP_OVER:
        turn(&over);
        add(text, "; these come to ");
        add_mean(text, &over);
        add(text, " more than the gap, which is unexplained");
        break;
    default:
        add(text, "; what they cost here is not known, so nothing of the gap "
                  "is explained");
    }
}

void gap_explain(const struct gap_facts *facts, struct gap *gap)
{
    struct text text = {gap->words, sizeof gap->words, 0};
    bool counted = facts->counted > 1;

    *gap = (struct gap){.verdict = GAP_UNKNOWN};
    gap_mean_of(facts->cpu_ns, facts->n, &gap->gap_ns);
    gap->rest_ns = (struct gap_mean){0, NAN, NAN, NAN};
    gap->turned = gap->gap_ns.value < 0;
    for (int i = 0; i < GAP_PARTS; i++) {
        gap_mean_of(facts->more[i], facts->more[i] ? facts->counted : 0,
                    &gap->more[i]);
        gap->part_ns[i] = NAN;
        if (gap->turned)
            turn(&gap->more[i]);
        counted = counted && gap->more[i].n > 1;
    }
    if (gap->turned)
        turn(&gap->gap_ns);
    if (facts->n < 2) {
        add(&text, "%s and %s: one block, so their gap has no interval",
            facts->a, facts->b);
        return;
    }
    if (counted)
        weigh(facts, gap);
    if (gap->gap_ns.lo <= 0) {
        gap->verdict = GAP_NONE;
        add(&text,
            "%s and %s: no gap in CPU per request that the blocks show, ",
            gap->turned ? facts->b : facts->a,
            gap->turned ? facts->a : facts->b);
        add_mean(&text, &gap->gap_ns);
        return;
    }
    add(&text, "%s costs ", gap->turned ? facts->b : facts->a);
    add_mean(&text, &gap->gap_ns);
    add(&text, " more CPU per request than %s",
        gap->turned ? facts->a : facts->b);
    if (!counted) {
        add(&text, "; what it does more was not counted");
        return;
    }
    add_parts(&text, facts, gap);
    add_rest(&text, gap);
}
