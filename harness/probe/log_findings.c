/* SPDX-License-Identifier: MIT
 *
 * Sources: J. Little, "A Proof for the Queuing Formula L = lambda W" (1961);
 * the index of dispersion of counts: Cox and Lewis, "The Statistical Analysis
 * of Series of Events" (1966).
 */
#include "log_findings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/arithmetic/digits.h"
#include "harness/arithmetic/statistics.h"

#include "behaviour.h"

static const double SECOND_NS = 1e9;
static const int64_t MINUTE_NS = INT64_C(60000000000);

/* The fullest seconds of a log: TOP_LEAST of them, or this share. Of Poisson
 * counts of mean m, the fullest and the tenth of them that is fullest are 0.7
 * sqrt(m) apart or more; less than half of that is no chance. */
static const double TOP_LEAST = 60, TOP_SHARE = 0.005, CALM = 0.3;
static const double CEILING_LEAST_PER_S = 10;
static const double QUIET_SHARE = 0.05, QUIET_LEAST = 30;
static const double DISPERSED = 1.5, DISPERSION_REQUESTS = 100;
/* As the key of a profile takes it. */
static const double PEAK_MOST = 1000;
/* Of a minute that counts by itself, and of those that have a median. */
static const double MINUTE_REQUESTS = 30, MINUTES_LEAST = 3;
static const double CV_MOST = 5, GAP_SHARE = 0.1;

/* Upstream times over the request's own, and what both are rounded to. */
static const double WAITS_MOST = 1.05, ROUNDED_NS = 1e6;

struct sums {
    const struct log_facts *facts;
    const struct log_asked *asked;
    double span_ns, per_s;
    double cpu_ns;                /* of a request; NAN: unknown */
    double quiet_ns, quiet_per_s; /* NAN: unknown */
    double ceiling_per_s;
};

/* Whole minutes: [*first, *last). */
static void whole_minutes(const struct log_facts *facts, int64_t *first,
                          int64_t *last)
{
    *first = facts->first_ns / MINUTE_NS - facts->minute_base + 1;
    *last = facts->last_ns / MINUTE_NS - facts->minute_base;
    if (*last > facts->minute_count)
        *last = facts->minute_count;
}

/* The median of the minutes; with few of them, or few requests in them, of all
 * of their seconds together. A minute in which the rate rises has a variance
 * that is none of its arrivals. */
double log_dispersion(const struct log_facts *facts)
{
    double variances = 0, means = 0, requests = 0;
    int64_t first, last;

    whole_minutes(facts, &first, &last);
    double *each =
        last > first ? malloc((size_t)(last - first) * sizeof *each) : NULL;
    int64_t count = 0;
    for (int64_t i = first; i < last; i++) {
        double n = facts->minutes[i].requests, mean = n / 60;
        double variance = (facts->minutes[i].squares - n * mean) / 59;
        requests += n;
        means += mean;
        variances += variance;
        if (each && n >= MINUTE_REQUESTS)
            each[count++] = variance / mean;
    }
    double dispersion = variances / means;
    if (count >= MINUTES_LEAST) {
        qsort(each, (size_t)count, sizeof *each, statistics_ascending);
        dispersion = (each[(count - 1) / 2] + each[count / 2]) / 2;
    }
    free(each);
    return requests >= DISPERSION_REQUESTS ? dispersion : NAN;
}

double log_ceiling_per_s(const struct log_facts *facts)
{
    const struct histogram *ended = &facts->ended;
    double n = (double)ended->count, top = fmax(TOP_LEAST, TOP_SHARE * n);

    if (n <= top)
        return 0;
    double low = (double)histogram_percentile_ns(ended, 100 - 100 * top / n);
    double high = (double)histogram_percentile_ns(ended, 100 - 10 * top / n);
    double calm = CALM * sqrt(high);
    if (high < CEILING_LEAST_PER_S || high - low > calm)
        return 0;
    /* The median of all seconds that are as full but for chance. */
    double below =
        (double)histogram_within(ended, (int64_t)(high - 2 * calm)) / n;
    return (double)histogram_percentile_ns(ended, 50 + 50 * below);
}

