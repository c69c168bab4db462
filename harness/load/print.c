/* SPDX-License-Identifier: MIT
 *
 * A percentile with fewer than 20 requests beyond it is not printed: a few
 * requests would decide it. The latency of a closed loop is called service
 * time, because a closed loop stops sending while the server stalls and so
 * cannot know how long a user would have waited.
 */
#include "print.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/screen/screen.h"
#include "record.h"
#include "schedule.h"

enum { BEYOND_MIN = 20 };

static bool is_open(const struct load_print *print)
{
    return print->spec->mode == LOAD_OPEN;
}

const struct histogram *load_print_headline(const struct load_print *print)
{
    return is_open(print) ? &print->result->response : &print->result->service;
}

/* Requests needed for a percentile to have 20 beyond it. */
static double needs(double percentile)
{
    return ceil(BEYOND_MIN / (1 - percentile / 100) - 1e-6);
}

bool load_print_earned(const struct histogram *histogram, double percentile)
{
    return (double)histogram->count >= needs(percentile);
}

static double window_s(const struct load_print *print)
{
    return (double)(print->result->window_end_ns -
                    print->result->window_start_ns) /
           1e9;
}

static double per_s(const struct load_print *print)
{
    double seconds = window_s(print);
    return seconds > 0 ? (double)print->result->completed_in_window / seconds
                       : 0;
}

static double busy(const struct load_print *print)
{
    double seconds = window_s(print);
    return seconds > 0 ? (double)print->result->cpu_ns / 1e9 / seconds : 0;
}

static double in_flight_mean(const struct load_print *print)
{
    double seconds = window_s(print);
    return seconds > 0 ? print->result->in_flight_integral_ns / 1e9 / seconds
                       : 0;
}

static const char *kind_words(const struct load_print *print)
{
    if (print->spec->churn)
        return "service time (closed loop, connecting included)";
    return is_open(print) ? "response time (from the intended time)"
                          : "service time (closed loop)";
}

static void text_load(const struct load_print *print, FILE *file)
{
    const struct load_spec *spec = print->spec;
    char name[LOAD_ARRIVALS_TEXT];
    char address[LOAD_ADDRESS_TEXT];
    fprintf(file, "%s (%s)\n  ", print->url,
            load_address_text(&spec->address, address, sizeof address));
    char rise[48] = "";
    if (spec->rate_end_per_s > 0)
        snprintf(rise, sizeof rise, " to %s",
                 digits_rate(spec->rate_end_per_s, 10).text);
    if (is_open(print))
        fprintf(
            file, "open loop, %s%s, %s arrivals, at most %d",
            digits_rate(spec->rate_per_s, 10).text, rise,
            load_schedule_name(spec->arrivals, spec->burst, name, sizeof name),
            spec->connections);
    else
        fprintf(file, "closed loop%s, %d",
                spec->churn ? ", a new connection for every request" : "",
                spec->connections);
    fprintf(file, " connections, %s measured after %s of warm-up\n",
            digits_ns(window_s(print) * 1e9).text,
            digits_ns((double)spec->warmup_ns).text);
    if (!print->complete)
        fputs("  interrupted: the figures are of the time until then\n", file);
}

static void text_latency(const struct load_print *print, FILE *file)
{
    const struct histogram *histogram = load_print_headline(print);
    fprintf(file, "\n  %s\n", kind_words(print));
    if (histogram->count == 0) {
        fputs("    none: no request got the answer that it should\n", file);
        return;
    }
    fprintf(file, "    %-8s %10s\n", "mean",
            digits_ns(histogram_mean_ns(histogram)).text);
    for (int i = 0; i < print->percentile_count; i++) {
        double p = print->percentiles[i];
        fprintf(file, "    p%-7.10g ", p);
        if (load_print_earned(histogram, p))
            fprintf(
                file, "%10s\n",
                digits_ns((double)histogram_percentile_ns(histogram, p)).text);
        else if (p < 100)
            fprintf(file, "%10s  needs %.0f requests\n", "n/a", needs(p));
        else
            fprintf(file, "%10s  see max\n", "n/a");
    }
    fprintf(file, "    %-8s %10s\n", "max",
            digits_ns((double)histogram->max_ns).text);
}

