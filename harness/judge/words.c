/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"

enum { FIGURE = 40 };

/* How near X R is to C where rate and latency are of one run. */
static const double one_run_share = 0.15;

static const char *time_text(double seconds, char *text)
{
    if (!isfinite(seconds))
        return strcpy(text, "no end");
    strcpy(text, digits_ns(seconds * 1e9).text);
    return text;
}

static const char *rate_text(double per_s, char *text)
{
    struct digits digits = per_s >= 1000 && per_s < 1e15
                               ? digits_whole(per_s, "/s")
                               : digits_three(per_s, "/s");

    strcpy(text, digits.text);
    return text;
}

/* A figure as it was printed, with its unit. */
static const char *figure_text(const struct row *row, enum figure_id id,
                               char *text)
{
    const struct figure *figure = &row->figures[id];

    switch (figure_abouts[id].kind) {
    case KIND_RATE:
        return rate_text(figure->value, text);
    case KIND_TIME:
        if (figure->text[0] == '\0')
            return time_text(figure->value, text);
        snprintf(text, FIGURE, "%s", figure->text);
        return text;
    default:
        strcpy(text, digits_whole(figure->value, "").text);
        return text;
    }
}

/* "12.9 times". */
static const char *times_text(double ratio, char *text)
{
    if (!isfinite(ratio))
        return strcpy(text, "beyond all measure");
    snprintf(text, FIGURE, "%s times",
             ratio < 1.1     ? digits_of(ratio, 4).text
             : ratio >= 1000 ? digits_three(ratio, "").text
                             : digits_of(ratio, 3).text);
    return text;
}

/* "128 connections", or "128 connections with 4 requests in flight each". */
static const char *places_text(const struct row *row, char *text, size_t size)
{
    const struct figure *each = &row->figures[FIGURE_IN_FLIGHT];
    double count = row->figures[FIGURE_CONNECTIONS].value;

    snprintf(text, size, "%s connection%s", digits_whole(count, "").text,
             digits_plural(count));
    if (each->known && each->value != 1)
        snprintf(text + strlen(text), size - strlen(text),
                 " with %s requests in flight each",
                 digits_of(each->value, 4).text);
    return text;
}

static void say_rate(const struct row *row, enum judge_law law,
                     const struct finding *f, char *text, size_t size)
{
    char rate[FIGURE], bound[FIGURE], ratio[FIGURE], held[FIGURE],
        below[FIGURE];
    char places[3 * FIGURE];
    enum figure_id what = law == JUDGE_CPU ? FIGURE_CPU : FIGURE_WAIT;

    if (law == JUDGE_CLOSED_LOOP)
        places_text(row, places, sizeof places);
    else
        snprintf(places, sizeof places, "%s %s",
                 figure_text(row,
                             law == JUDGE_CPU ? FIGURE_CORES : FIGURE_WORKERS,
                             held),
                 law == JUDGE_CPU ? "cores" : "workers");
    snprintf(text, size, "%s, but %s and a %s of %s allow %s: %s as much",
             rate_text(f->value, rate), places,
             law == JUDGE_CPU ? "CPU time" : "wait",
             figure_text(row, what, held), rate_text(f->bound, bound),
             times_text(f->ratio, ratio));
    if (f->below_s > 0)
        snprintf(text + strlen(text), size - strlen(text),
                 "; possible in a run shorter than %s (--duration says)",
                 time_text(f->below_s, below));
}

static void say_little(const struct row *row, const struct finding *f,
                       char *text, size_t size)
{
    char rate[FIGURE], mean[FIGURE], places[3 * FIGURE], ratio[FIGURE];

    rate_text(row->figures[FIGURE_RATE].value, rate);
    figure_text(row, FIGURE_MEAN, mean);
    places_text(row, places, sizeof places);
    if (f->value > f->bound)
        snprintf(text, size,
                 "%s times a mean of %s are %s requests in flight, on %s: %s "
                 "as many as there can be",
                 rate, mean, digits_three(f->value, "").text, places,
                 times_text(f->ratio, ratio));
    else
        snprintf(text, size,
                 "%s times a mean of %s are %s requests in flight, on %s: most "
                 "connections were idle",
                 rate, mean, digits_of(f->value, 3).text, places);
}

