/* SPDX-License-Identifier: MIT */
#include "knee.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/arithmetic/digits.h"
#include "harness/arithmetic/statistics.h"

/* Intervals in a row that must agree, so that a passing stall is no knee. */
enum { AGREE = 3, GRID = 400, SERVICES_MAX = 1000 };

static const double MISSING_LEAST = 0.05; /* of what was due beyond a knee */
static const double EVER_MOST = 1.05;   /* times what was ever answered: a knee
                                           beyond is none */
static const double TAIL_MOST = 2;      /* times the plateau */
static const double SERVICE_MOST = 1.5; /* times the plateau: the server is
                                           as quick as before */

struct work {
    const struct knee_ramp *ramp;
    struct knee_interval *judged; /* those that count */
    int count;
    double slope_per_s2; /* of the ramp */
    double wait_s;       /* from due to done, at a low rate */
};

const char *knee_verdict_name(enum knee_verdict verdict)
{
    static const char *const names[] = {"found", "none", "cannot tell"};

    return names[verdict];
}

/* The median of a figure over the first quarter of the intervals, and at least
 * three of them; NAN where fewer than three have the figure. */
static double plateau(const struct work *work,
                      double (*figure)(const struct knee_interval *))
{
    double values[SERVICES_MAX];
    int most = work->count / 4 > AGREE ? work->count / 4 : AGREE, n = 0;

    for (int i = 0; i < work->count && n < most && n < SERVICES_MAX; i++)
        if (isfinite(figure(&work->judged[i])))
            values[n++] = figure(&work->judged[i]);
    if (n < AGREE)
        return NAN;
    qsort(values, (size_t)n, sizeof *values, statistics_ascending);
    return (values[n / 2] + values[(n - 1) / 2]) / 2;
}

static double service_of(const struct knee_interval *interval)
{
    return interval->service_ns;
}

static double tail_of(const struct knee_interval *interval)
{
    return interval->tail_ns;
}

/* Answers come one wait after their requests, when the ramp is further on. */
static double expected_per_s(const struct work *work,
                             const struct knee_interval *interval)
{
    return fmax(0, interval->due_per_s - work->slope_per_s2 * work->wait_s);
}

/* The squares that a corner at `corner` leaves. */
static double squares_left(const struct work *work, double corner)
{
    double hh = 0, he = 0, ee = 0;

    for (int i = 0; i < work->count; i++) {
        const struct knee_interval *interval = &work->judged[i];
        double due = expected_per_s(work, interval);
        double h = fmax(0, due - corner), e = due - interval->ok_per_s;

        hh += h * h;
        he += h * e;
        ee += e * e;
    }
    return hh > 0 && he > 0 ? ee - he * he / hh : ee;
}

static double best_corner(const struct work *work)
{
    double low = work->judged[0].rate_per_s, best = low;
    double high = work->judged[work->count - 1].rate_per_s;
    double least = squares_left(work, low);

    for (int i = 1; i < GRID; i++) {
        double corner = low + (high - low) * i / GRID;
        double left = squares_left(work, corner);

        if (left < least) {
            best = corner;
            least = left;
        }
    }
    return best;
}

/* The first interval at a rate beyond the corner; work->count: none. */
static int first_beyond(const struct work *work, double corner)
{
    int i = work->count;

    while (i > 0 && work->judged[i - 1].rate_per_s > corner)
        i--;
    return i;
}

/* The share of what was due from an interval on that was not answered by the
 * end. */
static double missing_from(const struct work *work, int first)
{
    double due = 0, ok = 0;

    for (int i = first; i < work->count; i++) {
        due += expected_per_s(work, &work->judged[i]);
        ok += work->judged[i].ok_per_s;
    }
    return due > 0 ? 1 - ok / due : 0;
}

/* Whether the load ran out of connections, from an interval on, although the
 * server answered each request as quickly as at a low rate. */
static bool is_client_bound(const struct work *work, int first)
{
    double service_ns = plateau(work, service_of);
    int bound = 0;

    for (int i = first; i < work->count; i++)
        bound += work->judged[i].exhausted &&
                 work->judged[i].service_ns < SERVICE_MOST * service_ns;
    return 2 * bound > work->count - first;
}