double log_quiet_ns(const struct log_facts *facts, double *per_s)
{
    double requests = 0, seconds = 0, time_ns = 0;
    double least = fmax(QUIET_LEAST, QUIET_SHARE * (double)facts->requests);

    *per_s = NAN;
    if (facts->timed == 0)
        return NAN;
    for (int i = 0; i < LOG_LEVELS && requests < least; i++) {
        requests += (double)facts->levels[i].requests;
        seconds += (double)facts->levels[i].seconds;
        time_ns += facts->levels[i].time_ns;
    }
    *per_s = requests / seconds;
    return time_ns / requests;
}

static double cv_of(double sum, double squares, double n)
{
    double mean = sum / n, variance = squares / n - mean * mean;

    return variance > 0 && mean > 0 ? sqrt(variance) / mean : 0;
}

static void add_rate(const struct sums *s, struct findings *findings)
{
    const struct log_facts *facts = s->facts;
    char span[FINDINGS_TIME];
    int64_t first, last;
    double most = 0;

    findings_time(s->span_ns, span);
    findings_line(findings, "rate", "%llu requests / %s = %s",
                  (unsigned long long)facts->requests, span,
                  digits_rate(s->per_s, 4).text);
    findings->service.rate_per_s = s->per_s;
    findings_fact(findings, "rate_per_s", s->per_s);
    whole_minutes(facts, &first, &last);
    for (int64_t i = first; i < last; i++)
        most = fmax(most, facts->minutes[i].requests);
    if (last <= first) {
        findings_found(findings, SERVICE_RATE, "%llu requests in %s",
                       (unsigned long long)facts->requests, span);
        findings_doubt(findings, "the log has no whole minute: no peak and no "
                                 "dispersion");
        return;
    }
    findings_line(findings, "peak minute",
                  "%.0f requests / 60 s = %s, %.2f x the mean, of %lld "
                  "whole minute%s",
                  most, digits_rate(most / 60, 4).text, most / 60 / s->per_s,
                  (long long)(last - first),
                  digits_plural((double)(last - first)));
    findings_fact(findings, "peak_minute_per_s", most / 60);
    findings->peak = fmin(fmax(1, most / 60 / s->per_s), PEAK_MOST);
    findings_fact(findings, "peak_factor", most / 60 / s->per_s);
    findings_found(findings, SERVICE_RATE,
                   "the mean of %s; the peak minute has %s, %.2f x", span,
                   digits_rate(most / 60, 4).text, most / 60 / s->per_s);
}

static void add_dispersion(const struct sums *s, struct findings *findings)
{
    double dispersion = log_dispersion(s->facts);

    if (isnan(dispersion))
        return;
    findings_line(findings, "dispersion",
                  "variance / mean of arrivals in a second, of the median "
                  "minute = %.2f (Poisson 1, an even pace 0, bursts of K: K)",
                  dispersion);
    findings_fact(findings, "dispersion", dispersion);
    if (dispersion < DISPERSED)
        return;
    findings->service.burst = (int)fmin(round(dispersion), 10000);
    findings_found(findings, SERVICE_BURST,
                   "the dispersion of arrivals is %.2f", dispersion);
}

