/* SPDX-License-Identifier: MIT
 *
 * An interval's requests are those that ended in it, since only those are known
 * when it ends; requests that wait show in the next intervals with all their
 * waiting, which counts from when they were due.
 */
#include "ramp.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/load/print.h"
#include "harness/load/record.h"
#include "harness/load/schedule.h"
#include "harness/screen/screen.h"

/* After an interval's end, until every process has written what it knows. */
static const int64_t SETTLE_NS = 20000000;

static const double tail_percentiles[RAMP_TAILS] = {50, 90, 99};

/* Limits of the gates generator_lag, generator_lag_median and generator_busy
 * (docs/method/gates.md). */
static const double TAIL_LATE_NS = 200e3, MEDIAN_LATE_NS = 100e3,
                    LATE_SHARE = 0.05, BUSY_MOST = 0.85;
static const double SENT_LEAST = 0.95;

int ramp_init(struct ramp *ramp, const struct load_spec *spec)
{
    *ramp = (struct ramp){
        .spec = spec,
        .rises = spec->rate_end_per_s > 0,
        .tail_p = NAN,
        .rows =
            calloc((size_t)load_record_intervals(spec) + 1, sizeof *ramp->rows),
    };
    return ramp->rows ? 0 : -ENOMEM;
}

void ramp_free(struct ramp *ramp)
{
    free(ramp->rows);
    *ramp = (struct ramp){0};
}

/* The highest of the percentiles that has enough requests beyond; -1: none. */
static int highest_earned(const struct ramp_row *row)
{
    int i = RAMP_TAILS - 1;

    while (i >= 0 && isnan(row->tails_ns[i]))
        i--;
    return i;
}

static void take_tails(const struct load_interval *interval,
                       struct ramp_row *row)
{
    for (int i = 0; i < RAMP_TAILS; i++) {
        double p = tail_percentiles[i];
        row->tails_ns[i] =
            load_print_earned(&interval->response, p)
                ? (double)histogram_percentile_ns(&interval->response, p)
                : NAN;
    }
}

/* Whether the generator's own lateness spoils a percentile. */
static bool was_late(const struct load_interval *interval, double p,
                     double least_ns)
{
    double figure_ns = (double)histogram_percentile_ns(&interval->response, p);
    double late_ns =
        figure_ns - (double)histogram_percentile_ns(&interval->punctual, p);

    return late_ns > fmax(least_ns, LATE_SHARE * figure_ns);
}

static bool was_bound(const struct ramp *ramp,
                      const struct load_interval *interval)
{
    double most_ns =
        (double)ramp->spec->interval_ns * interval->processes * BUSY_MOST;
    bool was_free = interval->in_flight_max < ramp->spec->connections;

    return (double)interval->wanted_ns > most_ns ||
           was_late(interval, 50, MEDIAN_LATE_NS) ||
           (was_free &&
            (double)interval->sent < SENT_LEAST * (double)interval->due);
}

static void take(const struct ramp *ramp, int index,
                 const struct load_interval *interval, struct ramp_row *row)
{
    const struct load_spec *spec = ramp->spec;
    double s = (double)spec->interval_ns / 1e9;
    int tail;

    *row = (struct ramp_row){
        .from_s = s * index,
        .to_s = s * (index + 1),
        .intended_per_s = load_schedule_rate(spec, (double)spec->warmup_ns +
                                                       (index + 0.5) * 1e9 * s),
        .due_per_s = (double)interval->due / s,
        .sent_per_s = (double)interval->sent / s,
        .ok_per_s = (double)interval->ok / s,
        .service_ns = interval->ok > 0
                          ? interval->service_ns / (double)interval->ok
                          : NAN,
        .errors = interval->errors,
        .in_flight = interval->in_flight_max,
        .bound = was_bound(ramp, interval),
    };
    take_tails(interval, row);
    tail = highest_earned(row);
    row->late =
        tail >= 0 && was_late(interval, tail_percentiles[tail], TAIL_LATE_NS);
}