static void say_client_bound(const struct work *work, struct knee *knee)
{
    double service_ns = plateau(work, service_of);

    knee->client_bound = true;
    knee->throughput = (struct knee_sign){KNEE_CANNOT_TELL, NAN};
    snprintf(
        knee->words, sizeof knee->words,
        "all %d connections were busy although the server answered each "
        "request as quickly as at a low rate, in %s; the load was the "
        "limit: give -c %.0f",
        work->ramp->connections, digits_ns(service_ns).text,
        ceil(2 * work->judged[work->count - 1].rate_per_s * service_ns / 1e9));
}

/* The most that was answered in an interval. */
static double most_answered(const struct work *work)
{
    double most = 0;

    for (int i = 0; i < work->count; i++)
        most = fmax(most, work->judged[i].ok_per_s);
    return most;
}

static void find_throughput(const struct work *work, struct knee *knee)
{
    double corner = best_corner(work);
    int first = first_beyond(work, corner), beyond = work->count - first;
    struct knee_sign *sign = &knee->throughput;

    *sign =
        (struct knee_sign){KNEE_NONE, work->judged[work->count - 1].rate_per_s};
    if (missing_from(work, first) < MISSING_LEAST)
        return;
    *sign = (struct knee_sign){KNEE_CANNOT_TELL, NAN};
    if (is_client_bound(work, first)) {
        say_client_bound(work, knee);
    } else if (beyond < AGREE) {
        snprintf(
            knee->words, sizeof knee->words,
            "the server fell behind at the very end only, and %d intervals "
            "are needed; let the rate rise further",
            AGREE);
    } else if (first < AGREE) {
        snprintf(knee->words, sizeof knee->words,
                 "the server was behind from the beginning; begin at a lower "
                 "rate than %s",
                 digits_three(work->judged[0].rate_per_s, "/s").text);
    } else if (corner > EVER_MOST * most_answered(work)) {
        snprintf(knee->words, sizeof knee->words,
                 "what is answered varies too much from one interval to the "
                 "next; quieten the machine (troika doctor), or give a longer "
                 "-d");
    } else {
        sign->verdict = KNEE_FOUND;
        sign->rate_per_s = corner;
    }
}

/* The slowest and the fastest of the intervals beyond the knee. */
static void look_beyond(const struct work *work, struct knee *knee)
{
    for (int i = 0; i < work->count; i++) {
        const struct knee_interval *interval = &work->judged[i];

        if (interval->rate_per_s <= knee->throughput.rate_per_s)
            continue;
        knee->beyond_lo_per_s = fmin(knee->beyond_lo_per_s, interval->ok_per_s);
        knee->beyond_hi_per_s = fmax(knee->beyond_hi_per_s, interval->ok_per_s);
    }
}

/* The tail leaves its plateau with the first interval from which on it stays
 * beyond. */
static void find_latency(const struct work *work, struct knee *knee)
{
    double limit_ns = TAIL_MOST * plateau(work, tail_of);
    int beyond = 0, first = work->count;

    knee->plateau_ns = limit_ns / TAIL_MOST;
    knee->latency = (struct knee_sign){KNEE_CANNOT_TELL, NAN};
    if (!isfinite(limit_ns))
        return;
    for (int i = work->count - 1; i >= 0; i--) {
        double tail_ns = work->judged[i].tail_ns;

        if (isnan(tail_ns))
            continue;
        if (tail_ns <= limit_ns)
            break;
        first = i;
        beyond++;
    }
    if (beyond == 0)
        knee->latency = (struct knee_sign){
            KNEE_NONE, work->judged[work->count - 1].rate_per_s};
    if (beyond < AGREE || first == 0)
        return;
    if (is_client_bound(work, first)) {
        say_client_bound(work, knee);
        return;
    }
    /* Requests that end now with that latency were due when the rate was less.
     */
    const struct knee_interval *at = &work->judged[first];
    double rate = at->rate_per_s - work->slope_per_s2 * at->tail_ns / 1e9;
    double before = work->judged[first - 1].rate_per_s;
    knee->latency = (struct knee_sign){KNEE_FOUND, fmax(rate, before)};
}