static void say_mean(const struct row *row, const struct finding *f, char *text,
                     size_t size)
{
    char mean[FIGURE], bound[FIGURE], ratio[FIGURE];

    snprintf(text, size,
             "mean %s, but with these percentiles it is %s at %s: %s too %s",
             figure_text(row, FIGURE_MEAN, mean), time_text(f->bound, bound),
             f->value > f->bound ? "most" : "least",
             times_text(f->ratio, ratio),
             f->value > f->bound ? "large" : "small");
}

static void say_equal(const struct row *row, const struct finding *f,
                      char *text, size_t size)
{
    char mean[FIGURE], tail[FIGURE];

    snprintf(text, size, "mean and p99 are %s, equal in all digits",
             figure_text(row, FIGURE_MEAN, mean));
    if (f->tail_s > 0)
        snprintf(text + strlen(text), size - strlen(text),
                 "; with this p50, the slowest 1 %% would take %s each on "
                 "average",
                 time_text(f->tail_s, tail));
}

static void say_failures(const struct finding *f, char *text, size_t size)
{
    struct digits share = digits_of(100 * f->value, 3);

    if (f->figure == FIGURE_LOST)
        snprintf(text, size,
                 "%s %% of the requests ended in errors or timeouts, which the "
                 "latencies leave out",
                 share.text);
    else
        snprintf(text, size,
                 "%s %% of the requests failed, and the rate counts them",
                 share.text);
}

const char *words_of_finding(const struct row *row, enum judge_law law,
                             const struct judgement *judgement, char *text,
                             size_t size)
{
    const struct finding *f = &judgement->findings[law];
    char first[FIGURE], second[FIGURE], ratio[FIGURE];

    text[0] = '\0';
    if (f->verdict < VERDICT_SUSPICIOUS)
        return text;
    switch (law) {
    case JUDGE_CLOSED_LOOP:
    case JUDGE_WORKERS:
    case JUDGE_CPU:
        say_rate(row, law, f, text, size);
        break;
    case JUDGE_LITTLE:
        say_little(row, f, text, size);
        break;
    case JUDGE_UNDER_WAIT:
        snprintf(
            text, size,
            "%s %s, but no request can be shorter than its wait of %s: %s "
            "too short",
            figure_abouts[f->figure].name, figure_text(row, f->figure, first),
            figure_text(row, FIGURE_WAIT, second), times_text(f->ratio, ratio));
        break;
    case JUDGE_ORDER:
        snprintf(
            text, size, "%s %s is above %s %s: %s as much",
            figure_abouts[f->figure].name, figure_text(row, f->figure, first),
            figure_abouts[f->other].name, figure_text(row, f->other, second),
            times_text(f->ratio, ratio));
        break;
    case JUDGE_MEAN:
        say_mean(row, f, text, size);
        break;
    case JUDGE_MEAN_IS_P99:
        say_equal(row, f, text, size);
        break;
    case JUDGE_LONGER:
        snprintf(text, size, "max %s, in a run of %s: %s as long",
                 figure_text(row, FIGURE_MAX, first),
                 figure_text(row, FIGURE_DURATION, second),
                 times_text(f->ratio, ratio));
        break;
    case JUDGE_COUNT:
        snprintf(text, size, "%s requests in %s are %s, not %s: %s apart",
                 digits_whole(row->figures[FIGURE_REQUESTS].value, "").text,
                 figure_text(row, FIGURE_DURATION, first),
                 rate_text(f->bound, second), rate_text(f->value, ratio),
                 times_text(f->ratio, (char[FIGURE]){0}));
        break;
    case JUDGE_FAILURES:
        say_failures(f, text, size);
        break;
    case JUDGE_LAWS:
        break;
    }
    return text;
}