static json_t *json_row(const struct ramp_row *row)
{
    return json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:I, s:i, s:b, "
        "s:b}",
        "from_s", row->from_s, "to_s", row->to_s, "intended_per_s",
        row->intended_per_s, "due_per_s", row->due_per_s, "sent_per_s",
        row->sent_per_s, "ok_per_s", row->ok_per_s, "p50_ns",
        json_finite(row->tails_ns[0]), "p90_ns", json_finite(row->tails_ns[1]),
        "p99_ns", json_finite(row->tails_ns[2]), "service_ns",
        json_finite(row->service_ns), "errors", (json_int_t)row->errors,
        "in_flight_max", row->in_flight, "generator_late", row->late,
        "generator_bound", row->bound);
}

static const char *time_or_dash(double ns, char *text, size_t size)
{
    snprintf(text, size, "%s", isnan(ns) ? "-" : digits_ns(ns).text);
    return text;
}

static void print_row(const struct ramp_row *row, bool first, FILE *file)
{
    char p50[32], p99[32];

    if (first)
        fprintf(file, "%9s %10s %10s %10s %9s %9s %6s %9s\n", "until",
                "intended/s", "sent/s", "answered/s", "p50", "p99", "errors",
                "in flight");
    fprintf(file, "%7.1f s %10s %10s %10s %9s %9s %6llu %9d%s%s\n", row->to_s,
            digits_whole(row->intended_per_s, "").text,
            digits_whole(row->sent_per_s, "").text,
            digits_whole(row->ok_per_s, "").text,
            time_or_dash(row->tails_ns[0], p50, sizeof p50),
            time_or_dash(row->tails_ns[2], p99, sizeof p99),
            (unsigned long long)row->errors, row->in_flight,
            row->late ? "  generator late" : "",
            row->bound ? "  generator bound" : "");
    fflush(file);
}

static void tell(const struct ramp *ramp, const struct ramp_streams *streams)
{
    const struct ramp_row *row = &ramp->rows[ramp->count - 1];

    if (streams->text)
        print_row(row, ramp->count == 1, streams->text);
    if (!streams->json)
        return;
    json_t *json = json_row(row);
    json_dumpf(json, streams->json, JSON_COMPACT | JSON_REAL_PRECISION(12));
    fputc('\n', streams->json);
    fflush(streams->json);
    json_decref(json);
}

/* The index of the highest percentile that nine in ten intervals have; -1:
 * none. */
static int choose_tail(const struct ramp *ramp)
{
    for (int p = RAMP_TAILS - 1; p >= 0; p--) {
        int earned = 0;

        for (int i = 0; i < ramp->count; i++)
            earned += !isnan(ramp->rows[i].tails_ns[p]);
        if (earned > 0 && 10 * earned >= 9 * ramp->count)
            return p;
    }
    return -1;
}

static void find_knee(struct ramp *ramp)
{
    struct knee_interval *intervals =
        calloc((size_t)ramp->count + 1, sizeof *intervals);
    int tail = choose_tail(ramp);

    if (tail >= 0)
        ramp->tail_p = tail_percentiles[tail];
    for (int i = 0; intervals && i < ramp->count; i++) {
        const struct ramp_row *row = &ramp->rows[i];

        intervals[i] = (struct knee_interval){
            .at_s = (row->from_s + row->to_s) / 2,
            .rate_per_s = row->intended_per_s,
            .due_per_s = row->due_per_s,
            .ok_per_s = row->ok_per_s,
            .tail_ns = tail < 0 ? NAN : row->tails_ns[tail],
            .service_ns = row->service_ns,
            .exhausted = row->in_flight >= ramp->spec->connections,
            .tail_spoilt = row->late,
            .unjudged = row->bound,
        };
    }
    knee_find(intervals, intervals ? ramp->count : 0,
              &(struct knee_ramp){ramp->spec->connections,
                                  ramp->spec->rate_end_per_s, ramp->tail_p},
              &ramp->knee);
    free(intervals);
}