/* Rows of the text's histogram. Their limits are a factor apart, since
 * latencies have long tails. */
enum { ROWS = 10, BAR_COLUMNS = 40, ROW_COLUMNS = 28, COLUMNS_USUAL = 80 };

static void text_distribution(const struct load_print *print, int columns,
                              FILE *file)
{
    const struct histogram *histogram = load_print_headline(print);
    double low = (double)histogram->min_ns, high = (double)histogram->max_ns;
    uint64_t seen = 0, most = 0, counts[ROWS];
    if (histogram->count < BEYOND_MIN || !(low < high))
        return;
    low = low < 1 ? 1 : low;
    for (int i = 0; i < ROWS; i++) {
        double limit = low * pow(high / low, (i + 1.0) / ROWS);
        uint64_t within = i == ROWS - 1
                              ? histogram->count
                              : histogram_within(histogram, (int64_t)limit);
        counts[i] = within - seen;
        most = counts[i] > most ? counts[i] : most;
        seen = within;
    }
    int room = columns - ROW_COLUMNS;
    room = room < BAR_COLUMNS ? room : BAR_COLUMNS;
    fputs("\n    up to         of requests\n", file);
    for (int i = 0; i < ROWS; i++) {
        double limit = low * pow(high / low, (i + 1.0) / ROWS);
        int bar =
            room <= 0 ? 0 : (int)((double)counts[i] * room / (double)most);
        fprintf(file, "    %10s %8.3f %%", digits_ns(limit).text,
                100.0 * (double)counts[i] / (double)histogram->count);
        if (counts[i] > 0)
            fputs(bar > 0 ? "  " : "  .", file);
        for (int k = 0; k < bar; k++)
            fputc('#', file);
        fputc('\n', file);
    }
}

static void text_resent(const struct load_result *result, FILE *file)
{
    double limit, share = load_record_resent_share(result, &limit);

    if (result->resent == 0)
        return;
    fprintf(file,
            "  sent again   the server closed %lu kept connections before any "
            "byte of an answer; these requests were sent once more\n",
            result->resent);
    if (share > limit)
        fprintf(file,
                "               that is %.3g %% of the requests (limit 1 %%): "
                "their times include two sends; let the server keep "
                "connections or say \"Connection: close\", or ask with "
                "--churn\n",
                100 * share);
}

static void text_requests(const struct load_print *print, FILE *file)
{
    const struct load_result *result = print->result;
    fprintf(file, "\n  throughput   %s\n",
            digits_three(per_s(print), "/s").text);
    fprintf(file, "  requests     %lu: %lu ok", result->scheduled, result->ok);
    if (result->wrong)
        fprintf(file, ", %lu wrong body", result->wrong);
    if (result->http_error)
        fprintf(file, ", %lu not 2xx", result->http_error);
    if (result->io_error)
        fprintf(file,
                ", %lu connection error (%lu connect, %lu reset, "
                "%lu malformed)",
                result->io_error, result->failures[FAILURE_CONNECT],
                result->failures[FAILURE_RESET],
                result->failures[FAILURE_MALFORMED]);
    if (result->timeout)
        fprintf(file, ", %lu timeout", result->timeout);
    fputc('\n', file);
    if (result->first_failure[0])
        fprintf(file, "  failure      %s\n", result->first_failure);
    fprintf(file, "  bodies       %s\n",
            print->compared ? "every one compared with the expected answer"
                            : "not compared (see --expect, --check)");
    fprintf(file,
            "  connections  %d open, %lu opened again, %d in flight at "
            "most\n",
            result->connections_open, result->reopened, result->in_flight_max);
    text_resent(result, file);
    if (print->spec->greeting)
        fprintf(file, "  WebSockets   %lu lost, %lu pushes, %lu missing",
                result->lost, result->push.count - result->pushes_missing,
                result->pushes_missing);
    if (result->push.count)
        fprintf(file, ", late by %s on average, %s at most",
                digits_ns(histogram_mean_ns(&result->push)).text,
                digits_ns((double)result->push.max_ns).text);
    if (print->spec->greeting)
        fputc('\n', file);
    if (result->connect.count)
        fprintf(file, "  connecting   %s on average\n",
                digits_ns(histogram_mean_ns(&result->connect)).text);
    fprintf(file, "  generator    %d process%s, %.2f CPUs busy",
            result->processes, result->processes == 1 ? "" : "es", busy(print));
    if (is_open(print) && result->lag_free.count)
        fprintf(
            file, ", p99 of its own lateness %s",
            digits_ns((double)histogram_percentile_ns(&result->lag_free, 99))
                .text);
    fputc('\n', file);
    if (print->reason)
        fprintf(file, "\n  NOT VALID: %s\n", print->reason);
}