/* Sets verdict, rate and words from the two signs. */
static void conclude(const struct knee_ramp *ramp, bool all, struct knee *knee)
{
    char range[96] = "", tail[16];

    snprintf(tail, sizeof tail, "p%.0f", ramp->tail_p);
    knee->verdict = knee->throughput.verdict;
    knee->rate_per_s = knee->throughput.rate_per_s;
    if (knee->verdict == KNEE_CANNOT_TELL)
        return;
    if (knee->verdict == KNEE_FOUND) {
        snprintf(range, sizeof range, " (%s to %s)",
                 digits_three(knee->beyond_lo_per_s, "/s").text,
                 digits_three(knee->beyond_hi_per_s, "/s").text);
        snprintf(knee->words, sizeof knee->words,
                 "knee at %s: beyond it fewer requests are answered than are "
                 "due%s",
                 digits_three(knee->rate_per_s, "/s").text, range);
    } else if (knee->latency.verdict == KNEE_FOUND) {
        knee->verdict = KNEE_FOUND;
        knee->rate_per_s = knee->latency.rate_per_s;
        snprintf(knee->words, sizeof knee->words,
                 "knee at %s: from there on %s is over twice its plateau of "
                 "%s, though all is answered up to %s",
                 digits_three(knee->rate_per_s, "/s").text, tail,
                 digits_ns(knee->plateau_ns).text,
                 digits_three(knee->throughput.rate_per_s, "/s").text);
    } else {
        if (all)
            knee->rate_per_s = ramp->highest_per_s;
        snprintf(knee->words, sizeof knee->words, "no knee up to %s%s%s",
                 digits_three(knee->rate_per_s, "/s").text,
                 knee->latency.verdict == KNEE_NONE ? "" : " by throughput",
                 all ? "" : "; beyond it the generator itself was the limit");
    }
}

static void find(struct work *work, bool all, struct knee *knee)
{
    double service_ns;

    if (work->count < KNEE_INTERVALS_MIN) {
        snprintf(
            knee->words, sizeof knee->words,
            "%d of %d intervals can be judged%s, and %d are needed",
            work->count, knee->count,
            work->count < knee->count
                ? ", since the generator itself was the limit in the others "
                  "(give it more CPUs, -t 2 or a lower rate)"
                : "; give a longer -d or a shorter --interval",
            KNEE_INTERVALS_MIN);
        return;
    }
    const struct knee_interval *first = &work->judged[0];
    const struct knee_interval *last = &work->judged[work->count - 1];
    work->slope_per_s2 =
        (last->rate_per_s - first->rate_per_s) / (last->at_s - first->at_s);
    service_ns = plateau(work, service_of);
    work->wait_s = isfinite(service_ns) ? service_ns / 1e9 : 0;
    find_throughput(work, knee);
    find_latency(work, knee);
    if (knee->throughput.verdict == KNEE_FOUND)
        look_beyond(work, knee);
    conclude(work->ramp, all, knee);
}

void knee_find(const struct knee_interval *intervals, int count,
               const struct knee_ramp *ramp, struct knee *knee)
{
    struct work work = {
        .ramp = ramp, .judged = calloc((size_t)count + 1, sizeof *work.judged)};

    *knee = (struct knee){.verdict = KNEE_CANNOT_TELL,
                          .rate_per_s = NAN,
                          .throughput = {KNEE_CANNOT_TELL, NAN},
                          .latency = {KNEE_CANNOT_TELL, NAN},
                          .plateau_ns = NAN,
                          .beyond_lo_per_s = NAN,
                          .beyond_hi_per_s = NAN,
                          .count = count};
    if (!work.judged) {
        snprintf(knee->words, sizeof knee->words, "out of memory");
        return;
    }
    for (int i = 0; i < count; i++) {
        if (intervals[i].unjudged)
            continue;
        work.judged[work.count] = intervals[i];
        if (intervals[i].tail_spoilt) {
            work.judged[work.count].tail_ns = NAN;
            knee->spoilt++;
        }
        work.count++;
    }
    knee->judged = work.count;
    find(&work, count > 0 && !intervals[count - 1].unjudged, knee);
    free(work.judged);
}
