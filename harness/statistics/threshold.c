/* SPDX-License-Identifier: MIT
 *
 * Errors are counted over all trials of a cell. Invalid trials count too, since
 * errors are what makes a trial invalid.
 */
#include "threshold.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/experiment/value.h"
#include "harness/figures/metric.h"
#include "models/runtime/base/units.h"
#include "summary_rows.h"

static const struct name {
    const char *name, *metric;
    enum unit unit;
    const char *example;
} names[] = {
    {"p50", "latency_p50_ns", UNIT_NS, "p50<20ms"},
    {"p99", "latency_p99_ns", UNIT_NS, "p99<50ms"},
    {"mean", "latency_mean_ns", UNIT_NS, "mean<20ms"},
    {"rps", "throughput_per_s", UNIT_PER_S, "rps>2000"},
    {"mem", "memory_total_bytes", UNIT_BYTES, "mem<512MiB"},
    {"cpu_us", "cpu_per_request_ns", UNIT_COUNT, "cpu_us<80"},
    {"err", NULL, UNIT_COUNT, "err<0.1%"},
};

static int parse_value(const struct name *name, const char *text, double *limit,
                       char *why, size_t why_size)
{
    int64_t quantity = 0;
    int result;

    if (!name->metric)
        return value_share(text, limit, why, why_size);
    if (name->unit == UNIT_PER_S)
        result = units_parse_rate(text, limit);
    else if (name->unit == UNIT_COUNT)
        result = units_parse_number(text, limit);
    else
        result = units_parse(name->unit, text, &quantity);
    if (name->unit == UNIT_COUNT)
        *limit *= 1000; /* microseconds to ns */
    else if (name->unit != UNIT_PER_S)
        *limit = (double)quantity;
    if (result < 0 || !(*limit > 0)) {
        snprintf(why, why_size, "is \"%s\"; write it like %s", text,
                 name->example);
        return -EINVAL;
    }
    return 0;
}

int threshold_parse(const char *text, struct threshold *threshold, char *why,
                    size_t why_size)
{
    size_t length = strcspn(text, "<>");
    char wrong[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text[length] == '\0' || strlen(names[i].name) != length ||
            strncmp(names[i].name, text, length) != 0)
            continue;
        *threshold = (struct threshold){.text = text,
                                        .metric = names[i].metric,
                                        .below = text[length] == '<'};
        if (threshold->below != (strchr(names[i].example, '<') != NULL)) {
            snprintf(why, why_size,
                     "threshold \"%s\" is met where %s is bad: is %.*s%c%s "
                     "meant?",
                     text, names[i].name, (int)length, text,
                     threshold->below ? '>' : '<', text + length + 1);
            return -EINVAL;
        }
        if (parse_value(&names[i], text + length + 1, &threshold->limit, wrong,
                        sizeof wrong) == 0)
            return 0;
        snprintf(why, why_size, "threshold %s: the limit %s", text, wrong);
        return -EINVAL;
    }
    snprintf(why, why_size,
             "threshold \"%s\" is none of p50<20ms p99<50ms mean<20ms rps>2000 "
             "err<0.1%% mem<512MiB cpu_us<80",
             text);
    return -EINVAL;
}

struct judging {
    const struct threshold *threshold;
    const json_t *run, *trials;
    const char *experiment, *load_point, *model;
    void (*say)(const char *line, void *context);
    void *context;
    char *details; /* one line for each cell that misses the limit */
    size_t size;
    FILE *file;
    json_t *missed; /* an object for each such cell */
    int cells, failed;
};

/* The share of scheduled requests that failed; NAN: none was scheduled. */
static double error_share(const struct judging *judging)
{
    const json_t *trial;
    double scheduled = 0, ok = 0;
    size_t i;

    json_array_foreach (judging->trials, i, trial) {
        const json_t *requests = json_object_get(trial, "requests");

        if (!figures_are_of(trial, judging->experiment, judging->load_point,
                            judging->model))
            continue;
        scheduled += json_number_of(requests, "scheduled");
        ok += json_number_of(requests, "ok");
    }
    return scheduled > 0 ? (scheduled - ok) / scheduled : NAN;
}

/* A limit is met if the worst value that the figure allows meets it. For an
 * estimate that is the value plus its error; for a lower bound there is no
 * worst value. Only `mem` can be either, and its limit is an upper one. */
static bool is_met(const struct threshold *threshold, const json_t *row,
                   double value)
{
    double share = json_number_of(row, "error_share");

    if (isnan(value) || json_true_of(row, "lower_bound"))
        return false;
    return threshold->below ? value * (1 + share) < threshold->limit
                            : value > threshold->limit;
}

/* A reason to doubt that a figure which missed the limit breaks it; "": none.
 */
static const char *doubt_of(const struct threshold *threshold,
                            const json_t *row, double value)
{
    bool inside =
        threshold->below ? value < threshold->limit : value > threshold->limit;

    if (inside && json_true_of(row, "lower_bound"))
        return " (a lower bound: a part of the memory was not read)";
    if (inside)
        return " (an estimate, whose error reaches the limit)";
    if (json_true_of(row, "generator_bound"))
        return " (the server was not the limit, and may be better)";
    if (json_number_of(row, "lo") < threshold->limit &&
        json_number_of(row, "hi") > threshold->limit)
        return " (its interval covers the limit)";
    return "";
}