static void add_times(const struct sums *s, struct findings *findings)
{
    const struct log_facts *facts = s->facts;
    char p50[FINDINGS_TIME], p90[FINDINGS_TIME], p99[FINDINGS_TIME];
    char mean[FINDINGS_TIME], span[FINDINGS_TIME], quiet[FINDINGS_TIME];
    double n = (double)facts->timed;
    double in_flight = facts->time_ns / s->span_ns;

    if (facts->timed == 0) {
        findings_doubt(findings,
                       "the format %s has no times of requests: no wait, and "
                       "nothing of requests in flight; add $request_time and "
                       "$upstream_response_time (nginx) or %%D (Apache) to it",
                       facts->format.name);
        return;
    }
    findings_time((double)histogram_percentile_ns(&facts->times, 50), p50);
    findings_time((double)histogram_percentile_ns(&facts->times, 90), p90);
    findings_time((double)histogram_percentile_ns(&facts->times, 99), p99);
    findings_time(facts->time_ns / n, mean);
    findings_time(s->span_ns, span);
    findings_time(s->quiet_ns, quiet);
    findings_line(findings, "service time",
                  "mean %s, p50 %s, p90 %s, p99 %s, CV %.2f", mean, p50, p90,
                  p99, cv_of(facts->time_ns, facts->time_squares, n));
    findings_line(findings, "when quiet",
                  "mean %s in the quietest seconds, those with about %s", quiet,
                  digits_rate(s->quiet_per_s, 3).text);
    findings_line(findings, "in flight",
                  "sum of the times / span = %s s / %s = %s (Little)",
                  digits_of(facts->time_ns / 1e9, 4).text, span,
                  digits_of(in_flight, 3).text);
    findings_fact(findings, "in_flight", in_flight);
    findings_fact(findings, "time_mean_ns", facts->time_ns / n);
    findings_fact(findings, "time_quiet_ns", s->quiet_ns);
    findings_fact(findings, "time_p50_ns",
                  (double)histogram_percentile_ns(&facts->times, 50));
    findings_fact(findings, "time_p90_ns",
                  (double)histogram_percentile_ns(&facts->times, 90));
    findings_fact(findings, "time_p99_ns",
                  (double)histogram_percentile_ns(&facts->times, 99));
    findings_fact(findings, "time_cv",
                  cv_of(facts->time_ns, facts->time_squares, n));
}

static void add_cpu(const struct sums *s, struct findings *findings)
{
    char cpu[FINDINGS_TIME], all[FINDINGS_TIME];

    if (isnan(s->cpu_ns)) {
        findings_missing(findings, SERVICE_CPU,
                         "a log has no CPU time; --busy 35% --cores 2, or "
                         "--cpu-time 12.5s of cpu.stat");
        findings_doubt(findings,
                       "CPU time is in no log: give the server's load over the "
                       "log's span (--busy 35%% --cores 2) or its CPU time "
                       "(--cpu-time 12.5s, as a cgroup's cpu.stat has it)");
        return;
    }
    findings_time(s->cpu_ns, cpu);
    if (s->asked->cpu_time_ns > 0)
        findings_line(findings, "CPU of a request", "%s / %llu requests = %s",
                      findings_time(s->asked->cpu_time_ns, all),
                      (unsigned long long)s->facts->requests, cpu);
    else
        findings_line(findings, "CPU of a request", "%s %% x %d / %s = %s",
                      digits_of(100 * s->asked->busy, 3).text,
                      s->asked->cores > 0 ? s->asked->cores : 1,
                      digits_rate(s->per_s, 4).text, cpu);
    findings->service.cpu_ns = s->cpu_ns;
    findings_found(findings, SERVICE_CPU,
                   "CPU time over the log's span / "
                   "its requests");
    findings_fact(findings, "cpu_ns", s->cpu_ns);
}