static json_t *json_histogram(const struct load_print *print,
                              const struct histogram *histogram)
{
    json_t *percentiles = json_array();
    for (int i = 0; i < print->percentile_count; i++)
        if (load_print_earned(histogram, print->percentiles[i]))
            json_array_append_new(
                percentiles,
                json_pack("{sf sI}", "p", print->percentiles[i], "ns",
                          (json_int_t)histogram_percentile_ns(
                              histogram, print->percentiles[i])));
    return json_pack("{sI sI sI so}", "count", (json_int_t)histogram->count,
                     "mean_ns", (json_int_t)histogram_mean_ns(histogram),
                     "max_ns", (json_int_t)histogram->max_ns, "percentiles",
                     percentiles);
}

static json_t *json_requests(const struct load_result *result)
{
    return json_pack(
        "{sI sI sI sI sI sI sI}", "scheduled", (json_int_t)result->scheduled,
        "ok", (json_int_t)result->ok, "wrong", (json_int_t)result->wrong,
        "http_error", (json_int_t)result->http_error, "io_error",
        (json_int_t)result->io_error, "timeout", (json_int_t)result->timeout,
        "resent", (json_int_t)result->resent);
}

static json_t *json_failures(const struct load_result *result)
{
    return json_pack("{sI sI sI}", "connect",
                     (json_int_t)result->failures[FAILURE_CONNECT], "reset",
                     (json_int_t)result->failures[FAILURE_RESET], "malformed",
                     (json_int_t)result->failures[FAILURE_MALFORMED]);
}

static json_t *json_load(const struct load_spec *spec)
{
    bool open = spec->mode == LOAD_OPEN;
    char name[LOAD_ARRIVALS_TEXT];
    json_t *rate = open ? json_real(spec->rate_per_s) : json_null();
    json_t *arrivals =
        open ? json_string(load_schedule_name(spec->arrivals, spec->burst, name,
                                              sizeof name))
             : json_null();
    return json_pack(
        "{ss sb si so so sI sI sI}", "mode", open ? "open" : "closed", "churn",
        spec->churn, "connections", spec->connections, "rate_per_s", rate,
        "arrivals", arrivals, "warmup_ns", (json_int_t)spec->warmup_ns,
        "timeout_ns", (json_int_t)spec->timeout_ns, "seed",
        (json_int_t)spec->seed);
}

static json_t *json_result(const struct load_print *print)
{
    const struct load_result *result = print->result;
    json_t *latency =
        json_pack("{ss so so so so so so}", "kind",
                  is_open(print) ? "response" : "service", "response",
                  json_histogram(print, &result->response), "service",
                  json_histogram(print, &result->service), "lag",
                  json_histogram(print, &result->lag), "connect",
                  print->spec->churn ? json_histogram(print, &result->connect)
                                     : json_null(),
                  "push",
                  print->spec->greeting ? json_histogram(print, &result->push)
                                        : json_null(),
                  "lag_free", json_histogram(print, &result->lag_free));
    json_t *connections = json_pack(
        "{si si si sf sI sI sI}", "asked", print->spec->connections, "open",
        result->connections_open, "in_flight_max", result->in_flight_max,
        "in_flight_mean", in_flight_mean(print), "reopened",
        (json_int_t)result->reopened, "lost", (json_int_t)result->lost,
        "pushes_missing", (json_int_t)result->pushes_missing);
    json_t *generator =
        json_pack("{si sI sf}", "processes", result->processes, "cpu_ns",
                  (json_int_t)result->cpu_ns, "busy", busy(print));
    char address[LOAD_ADDRESS_TEXT];
    const char *failure =
        result->first_failure[0] ? result->first_failure : NULL;
    return json_pack(
        "{si ss ss ss sb sb ss? so sI sf so so ss? sb so so so sO}",
        "schema_version", 1, "tool_version", version(), "url", print->url,
        "address",
        load_address_text(&print->spec->address, address, sizeof address),
        "complete", print->complete, "valid", !print->reason, "reason",
        print->reason, "load", json_load(print->spec), "window_ns",
        (json_int_t)(result->window_end_ns - result->window_start_ns),
        "throughput_per_s", per_s(print), "requests", json_requests(result),
        "failures", json_failures(result), "failure", failure,
        "bodies_compared", print->compared, "connections", connections,
        "latency", latency, "generator", generator, "ramp",
        print->ramp ? print->ramp : json_null());
}

