/* SPDX-License-Identifier: MIT
 *
 * Everything is integer arithmetic except the sums of the histograms and of the
 * in-flight time, so that merging the processes' records is exact.
 */
#include "record.h"

#include <math.h>
#include <stdio.h>

enum { SERIES_STEP_NS = 100000000, BIN_MIN_NS = 10000000 };

int load_record_intervals(const struct load_spec *spec)
{
    if (spec->interval_ns <= 0)
        return 0;
    return (int)((spec->window_ns + spec->interval_ns - 1) / spec->interval_ns);
}

void load_record_reset(const struct load_spec *spec, struct load_result *result)
{
    histogram_reset(&result->response);
    histogram_reset(&result->service);
    histogram_reset(&result->lag);
    histogram_reset(&result->connect);
    histogram_reset(&result->push);
    histogram_reset(&result->lag_free);
    histogram_reset(&result->punctual);
    for (int i = 0; i < LOAD_PARTS && spec->tenths; i++)
        histogram_reset(&result->tenths[i]);
    for (int i = 0; i < CLASS_COUNT && spec->classes; i++)
        histogram_reset(&result->classes[i]);
}

void load_record_init(struct load_record *record, const struct load_spec *spec,
                      struct load_result *result,
                      struct load_interval *intervals)
{
    *record = (struct load_record){
        .result = result,
        .closed = spec->mode == LOAD_CLOSED,
        .series = spec->series,
        .tenths = spec->tenths,
        .classes = spec->classes,
        .mutation = spec->mutation,
        .origin_ns = INT64_MAX,
        .start_ns = INT64_MAX,
        .end_ns = INT64_MAX,
        .window_ns = spec->window_ns,
        .slices = spec->slices,
        .slice_count = spec->slice_count,
        .intervals = intervals,
        .interval_count = load_record_intervals(spec),
        .interval_ns = spec->interval_ns,
    };
    result->bin_ns = spec->window_ns / LOAD_BINS + 1;
    if (result->bin_ns < BIN_MIN_NS)
        result->bin_ns = BIN_MIN_NS;
    result->bin_count = (int)(spec->window_ns / result->bin_ns);
    load_record_reset(spec, result);
    result->processes = 1;
}

bool load_record_in_window(const struct load_record *record, int64_t at_ns)
{
    return at_ns >= record->start_ns && at_ns < record->end_ns;
}

struct load_interval *load_record_interval(const struct load_record *record,
                                           int64_t at_ns)
{
    if (!record->intervals || !load_record_in_window(record, at_ns))
        return NULL;
    int64_t index = (at_ns - record->start_ns) / record->interval_ns;
    return index < record->interval_count ? &record->intervals[index] : NULL;
}

void load_record_due(struct load_record *record, int64_t due_ns)
{
    struct load_interval *interval = load_record_interval(record, due_ns);
    if (due_ns >= record->start_ns)
        record->result->scheduled++;
    if (interval)
        interval->due++;
}

/* Whether a request with these times belongs to the window. */
static bool counts(const struct load_record *record,
                   const struct load_times *times)
{
    return load_record_in_window(record, record->closed ? times->done_ns
                                                        : times->intended_ns);
}

void load_record_in_flight(struct load_record *record, int change,
                           int64_t now_ns)
{
    struct load_result *result = record->result;
    int64_t from_ns = record->in_flight_since_ns;
    if (from_ns < record->start_ns)
        from_ns = record->start_ns;
    int64_t to_ns = now_ns < record->end_ns ? now_ns : record->end_ns;
    if (to_ns > from_ns)
        result->in_flight_integral_ns +=
            (double)record->in_flight * (double)(to_ns - from_ns);
    record->in_flight_since_ns = now_ns;
    record->in_flight += change;
    if (change > 0)
        result->started += (uint64_t)change;
    if (load_record_in_window(record, now_ns) &&
        record->in_flight > result->in_flight_max)
        result->in_flight_max = record->in_flight;
    struct load_interval *interval = load_record_interval(record, now_ns);
    if (interval && record->in_flight > interval->in_flight_max)
        interval->in_flight_max = record->in_flight;
}

void load_record_free_lag(struct load_record *record,
                          const struct load_times *times)
{
    if (load_record_in_window(record, times->intended_ns))
        histogram_record(&record->result->lag_free,
                         times->sent_ns - times->intended_ns);
}

void load_record_sent(struct load_record *record, int64_t sent_ns)
{
    if (!load_record_in_window(record, sent_ns))
        return;
    struct load_interval *interval = load_record_interval(record, sent_ns);
    if (interval)
        interval->sent++;
    int64_t bin = (sent_ns - record->start_ns) / record->result->bin_ns;
    if (bin < record->result->bin_count)
        record->result->bins[bin]++;
}