/* The wait is the upstream's time, if the log has it. */
static void add_upstream(const struct sums *s, struct findings *findings)
{
    const struct log_facts *facts = s->facts;
    struct service *service = &findings->service;
    double n = (double)facts->upstreamed;
    double calls = (double)facts->upstream_calls / n;
    char wait[FINDINGS_TIME];

    service->wait_ns = facts->upstream_ns / (double)facts->requests;
    findings_time(service->wait_ns, wait);
    findings_line(findings, "wait of a request",
                  "%s s of upstream times / %llu requests = %s",
                  digits_of(facts->upstream_ns / 1e9, 4).text,
                  (unsigned long long)facts->requests, wait);
    findings_found(findings, SERVICE_WAIT, "the mean upstream time");
    service->calls = (int)fmax(1, round(calls));
    findings_line(findings, "calls",
                  "%.2f upstream times in a line that has some", calls);
    findings_found(findings, SERVICE_CALLS,
                   "upstream times in a line, %.2f in the mean", calls);
    service->cv_wait = cv_of(facts->upstream_ns, facts->upstream_squares, n);
    findings_fact(findings, "cv_wait", service->cv_wait);
    findings_doubt(findings,
                   "upstream times are waits of the server that wrote the log: "
                   "this is its profile, not that of the server behind it");
    if (service->cv_wait <= CV_MOST)
        findings_found(findings, SERVICE_CV_WAIT,
                       "deviation / mean of upstream times");
    else
        findings_doubt(
            findings,
            "upstream times vary by %.1f times their mean: those are "
            "two kinds of requests; probe a log of each",
            service->cv_wait);
}

/* The wait is what is left of the quiet time. */
static void add_rest(const struct sums *s, struct findings *findings)
{
    const struct log_facts *facts = s->facts;
    struct service *service = &findings->service;
    double cpu_ns = isnan(s->cpu_ns) ? 0 : s->cpu_ns;
    char quiet[FINDINGS_TIME], cpu[FINDINGS_TIME], wait[FINDINGS_TIME];

    service->wait_ns = s->quiet_ns - cpu_ns;
    findings_time(service->wait_ns, wait);
    findings_line(
        findings, "wait of a request", "%s - %s = %s",
        findings_time(s->quiet_ns, quiet),
        isnan(s->cpu_ns) ? "unknown CPU" : findings_time(s->cpu_ns, cpu), wait);
    findings_found(findings, SERVICE_WAIT, "%s when quiet, less %s", quiet,
                   isnan(s->cpu_ns) ? "CPU time that is not known" : cpu);
    if (isnan(s->cpu_ns))
        findings_doubt(findings, "the wait contains the CPU time, which is not "
                                 "known");
    if (cpu_ns > 0.2 * s->quiet_ns || s->ceiling_per_s > 0)
        return; /* the times vary by more than the waits */
    service->cv_wait =
        cv_of(facts->time_ns, facts->time_squares, (double)facts->timed);
    findings_fact(findings, "cv_wait", service->cv_wait);
    if (service->cv_wait <= CV_MOST)
        findings_found(findings, SERVICE_CV_WAIT,
                       "deviation / mean of the times");
}

static void add_wait(const struct sums *s, struct findings *findings)
{
    if (s->facts->upstreamed > 0)
        add_upstream(s, findings);
    else if (s->facts->timed > 0)
        add_rest(s, findings);
    else
        findings_missing(findings, SERVICE_WAIT,
                         "the log has no times of requests");
    if (findings->service.given[SERVICE_WAIT])
        findings_fact(findings, "wait_ns", findings->service.wait_ns);
}

static void add_payload(const struct sums *s, struct findings *findings)
{
    const struct log_facts *facts = s->facts;

    if (facts->sized == 0)
        return;
    findings->service.payload_bytes = facts->bytes / (double)facts->sized;
    findings_line(findings, "payload", "%s bytes / %llu answers = %s bytes",
                  digits_of(facts->bytes, 4).text,
                  (unsigned long long)facts->sized,
                  digits_of(findings->service.payload_bytes, 4).text);
    findings_found(findings, SERVICE_PAYLOAD, "mean bytes of an answer");
    findings_fact(findings, "payload_bytes", findings->service.payload_bytes);
}

