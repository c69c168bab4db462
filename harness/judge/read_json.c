/* SPDX-License-Identifier: MIT
 *
 * JSON of oha (--output-format json), k6 (--summary-export, handleSummary) and
 * troika load (-f json); and lists of objects whose members are named as
 * columns of a table are: [{"name": "a", "rps": 120, "p99_ms": 12.5}].
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "harness/base/json.h"
#include "numbers.h"
#include "read.h"

static const double ns_s = 1e-9, ms_s = 1e-3;

static const char list_doubt[] =
    "several requests in flight on each connection (HTTP/2, pipelining: "
    "--in-flight), or latency counted from the intended time: the file does "
    "not say";

/* Sets a figure, unless it is there or the value is no number for it. */
static void take(struct row *row, int id, const json_t *value, double scale)
{
    struct figure figure;

    if (id < 0 || !json_is_number(value) || row->figures[id].known)
        return;
    if (figure_of_number(json_number_value(value), json_is_integer(value),
                         scale, &figure))
        row->figures[id] = figure;
}

static const json_t *in(const json_t *object, const char *first,
                        const char *second)
{
    return json_object_get(json_object_get(object, first), second);
}

/* "p99.9", or -1. */
static int percentile_named(const char *name)
{
    char *end;
    double percent = strtod(name + 1, &end);

    return name[0] == 'p' && end != name + 1 && *end == '\0'
               ? figure_of_percent(percent)
               : -1;
}

static void take_statuses(struct row *row, const json_t *json)
{
    json_t *statuses = json_object_get(json, "statusCodeDistribution");
    json_t *errors = json_object_get(json, "errorDistribution"), *count;
    double requests = 0, failed = 0;
    const char *name;

    json_object_foreach (statuses, name, count) {
        double number = json_number_value(count);
        requests += number;
        failed += name[0] == '2' || name[0] == '3' ? 0 : number;
    }
    json_object_foreach (errors, name, count) {
        double number = json_number_value(count);
        requests += number;
        /* Requests under way at the end are no failures. */
        failed += strstr(name, "deadline") ? 0 : number;
    }
    if (requests > 0 && isfinite(requests) && failed >= 0 &&
        failed <= requests) {
        row->figures[FIGURE_REQUESTS] = figure_exact(requests);
        row->figures[FIGURE_FAILED] = figure_exact(failed);
    }
}

static void read_oha(struct row *row, const json_t *json)
{
    json_t *percentiles = json_object_get(json, "latencyPercentiles"), *value;
    const char *name;

    row->format = "oha";
    row->loop = LOOP_CLOSED;
    row->own_times = true;
    row->own_count = true;
    row->flight_doubt = read_oha_doubt;
    take(row, FIGURE_RATE, in(json, "summary", "requestsPerSec"), 1);
    take(row, FIGURE_DURATION, in(json, "summary", "total"), 1);
    take(row, FIGURE_MEAN, in(json, "summary", "average"), 1);
    take(row, FIGURE_MIN, in(json, "summary", "fastest"), 1);
    take(row, FIGURE_MAX, in(json, "summary", "slowest"), 1);
    json_object_foreach (percentiles, name, value)
        take(row, percentile_named(name), value, 1);
    take_statuses(row, json);
}

/* A metric of k6; handleSummary has its figures in "values". */
static const json_t *k6_metric(const json_t *json, const char *name)
{
    const json_t *metric = in(json, "metrics", name);
    const json_t *values = json_object_get(metric, "values");

    return values ? values : metric;
}

static void read_k6(struct row *row, const json_t *json)
{
    const json_t *requests = k6_metric(json, "http_reqs");
    const json_t *failed = k6_metric(json, "http_req_failed");
    json_t *times = (json_t *)k6_metric(json, "http_req_duration"), *value;
    const char *name;

    row->format = "k6";
    row->flight_doubt = read_k6_doubt;
    if (k6_metric(json, "dropped_iterations"))
        row->loop = LOOP_OPEN;
    json_object_foreach (times, name, value)
        take(row, read_k6_figure(name, (int)strlen(name)), value, ms_s);
    take(row, FIGURE_RATE, json_object_get(requests, "rate"), 1);
    take(row, FIGURE_REQUESTS, json_object_get(requests, "count"), 1);
    take(row, FIGURE_CONNECTIONS,
         json_object_get(k6_metric(json, "vus_max"), "value"), 1);
    take(row, FIGURE_CONNECTIONS,
         json_object_get(k6_metric(json, "vus_max"), "max"), 1);
    double share = json_figure_of(failed, "rate");
    if (!isfinite(share))
        share = json_figure_of(failed, "value");
    if (share >= 0 && share <= 1 && row->figures[FIGURE_REQUESTS].known)
        row->figures[FIGURE_FAILED] =
            figure_exact(share * row->figures[FIGURE_REQUESTS].value);
}