void load_record_push(struct load_record *record, int64_t due_ns,
                      int64_t came_ns)
{
    if (load_record_in_window(record, due_ns))
        histogram_record(&record->result->push, came_ns - due_ns);
}

static void record_completed(struct load_record *record, int64_t done_ns)
{
    int64_t step_ns = record->window_ns / LOAD_PARTS + 1;
    record->result->completed_in_window++;
    record->result->parts[(done_ns - record->start_ns) / step_ns]++;
}

/* Records the response time of a request of the window, answered or timed out.
 */
static void record_response(struct load_record *record,
                            const struct load_times *times)
{
    int64_t step_ns = record->window_ns / LOAD_PARTS + 1;
    int64_t response_ns = times->done_ns - times->intended_ns;
    histogram_record(&record->result->response, response_ns);
    if (!record->closed)
        histogram_record(&record->result->punctual,
                         response_ns - times->late_ns);
    if (record->classes)
        histogram_record(&record->result->classes[times->class], response_ns);
    if (record->tenths) {
        int64_t at_ns = record->closed ? times->done_ns : times->intended_ns;
        histogram_record(
            &record->result->tenths[(at_ns - record->start_ns) / step_ns],
            response_ns);
    }
}

static void record_ok(struct load_record *record,
                      const struct load_times *times)
{
    struct load_result *result = record->result;
    result->ok++;
    if (record->mutation == MUTATION_OUTLIERS &&
        times->done_ns - times->sent_ns > MUTATION_OUTLIER_NS)
        return;
    record_response(record, times);
    histogram_record(&result->service, times->done_ns - times->sent_ns);
    histogram_record(&result->lag, times->sent_ns - times->intended_ns);
    if (times->connected_ns > 0)
        histogram_record(&result->connect,
                         times->connected_ns - times->sent_ns);
}

static void record_series(struct load_record *record, int64_t done_ns)
{
    const int length = sizeof record->result->series / sizeof(uint32_t);
    if (!record->series || done_ns < record->origin_ns ||
        done_ns >= record->end_ns)
        return;
    int64_t step = (done_ns - record->origin_ns) / SERIES_STEP_NS;
    if (step >= length)
        return;
    record->result->series[step]++;
    if (record->result->series_count <= step)
        record->result->series_count = (int)step + 1;
}

/* Counts an answer in its slice. Answers come in the order of time. */
static void record_slice(struct load_record *record, int64_t done_ns)
{
    int64_t at_ns = done_ns - record->origin_ns;
    while (record->slice < record->slice_count &&
           record->slices[record->slice].end_ns <= at_ns)
        record->slice++;
    if (record->slice < record->slice_count &&
        record->slices[record->slice].counted_ns <= at_ns)
        record->result->slices[record->slice]++;
}

static void record_interval(struct load_record *record,
                            enum load_outcome outcome,
                            const struct load_times *times)
{
    struct load_interval *interval =
        load_record_interval(record, times->done_ns);
    int64_t response_ns = times->done_ns - times->intended_ns;
    if (!interval)
        return;
    if (outcome == OUTCOME_OK) {
        interval->ok++;
        interval->service_ns += (double)(times->done_ns - times->sent_ns);
    } else {
        interval->errors++;
    }
    if (outcome != OUTCOME_OK && outcome != OUTCOME_TIMEOUT)
        return;
    /* The memory is zero, and a reset would touch all of it. */
    if (interval->response.count == 0)
        interval->response.min_ns = interval->punctual.min_ns = INT64_MAX;
    histogram_record(&interval->response, response_ns);
    histogram_record(&interval->punctual, response_ns - times->late_ns);
}

static enum load_outcome mutated(enum load_mutation mutation,
                                 enum load_outcome outcome)
{
    if (mutation == MUTATION_ERRORS_OK && outcome != OUTCOME_TIMEOUT)
        return OUTCOME_OK;
    if (mutation == MUTATION_UNCHECKED && outcome == OUTCOME_WRONG)
        return OUTCOME_OK;
    return outcome;
}