int ramp_follow(struct ramp *ramp, struct load *load, int64_t begun_ns,
                const struct ramp_streams *streams)
{
    const struct load_spec *spec = ramp->spec;
    int whole = (int)(spec->window_ns / spec->interval_ns);
    struct load_interval *interval = malloc(sizeof *interval);
    int status = interval ? -ETIMEDOUT : -ENOMEM;

    for (int i = 0; i < whole && status == -ETIMEDOUT; i++) {
        int64_t end_ns = begun_ns + (i + 1) * spec->interval_ns;

        status = load_wait_until(load, end_ns + SETTLE_NS);
        if (status != -ETIMEDOUT && clock_now_ns() < end_ns)
            break; /* cut short */
        load_interval(load, i, interval);
        take(ramp, i, interval, &ramp->rows[i]);
        ramp->count++;
        tell(ramp, streams);
    }
    free(interval);
    if (ramp->rises)
        find_knee(ramp);
    return status == -ETIMEDOUT ? 0 : status;
}

double ramp_error_share(const struct ramp *ramp)
{
    double errors = 0, all = 0;

    for (int i = 0; i < ramp->count; i++) {
        const struct ramp_row *row = &ramp->rows[i];

        if (ramp->knee.verdict == KNEE_FOUND &&
            row->intended_per_s > ramp->knee.rate_per_s)
            break;
        errors += (double)row->errors;
        all += (double)row->errors + row->ok_per_s * (row->to_s - row->from_s);
    }
    return all > 0 ? errors / all : 0;
}

static void print_tail(const struct ramp *ramp, FILE *file)
{
    const struct knee *knee = &ramp->knee;
    double rate_per_s = knee->latency.rate_per_s;

    if (knee->judged < KNEE_INTERVALS_MIN || knee->client_bound)
        return;
    if (isnan(knee->plateau_ns)) {
        fputs("               by latency none is looked for: ", file);
        fputs(knee->spoilt > 0 || knee->judged < knee->count
                  ? "the generator itself was late\n"
                  : "an interval has too few requests; give a "
                    "longer --interval\n",
              file);
        return;
    }
    fprintf(file, "               p%.0f while the rate was low: %s; ",
            ramp->tail_p, digits_ns(knee->plateau_ns).text);
    if (knee->latency.verdict == KNEE_FOUND)
        fprintf(file, "over twice that from %s on\n",
                digits_three(rate_per_s, "/s").text);
    else if (knee->latency.verdict == KNEE_NONE)
        fputs("never over twice that for good\n", file);
    else
        fputs("over twice that at the very end, too briefly to tell\n", file);
}

void ramp_print(const struct ramp *ramp, FILE *file)
{
    if (!ramp->rises)
        return;
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    fprintf(memory, "\n  %-12s %s%s\n", "knee",
            ramp->knee.verdict == KNEE_CANNOT_TELL ? "cannot tell: " : "",
            ramp->knee.words);
    print_tail(ramp, memory);
    fclose(memory);
    screen_print_lines(file, text);
    free(text);
}

static json_t *json_sign(const struct knee_sign *sign)
{
    return json_pack("{s:s, s:o}", "verdict", knee_verdict_name(sign->verdict),
                     "rate_per_s", json_finite(sign->rate_per_s));
}

json_t *ramp_json(const struct ramp *ramp)
{
    const struct knee *knee = &ramp->knee;
    json_t *rows = json_array(), *found = json_null();

    for (int i = 0; i < ramp->count; i++)
        json_array_append_new(rows, json_row(&ramp->rows[i]));
    if (ramp->rises)
        found = json_pack(
            "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:i}",
            "verdict", knee_verdict_name(knee->verdict), "rate_per_s",
            json_finite(knee->rate_per_s), "words", knee->words, "throughput",
            json_sign(&knee->throughput), "latency", json_sign(&knee->latency),
            "tail_percentile", json_finite(ramp->tail_p), "tail_plateau_ns",
            json_finite(knee->plateau_ns), "beyond_lo_per_s",
            json_finite(knee->beyond_lo_per_s), "beyond_hi_per_s",
            json_finite(knee->beyond_hi_per_s), "judged", knee->judged, "count",
            knee->count, "tail_spoilt", knee->spoilt);
    return json_pack("{s:o, s:I, s:o, s:o}", "rate_end_per_s",
                     json_finite_if(ramp->spec->rate_end_per_s, ramp->rises),
                     "interval_ns", (json_int_t)ramp->spec->interval_ns, "knee",
                     found, "intervals", rows);
}