static int write_json(const struct load_print *print, FILE *file)
{
    json_t *all = json_result(print);
    int status = all ? json_dumpf(all, file, JSON_INDENT(2)) : -1;
    json_decref(all);
    fputc('\n', file);
    return status < 0 ? -EIO : 0;
}

/* Writes one figure a line, as CSV or as a Markdown table. */
static void write_rows(const struct load_print *print, bool markdown,
                       FILE *file)
{
    const char *row = markdown ? "| %s | %.10g |\n" : "%s,%.10g\n";
    const struct load_result *result = print->result;
    const struct histogram *histogram = load_print_headline(print);
    const char *kind = is_open(print) ? "response" : "service";
    char name[64];
    fputs(markdown ? "| metric | value |\n|---|---:|\n" : "metric,value\n",
          file);
    fprintf(file, row, "valid", print->reason ? 0.0 : 1.0);
    fprintf(file, row, "complete", print->complete ? 1.0 : 0.0);
    fprintf(file, row, "throughput_per_s", per_s(print));
    fprintf(file, row, "requests_scheduled", (double)result->scheduled);
    fprintf(file, row, "requests_ok", (double)result->ok);
    fprintf(file, row, "requests_wrong", (double)result->wrong);
    fprintf(file, row, "requests_http_error", (double)result->http_error);
    fprintf(file, row, "requests_io_error", (double)result->io_error);
    fprintf(file, row, "requests_timeout", (double)result->timeout);
    fprintf(file, row, "requests_resent", (double)result->resent);
    snprintf(name, sizeof name, "%s_mean_ns", kind);
    fprintf(file, row, name, histogram_mean_ns(histogram));
    for (int i = 0; i < print->percentile_count; i++) {
        double p = print->percentiles[i];
        if (!load_print_earned(histogram, p))
            continue;
        snprintf(name, sizeof name, "%s_p%.10g_ns", kind, p);
        fprintf(file, row, name, (double)histogram_percentile_ns(histogram, p));
    }
    snprintf(name, sizeof name, "%s_max_ns", kind);
    fprintf(file, row, name, (double)histogram->max_ns);
    fprintf(file, row, "bodies_compared", print->compared ? 1.0 : 0.0);
    const json_t *knee = json_object_get(print->ramp, "knee");
    if (json_text_is(knee, "verdict", "found"))
        fprintf(file, row, "knee_per_s", json_figure_of(knee, "rate_per_s"));
}

/* Writes for people; on a terminal, no line is wider than it. */
static int write_text(const struct load_print *print, FILE *file)
{
    int columns = screen_width(file);
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);

    if (!memory)
        return -ENOMEM;
    text_load(print, memory);
    text_latency(print, memory);
    text_distribution(print, columns > 0 ? columns : COLUMNS_USUAL, memory);
    text_requests(print, memory);
    int status = fclose(memory) == 0 ? 0 : -ENOMEM;
    if (status == 0)
        screen_print_lines(file, text);
    free(text);
    return status;
}

int load_print_write(const struct load_print *print, enum load_format format,
                     FILE *file)
{
    int status = 0;
    switch (format) {
    case FORMAT_JSON:
        status = write_json(print, file);
        break;
    case FORMAT_CSV:
        write_rows(print, false, file);
        break;
    case FORMAT_MARKDOWN:
        write_rows(print, true, file);
        break;
    case FORMAT_TEXT:
        status = write_text(print, file);
    }
    if (fflush(file) != 0)
        return errno ? -errno : -EIO;
    return ferror(file) ? -EIO : status;
}