static void say_missed(struct judging *judging, const json_t *row, double value)
{
    const struct threshold *threshold = judging->threshold;
    char shown[64];

    judging->failed++;
    json_array_append_new(
        judging->missed,
        json_pack("{s:s, s:s, s:s, s:o}", "experiment", judging->experiment,
                  "load_point", judging->load_point, "model", judging->model,
                  "value", json_finite(value)));
    fprintf(judging->file, "  %s %s %s: ", judging->experiment,
            judging->load_point, judging->model);
    if (isnan(value)) {
        fprintf(judging->file, "no figure%s%s\n", row ? ": " : "",
                row ? json_text_of(row, "why") : "");
        return;
    }
    if (!threshold->metric)
        snprintf(shown, sizeof shown, "%.3g %% errors", 100 * value);
    else
        metric_format(threshold->metric, value, shown, sizeof shown);
    fprintf(judging->file, "%s%s%s\n", metric_mark(row), shown,
            doubt_of(threshold, row, value));
}

static void judge_cell(struct judging *judging)
{
    const struct threshold *threshold = judging->threshold;
    const json_t *row = NULL;
    double value;

    judging->cells++;
    if (!threshold->metric) {
        value = error_share(judging);
    } else {
        row =
            summary_row(judging->run, judging->experiment, judging->load_point,
                        judging->model, threshold->metric);
        value = json_figure_of(row, "value");
    }
    if (!is_met(threshold, row, value))
        say_missed(judging, row, value);
}

static int visit(const json_t *experiment, const json_t *point, void *context)
{
    struct judging *judging = context;
    const json_t *name;
    size_t i;

    judging->experiment = json_text_of(experiment, "name");
    judging->load_point = json_text_of(point, "id");
    json_array_foreach (json_object_get(point, "models"), i, name) {
        judging->model = json_string_value(name);
        const char *only = judging->threshold->model;
        if (only ? !strcmp(only, judging->model)
                 : !summary_is_yardstick(judging->run, judging->model))
            judge_cell(judging);
    }
    return 0;
}

static void say_lines(const struct judging *judging)
{
    char line[512], *rest = judging->details, *end;

    snprintf(line, sizeof line, "threshold %s: %s in %d of %d cells",
             judging->threshold->text, judging->failed > 0 ? "NOT MET" : "met",
             judging->failed > 0 ? judging->failed : judging->cells,
             judging->cells);
    judging->say(line, judging->context);
    for (; rest && (end = strchr(rest, '\n')); rest = end + 1) {
        *end = '\0';
        judging->say(rest, judging->context);
    }
}

static json_t *outcome(const struct judging *judging, bool met)
{
    const struct threshold *threshold = judging->threshold;

    return json_pack("{s:s, s:s?, s:b, s:f, s:s?, s:b, s:i, s:O}", "text",
                     threshold->text, "metric", threshold->metric, "below",
                     threshold->below, "limit", threshold->limit, "model",
                     threshold->model, "met", met, "cells", judging->cells,
                     "missed", judging->missed);
}

char *threshold_words(const json_t *outcome, char *text, size_t size)
{
    const json_t *missed = json_object_get(outcome, "missed"), *cell;
    const char *metric = json_string_of(outcome, "metric");
    char shown[64];
    size_t i, used;

    used = (size_t)snprintf(text, size, "threshold %s: %s",
                            json_text_of(outcome, "text"),
                            json_true_of(outcome, "met") ? "met" : "NOT MET");
    json_array_foreach (missed, i, cell) {
        double value = json_figure_of(cell, "value");

        if (isnan(value))
            snprintf(shown, sizeof shown, "no figure");
        else if (metric)
            metric_format(metric, value, shown, sizeof shown);
        else
            snprintf(shown, sizeof shown, "%.3g %% errors", 100 * value);
        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s %s",
                                     i == 0 ? " (" : ", ",
                                     json_text_of(cell, "model"), shown);
    }
    if (json_array_size(missed) > 0 && used < size)
        snprintf(text + used, size - used, ")");
    return text;
}

int threshold_stored(const json_t *outcomes,
                     struct threshold thresholds[THRESHOLDS_MAX])
{
    const json_t *one;
    char why[256];
    int count = 0;
    size_t i;

    json_array_foreach (outcomes, i, one) {
        if (count < THRESHOLDS_MAX &&
            threshold_parse(json_text_of(one, "text"), &thresholds[count], why,
                            sizeof why) == 0)
            thresholds[count++].model = json_string_of(one, "model");
    }
    return count;
}

int threshold_judge(const struct threshold *thresholds, int count,
                    const json_t *run, const json_t *trials, json_t *outcomes,
                    void (*say)(const char *line, void *context), void *context)
{
    int failed = 0;

    for (int i = 0; i < count; i++) {
        struct judging judging = {.threshold = &thresholds[i],
                                  .run = run,
                                  .trials = trials,
                                  .missed = json_array(),
                                  .say = say,
                                  .context = context};

        judging.file = open_memstream(&judging.details, &judging.size);
        if (!judging.file)
            return count;
        summary_each_point(run, visit, &judging);
        fclose(judging.file);
        say_lines(&judging);
        bool met = judging.failed == 0 && judging.cells > 0;
        failed += !met;
        if (outcomes)
            json_array_append_new(outcomes, outcome(&judging, met));
        json_decref(judging.missed);
        free(judging.details);
    }
    return failed;
}