/* What limits the service, if its rate stands still somewhere. */
static void add_behaviour(const struct sums *s, struct findings *findings)
{
    double cores = s->asked->cores > 0 ? s->asked->cores : 1;
    double busy = s->ceiling_per_s * s->cpu_ns / SECOND_NS;
    struct behaviour_facts facts = {
        .flat = s->ceiling_per_s > 0,
        .per_s = s->ceiling_per_s,
        .hold_ns = s->quiet_ns,
        .cpu_ns = s->cpu_ns,
        .cpus = cores,
        .in = NAN,
        .turns = {{.places = s->ceiling_per_s * s->quiet_ns / SECOND_NS,
                   .busy_cpus = busy,
                   .wanted_cpus = busy,
                   .hot_cpus = NAN,
                   .lost_cpus = NAN,
                   .others_cpus = NAN,
                   .free_cpus = cores - busy}},
        .turn_count = 1,
    };
    struct behaviour behaviour;
    char quiet[FINDINGS_TIME], text[FINDINGS_LINE];

    if (s->ceiling_per_s <= 0 || isnan(s->quiet_ns))
        return;
    behaviour_judge(&facts, &behaviour);
    findings_line(findings, "stands still",
                  "at %s in the log's fullest seconds, which are closer "
                  "together than chance would have them",
                  digits_rate(s->ceiling_per_s, 4).text);
    if (isfinite(behaviour.places))
        findings_line(findings, "places", "%s x %s = %.2f at once",
                      digits_rate(s->ceiling_per_s, 4).text,
                      findings_time(s->quiet_ns, quiet), behaviour.places);
    else
        findings_line(findings, "CPUs busy then", "%s x CPU = %.2f",
                      digits_rate(s->ceiling_per_s, 4).text, busy);
    behaviour_words(&behaviour, findings->behaves, sizeof findings->behaves);
    json_object_set_new(findings->facts, "limit",
                        json_string(behaviour_name(behaviour.limit)));
    findings_fact(findings, "ceiling_per_s", s->ceiling_per_s);
    findings_fact(findings, "places", behaviour.places);
    findings_fact(findings, "serial_ns", behaviour.serial_ns);
    if (behaviour.limit == LIMIT_UNDECIDED)
        findings_doubt(findings, "%s",
                       behaviour_doubt(&behaviour, text, sizeof text));
    findings_doubt(findings, "clients that keep an even pace, or so many that "
                             "never pause, look like such a limit too");
    if (s->quiet_per_s > 0.8 * s->ceiling_per_s)
        findings_doubt(findings,
                       "the log has no quiet seconds: if its times contain a "
                       "queue, there are fewer places than that");
}

static void doubt_lines(const struct sums *s, struct findings *findings)
{
    const struct log_facts *facts = s->facts;
    char gap[FINDINGS_TIME];

    if (facts->unreadable.count > 0)
        findings_doubt(findings,
                       "%llu of %llu lines cannot be read and are left out; "
                       "the first is line %llu, which %s",
                       (unsigned long long)facts->unreadable.count,
                       (unsigned long long)facts->lines,
                       (unsigned long long)facts->unreadable.first,
                       facts->reason);
    if (facts->backwards.count > 0)
        findings_doubt(findings,
                       "%llu lines are older by 2 s or more than a line before "
                       "them, the first is line %llu: the clock was set back, "
                       "or several logs were put together",
                       (unsigned long long)facts->backwards.count,
                       (unsigned long long)facts->backwards.first);
    if ((double)facts->gap_ns > GAP_SHARE * s->span_ns &&
        facts->gap_ns > MINUTE_NS)
        findings_doubt(findings,
                       "no line for %s: if the server was down or the log is "
                       "missing there, the mean rate is too low",
                       findings_time((double)facts->gap_ns, gap));
    if (s->span_ns < 60 * SECOND_NS)
        findings_doubt(findings,
                       "the log spans %s: too short to stand for a day",
                       findings_time(s->span_ns, gap));
    if (facts->server_errors * 100 > facts->requests)
        findings_doubt(findings,
                       "%.1f %% of the answers are errors of the server (5xx); "
                       "their times are in the means",
                       100 * (double)facts->server_errors /
                           (double)facts->requests);
    if (facts->timed > 0 && !facts->format.has[LOG_EPOCH])
        findings_doubt(findings,
                       "the log's clock has whole seconds: arrivals are less "
                       "sure than with $msec");
}