/* Whether X R is about C: rate, latency and connections are of one run. */
static bool one_run(const struct row *row, const struct judgement *judgement)
{
    const struct figure *connections = &row->figures[FIGURE_CONNECTIONS];

    return connections->known && connections->value > 0 &&
           fabs(judgement->in_flight / connections->value - 1) < one_run_share;
}

static bool failing(const struct judgement *judgement)
{
    return judgement->findings[JUDGE_FAILURES].verdict == VERDICT_SUSPICIOUS;
}

/* Why requests seem not to have waited. */
static void explain_wait(const struct row *row,
                         const struct judgement *judgement, char *text,
                         size_t size)
{
    char places[3 * FIGURE], mean[FIGURE];

    if (one_run(row, judgement) &&
        row->figures[FIGURE_MEAN].high < row->figures[FIGURE_WAIT].low)
        snprintf(
            text, size,
            "rate and latency agree with each other (%s in flight on %s), "
            "so the requests did take %s: they did not wait as long as "
            "said. Errors or refusals counted as requests, cached answers, "
            "another route, or a shorter wait than said",
            digits_three(judgement->in_flight, "").text,
            places_text(row, places, sizeof places),
            figure_text(row, FIGURE_MEAN, mean));
    else if (failing(judgement))
        snprintf(text, size,
                 "failed requests, which did not wait; more fail than said");
    else
        snprintf(text, size,
                 "requests that did not wait (errors counted as requests, "
                 "cached answers, another route), a shorter wait than said, or "
                 "more requests in flight than connections (HTTP/2, "
                 "pipelining: --in-flight)");
}

const char *words_of_explanation(const struct row *row, enum judge_law law,
                                 const struct judgement *judgement, char *text,
                                 size_t size)
{
    static const char *const plain[JUDGE_LAWS] = {
        [JUDGE_WORKERS] = "more workers than said, requests that did not wait, "
                          "or workers that hold no request while it waits (an "
                          "event loop)",
        [JUDGE_CPU] = "less CPU time a request than said, more cores, or "
                      "answers that skip the computation (a cache, errors)",
        [JUDGE_ORDER] = "columns exchanged, or figures of different runs in "
                        "one row",
        [JUDGE_MEAN] = "mean and percentiles of different runs or requests, or "
                       "a column copied or exchanged",
        [JUDGE_MEAN_IS_P99] = "a column copied, or a few very slow requests",
        [JUDGE_LONGER] = "a duration, and with it a rate, that the program "
                         "took wrongly: wrk2 does so in runs of less than 10 "
                         "seconds",
        [JUDGE_COUNT] = "another duration than said, or a rate that counts "
                        "requests which the total does not (aborted at the "
                        "end, failed)",
    };
    static const char unknown_load[] =
        "latency counted from the intended time (an open loop, or a correction "
        "for coordinated omission), or several requests in flight on each "
        "connection (HTTP/2, pipelining: --in-flight)";
    const struct finding *f = &judgement->findings[law];

    text[0] = '\0';
    if (f->verdict < VERDICT_SUSPICIOUS)
        return text;
    if (law == JUDGE_CLOSED_LOOP || law == JUDGE_UNDER_WAIT)
        explain_wait(row, judgement, text, size);
    else if (law == JUDGE_LITTLE && f->value <= f->bound)
        snprintf(text, size,
                 "the generator was busy or limited its rate, "
                 "connections failed, or the mean is of another "
                 "run");
    else if (law == JUDGE_LITTLE)
        snprintf(text, size, "%s; or more connections than said",
                 row->flight_doubt ? row->flight_doubt : unknown_load);
    else if (law == JUDGE_MEAN && row->mean_doubt)
        snprintf(text, size, "%s", row->mean_doubt);
    else if (plain[law])
        snprintf(text, size, "%s", plain[law]);
    return text;
}

const char *words_of_missing(unsigned missing, char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < FIGURES; i++) {
        size_t used = strlen(text);
        if (!(missing & 1u << i))
            continue;
        snprintf(text + used, size - used, "%s%s%s", used > 0 ? ", " : "",
                 figure_abouts[i].flag ? "--" : "", figure_abouts[i].name);
    }
    return text;
}