static void read_troika(struct row *row, const json_t *json)
{
    const json_t *latency = json_object_get(json, "latency"), *value;
    const char *kind = json_text_of(latency, "kind");
    const json_t *times = json_object_get(latency, kind);
    size_t i;

    row->format = "troika";
    row->loop =
        !strcmp(json_text_of(json_object_get(json, "load"), "mode"), "closed")
            ? LOOP_CLOSED
            : LOOP_OPEN;
    take(row, FIGURE_RATE, json_object_get(json, "throughput_per_s"), 1);
    take(row, FIGURE_CONNECTIONS, in(json, "load", "connections"), 1);
    take(row, FIGURE_DURATION, json_object_get(json, "window_ns"), ns_s);
    /* Only requests with the right answer are in its rate and latencies. */
    row->figures[FIGURE_FAILED] = figure_exact(0);
    if (json_integer_of(times, "count") <= 0)
        return;
    take(row, FIGURE_MEAN, json_object_get(times, "mean_ns"), ns_s);
    take(row, FIGURE_MAX, json_object_get(times, "max_ns"), ns_s);
    json_array_foreach (json_object_get(times, "percentiles"), i, value)
        take(row, figure_of_percent(json_figure_of(value, "p")),
             json_object_get(value, "ns"), ns_s);
}

/* Members as columns. A name that two members share is nobody's. */
static void read_object(struct row *row, json_t *object, double unit_s)
{
    int claimed[FIGURES] = {0};
    const char *name;
    json_t *value;

    row->format = "json";
    row->flight_doubt = list_doubt;
    json_object_foreach (object, name, value) {
        struct column column = column_of(name, strlen(name));
        int id = column.figure;
        if (id < 0) {
            if (json_is_string(value) && row->name[0] == '\0')
                row_name(row, json_string_value(value),
                         (int)json_string_length(value));
            continue;
        }
        bool time = figure_abouts[id].kind == KIND_TIME;
        double unit = column.unit_s > 0 ? column.unit_s : unit_s;
        claimed[id]++;
        if (json_is_string(value))
            figure_take(row, id, json_string_value(value),
                        (int)json_string_length(value));
        else if (!time || unit > 0)
            take(row, id, value, time ? unit : column.scale);
    }
    for (int i = 0; i < FIGURES; i++)
        if (claimed[i] > 1)
            row->figures[i].known = false;
}

/* Reads one object, by the members that it has. A row without figures goes. */
static void read_one(json_t *object, const struct source *source, double unit_s,
                     struct rows *rows)
{
    struct row *row = row_add(rows, source->name, 1, "json");
    bool any = false;

    if (!row)
        return;
    if (json_object_get(object, "latencyPercentiles"))
        read_oha(row, object);
    else if (in(object, "metrics", "http_req_duration"))
        read_k6(row, object);
    else if (json_object_get(object, "throughput_per_s") &&
             json_is_object(json_object_get(object, "latency")))
        read_troika(row, object);
    else
        read_object(row, object, unit_s);
    for (int i = 0; i < FIGURES; i++)
        any |= row->figures[i].known;
    if (!any)
        rows->count--;
}

int read_json(const struct source *source, double unit_s, struct rows *rows,
              char *why, size_t why_size)
{
    const char *bytes = source->bytes;
    size_t size = source->size, i;
    json_error_t error;
    json_t *value;

    if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
        bytes += 3;
        size -= 3;
    }
    json_t *json = json_loadb(bytes, size, 0, &error);
    if (!json) {
        snprintf(why, why_size, "%s:%d: no JSON: %s", source->name,
                 error.line > 0 ? error.line : 1, error.text);
        return -EINVAL;
    }
    if (json_is_array(json))
        json_array_foreach (json, i, value)
            read_one(value, source, unit_s, rows);
    else
        read_one(json, source, unit_s, rows);
    json_decref(json);
    return 0;
}