/* The CPU time of a request, or NAN. */
static double cpu_of(const struct log_facts *facts,
                     const struct log_asked *asked, double span_ns)
{
    double cores = asked->cores > 0 ? asked->cores : 1;
    double all_ns = asked->cpu_time_ns > 0 ? asked->cpu_time_ns
                                           : asked->busy * cores * span_ns;

    return all_ns > 0 ? all_ns / (double)facts->requests : NAN;
}

/* A request that waits for others longer than it takes is none. */
static bool waits_longer(const struct log_facts *facts, char *why,
                         size_t why_size)
{
    double time_ns = facts->time_ns / (double)facts->timed;
    double wait_ns = facts->upstream_ns / (double)facts->upstreamed;
    char time[FINDINGS_TIME], wait[FINDINGS_TIME];

    if (facts->timed == 0 || facts->upstreamed < facts->requests ||
        wait_ns <= WAITS_MOST * time_ns + ROUNDED_NS)
        return false;
    snprintf(why, why_size,
             "the upstream times of a request are %s on average, which is more "
             "than the %s that it takes itself: are both in one unit, and is "
             "the format's order that of the log?",
             findings_time(wait_ns, wait), findings_time(time_ns, time));
    return true;
}

/* Returns 0, or -EINVAL with a sentence about what cannot be. */
static int check(const struct sums *s, char *why, size_t why_size)
{
    char span[FINDINGS_TIME], cpu[FINDINGS_TIME], quiet[FINDINGS_TIME];

    if (s->facts->requests < 2 || s->span_ns < SECOND_NS) {
        snprintf(why, why_size,
                 "%llu %s in %s %s too short for a rate: a log of a minute or "
                 "more is needed",
                 (unsigned long long)s->facts->requests,
                 s->facts->requests == 1 ? "request" : "requests",
                 findings_time(s->span_ns, span),
                 s->facts->requests == 1 ? "is" : "are");
        return -EINVAL;
    }
    if (waits_longer(s->facts, why, why_size))
        return -EINVAL;
    if (s->facts->timed == 0 || isnan(s->cpu_ns) || s->cpu_ns <= s->quiet_ns)
        return 0;
    snprintf(why, why_size,
             "%s of CPU time for each request are more than the %s that one "
             "takes when quiet: is the CPU time that of the log's span and of "
             "this server alone, and the number of cores right?",
             findings_time(s->cpu_ns, cpu), findings_time(s->quiet_ns, quiet));
    return -EINVAL;
}

int log_findings(const struct log_facts *facts, const struct log_asked *asked,
                 struct findings *findings, char *why, size_t why_size)
{
    struct sums s = {.facts = facts,
                     .asked = asked,
                     .span_ns = (double)(facts->last_ns - facts->first_ns)};

    s.per_s = (double)facts->requests / s.span_ns * SECOND_NS;
    s.cpu_ns = cpu_of(facts, asked, s.span_ns);
    s.quiet_ns = log_quiet_ns(facts, &s.quiet_per_s);
    s.ceiling_per_s = log_ceiling_per_s(facts);
    int result = check(&s, why, why_size);
    if (result < 0)
        return result;
    findings_line(findings, "format", "%s%s: %s", facts->format.name,
                  facts->detected ? " (by its first lines)" : "",
                  facts->format.text);
    add_rate(&s, findings);
    add_dispersion(&s, findings);
    add_times(&s, findings);
    add_cpu(&s, findings);
    add_wait(&s, findings);
    add_payload(&s, findings);
    add_behaviour(&s, findings);
    doubt_lines(&s, findings);
    if (asked->cores > 0) {
        findings->service.cores = asked->cores;
        findings_found(findings, SERVICE_CORES, "as given");
    }
    return 0;
}