bool load_record_end(struct load_record *record, enum load_outcome outcome,
                     const struct load_times *times)
{
    struct load_result *result = record->result;
    outcome = mutated(record->mutation, outcome);
    if (outcome == OUTCOME_OK) {
        record_series(record, times->done_ns);
        if (load_record_in_window(record, times->done_ns))
            record_completed(record, times->done_ns);
        record_slice(record, times->done_ns);
    }
    record_interval(record, outcome, times);
    record->ended++;
    if (!counts(record, times)) {
        result->ended_outside += outcome != OUTCOME_CONNECT;
        return false;
    }
    if (record->closed)
        result->scheduled++;
    switch (outcome) {
    case OUTCOME_OK:
        record_ok(record, times);
        break;
    case OUTCOME_WRONG:
        result->wrong++;
        break;
    case OUTCOME_STATUS:
        result->http_error++;
        break;
    case OUTCOME_TIMEOUT:
        result->timeout++;
        if (!record->closed)
            record_response(record, times);
        break;
    default:
        result->io_error++;
        result->failures[outcome - OUTCOME_CONNECT]++;
    }
    return true;
}

double load_record_resent_share(const struct load_result *result, double *limit)
{
    double all = fmax(1, (double)result->scheduled);

    *limit = fmax(0.01, 3 / all);
    return (double)result->resent / all;
}

void load_record_left(struct load_record *record, int unanswered,
                      int64_t sent_ns, uint64_t overtaken, int connections)
{
    struct load_result *result = record->result;
    result->unanswered = (uint64_t)unanswered;
    if (unanswered == 0)
        return;
    result->oldest_unanswered_ns = record->end_ns - sent_ns;
    result->overtaken = (double)overtaken / connections;
}

static void merge_series(struct load_result *into,
                         const struct load_result *from)
{
    for (int i = 0; i < from->series_count; i++)
        into->series[i] += from->series[i];
    if (into->series_count < from->series_count)
        into->series_count = from->series_count;
}

void load_record_merge_interval(struct load_interval *into,
                                const struct load_interval *from)
{
    into->due += from->due;
    into->sent += from->sent;
    into->ok += from->ok;
    into->errors += from->errors;
    into->service_ns += from->service_ns;
    into->wanted_ns += from->wanted_ns;
    into->in_flight_max += from->in_flight_max;
    if (from->response.count == 0)
        return; /* its memory was never touched */
    histogram_merge(&into->response, &from->response);
    histogram_merge(&into->punctual, &from->punctual);
}

void load_record_merge(struct load_result *into, const struct load_result *from)
{
    into->scheduled += from->scheduled;
    into->ok += from->ok;
    into->wrong += from->wrong;
    into->http_error += from->http_error;
    into->io_error += from->io_error;
    into->timeout += from->timeout;
    for (int i = 0; i < FAILURE_COUNT; i++)
        into->failures[i] += from->failures[i];
    if (!into->first_failure[0])
        snprintf(into->first_failure, sizeof into->first_failure, "%s",
                 from->first_failure);
    into->started += from->started;
    into->ended_outside += from->ended_outside;
    into->unanswered += from->unanswered;
    if (into->oldest_unanswered_ns < from->oldest_unanswered_ns)
        into->oldest_unanswered_ns = from->oldest_unanswered_ns;
    if (into->overtaken < from->overtaken)
        into->overtaken = from->overtaken;
    into->completed_in_window += from->completed_in_window;
    for (int i = 0; i < LOAD_PARTS; i++)
        into->parts[i] += from->parts[i];
    for (int i = 0; i < LOAD_SLICES_MAX; i++)
        into->slices[i] += from->slices[i];
    into->bin_ns = from->bin_ns;
    into->bin_count = from->bin_count;
    for (int i = 0; i < from->bin_count; i++)
        into->bins[i] += from->bins[i];
    into->connections_open += from->connections_open;
    into->in_flight_max += from->in_flight_max;
    into->in_flight_integral_ns += from->in_flight_integral_ns;
    into->bytes_read += from->bytes_read;
    into->reopened += from->reopened;
    into->resent += from->resent;
    into->checked += from->checked;
    into->lost += from->lost;
    into->pushes_missing += from->pushes_missing;
    into->cpu_ns += from->cpu_ns;
    into->processes += from->processes;
    into->urgent += from->urgent;
    histogram_merge(&into->response, &from->response);
    histogram_merge(&into->service, &from->service);
    histogram_merge(&into->lag, &from->lag);
    histogram_merge(&into->connect, &from->connect);
    histogram_merge(&into->push, &from->push);
    histogram_merge(&into->lag_free, &from->lag_free);
    histogram_merge(&into->punctual, &from->punctual);
    for (int i = 0; i < LOAD_PARTS; i++)
        if (from->tenths[i].count > 0)
            histogram_merge(&into->tenths[i], &from->tenths[i]);
    for (int i = 0; i < CLASS_COUNT; i++)
        if (from->classes[i].count > 0)
            histogram_merge(&into->classes[i], &from->classes[i]);
    merge_series(into, from);
}
