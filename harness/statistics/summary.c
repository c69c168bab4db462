/* SPDX-License-Identifier: MIT
 *
 * A row for each load point, model and metric, and a comparison, paired by
 * block, for each load point, metric and pair of contenders. Only valid trials
 * that do not withhold the metric are used. If one of them lacks the metric,
 * the cell has no figure, because the remaining blocks would be a biased
 * sample. Verdicts come last: they need the noise floor, and the p-values of
 * all comparisons of the experiment.
 */
#include "summary.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "harness/arithmetic/signed_rank.h"
#include "harness/arithmetic/statistics.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "margin.h"
#include "sample.h"
#include "summary_rows.h"

static json_t *row_of(struct sample *cell, const struct metric *metric)
{
    char why[256];
    bool lower_bound;
    struct estimate estimate = {0};
    bool given = sample_values(cell, metric, why, sizeof why);
    bool interval = given && cell->count > 1;
    const char *by = given ? sample_bound(cell, metric) : NULL;
    double error_share = sample_error_share(cell, metric, &lower_bound);

    if (given)
        statistics_level(cell->values, cell->count, &estimate);
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, "
        "s:i, s:b, s:o, s:o, s:o}",
        "experiment", cell->experiment, "load_point", cell->load_point, "model",
        cell->model, "metric", metric->name, "higher_is_better",
        metric->higher_is_better, "n", given ? cell->count : 0, "value",
        json_finite_if(estimate.value, given), "lo",
        json_finite_if(estimate.lo, interval), "hi",
        json_finite_if(estimate.hi, interval), "min",
        json_finite_if(estimate.min, given), "max",
        json_finite_if(estimate.max, given), "log_sd",
        json_finite_if(estimate.log_sd, interval), "invalid", cell->invalid,
        "withheld", cell->withheld, "generator_bound", by != NULL, "bound_by",
        by ? json_string(by) : json_null(), "why",
        given ? json_null() : json_text(why), "trials", sample_ids(cell));
    if (given && error_share > 0) {
        json_object_set_new(row, "error_share", json_real(error_share));
        json_object_set_new(row, "lower_bound", json_boolean(lower_bound));
    }
    return row;
}

struct work {
    json_t *run;
    struct samples samples;
    struct comparison *comparisons; /* which wait for their verdicts */
    size_t count;
    bool out_of_memory;
};

/* A difference within the error of the figures is none, and if a part of a
 * figure is missing, no difference can be judged. */
static void add_error(struct work *work, struct comparison *comparison)
{
    double a = sample_error_share(&work->samples.a, comparison->metric,
                                  &comparison->lower_a);
    double b = sample_error_share(&work->samples.b, comparison->metric,
                                  &comparison->lower_b);

    comparison->margin = fmax(comparison->margin, fmax(a, b));
    if (comparison->lower_a || comparison->lower_b)
        comparison->bound_a = comparison->bound_b = COMPARISON_ESTIMATE;
}

static struct comparison *add_comparison(struct work *work)
{
    struct comparison *more =
        realloc(work->comparisons, (work->count + 1) * sizeof *more);

    if (!more) {
        work->out_of_memory = true;
        return NULL;
    }
    work->comparisons = more;
    return &work->comparisons[work->count++];
}

static void compare(struct work *work, const struct metric *metric)
{
    struct samples *samples = &work->samples;
    struct sample *a = &samples->pair_a, *b = &samples->pair_b;
    int n = samples_pair(samples, metric);
    struct comparison *comparison = n > 0 ? add_comparison(work) : NULL;

    if (!comparison)
        return;
    *comparison = (struct comparison){
        .experiment = samples->a.experiment,
        .load_point = samples->a.load_point,
        .metric = metric,
        .a = samples->a.model,
        .b = samples->b.model,
        .margin = margin_of(work->run, samples->experiment, metric),
        .primary = margin_is_primary(metric),
        .p_holm = NAN,
        .bound_a = sample_bound(&samples->a, metric),
        .bound_b = sample_bound(&samples->b, metric),
        .pairs = a->pairs,
        .signed_rank_p = signed_rank_p(a->values, b->values, n),
        .invalid_share = fmax(sample_left_out(&samples->a, metric),
                              sample_left_out(&samples->b, metric)),
        .trials = samples_ids(samples)};
    add_error(work, comparison);
    statistics_ratio(a->values, b->values, n, &comparison->ratio);
    signed_rank_ratio(a->values, b->values, n, &comparison->rank);
}

static int judge(struct work *work)
{
    json_t *list = json_object_get(work->run, "comparisons");
    int result = work->out_of_memory ? -ENOMEM : 0;
    const json_t *experiment;
    size_t i;
    json_array_foreach (json_object_get(work->run, "experiments"), i,
                        experiment) {
        if (comparison_correct(work->comparisons, work->count,
                               sizeof *work->comparisons,
                               json_text_of(experiment, "name")) < 0)
            result = -ENOMEM;
    }
    for (i = 0; i < work->count; i++)
        json_array_append_new(list, comparison_json(&work->comparisons[i]));
    free(work->comparisons);
    return result;
}

static void add_rows(void *context)
{
    struct work *work = context;

    for (const struct metric *m = metrics; m->name; m++)
        if (metric_applies(m, work->samples.point))
            json_array_append_new(json_object_get(work->run, "summary"),
                                  row_of(&work->samples.a, m));
}

static void compare_all(void *context)
{
    struct work *work = context;

    for (const struct metric *m = metrics; m->name; m++)
        if (metric_applies(m, work->samples.point))
            compare(work, m);
}

static int visit_point(const json_t *experiment, const json_t *point,
                       void *context)
{
    struct work *work = context;

    samples_at(&work->samples, experiment, point);
    samples_each(&work->samples, add_rows, compare_all, work);
    return 0;
}

/* Whether any contender has the figure. */
static bool told(const json_t *run, const json_t *experiment,
                 const json_t *point, const char *metric)
{
    const json_t *name, *row;
    size_t i;
    json_array_foreach (json_object_get(point, "models"), i, name) {
        const char *model = json_string_value(name);

        row = summary_row(run, json_text_of(experiment, "name"),
                          json_text_of(point, "id"), model, metric);
        if (json_is_number(json_object_get(row, "value")) &&
            !summary_is_yardstick(run, model))
            return true;
    }
    return false;
}

/* An open loop offers all models an equal rate, so latency decides: the highest
 * percentile that any contender has. */
static const char *latency_headline(const json_t *run, const json_t *experiment,
                                    const json_t *point)
{
    static const char *const names[] = {"latency_p99_ns", "latency_p50_ns",
                                        "latency_mean_ns"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (told(run, experiment, point, names[i]))
            return names[i];
    return names[0];
}

/* The headline that the experiment asks for, if the load point can have it: it
 * was fixed before anything was measured and stays even if nobody has the
 * figure. Otherwise the kind of load decides: beside a second load, or among
 * heavy requests, the headline is the latency of the requests that suffer. */
static const char *choose(const json_t *run, const json_t *experiment,
                          const json_t *point)
{
    const struct metric *asked =
        metric_find(json_text_of(experiment, "headline"));
    const char *mode = json_text_of(json_object_get(point, "load"), "mode");

    if (asked && metric_applies(asked, point))
        return asked->name;
    if (!strcmp(mode, "search"))
        return "capacity_per_s";
    if (json_is_object(json_object_get(point, "beside")))
        return "beside_p99_ns";
    if (!strcmp(mode, "idle"))
        return "memory_per_idle_connection_bytes";
    if (json_true_of(point, "classes") &&
        told(run, experiment, point, "latency_light_p99_ns"))
        return "latency_light_p99_ns";
    if (!strcmp(mode, "open") || !strcmp(mode, "soak"))
        return latency_headline(run, experiment, point);
    return "throughput_per_s";
}

void summary_headlines(json_t *run)
{
    const json_t *experiment;
    json_t *point;
    size_t i, j;
    json_array_foreach (json_object_get(run, "experiments"), i, experiment)
        json_array_foreach (json_object_get(experiment, "load_points"), j,
                            point)
            json_object_set_new(point, "headline",
                                json_string(choose(run, experiment, point)));
}

struct lost {
    const json_t *run;
    int count;
};

/* Counts the models that have no headline figure because gates withhold it from
 * every trial. */
static int count_lost(const json_t *experiment, const json_t *point,
                      void *context)
{
    struct lost *lost = context;
    const json_t *model;
    size_t i;
    json_array_foreach (json_object_get(point, "models"), i, model) {
        const json_t *row =
            summary_row(lost->run, json_text_of(experiment, "name"),
                        json_text_of(point, "id"), json_string_value(model),
                        json_text_of(point, "headline"));

        lost->count += json_is_null(json_object_get(row, "value")) &&
                       json_integer_of(row, "withheld") > 0;
    }
    return 0;
}

static void count(json_t *run, const json_t *trials)
{
    struct lost lost = {.run = run};
    size_t planned = json_array_size(json_object_get(run, "plan"));
    int valid = 0, withheld = 0, bounded = 0;
    json_int_t retried = 0;
    const json_t *trial;
    size_t i;
    json_array_foreach (trials, i, trial) {
        valid += json_true_of(trial, "valid");
        withheld += json_array_size(json_object_get(trial, "withheld")) > 0;
        bounded += figures_bound(trial, FIGURES_ALL) != NULL;
        json_int_t attempt = json_integer_of(trial, "attempt");
        retried += attempt > 1 ? attempt - 1 : 0;
    }
    summary_each_point(run, count_lost, &lost);
    json_object_set_new(
        run, "tally",
        json_pack("{s:i, s:i, s:i, s:i, s:I, s:i, s:i, s:i}", "planned",
                  (int)planned, "done", (int)json_array_size(trials), "valid",
                  valid, "invalid", (int)json_array_size(trials) - valid,
                  "retried", retried, "withheld", withheld, "bounded", bounded,
                  "lost", lost.count));
}

/* The difference between repeated trials of a cell: the median, over cells, of
 * the standard deviation of log throughput. */
static void add_noise(json_t *run)
{
    json_t *rows = json_object_get(run, "summary");
    double *sds = calloc(json_array_size(rows) + 1, sizeof *sds);
    size_t n = 0;
    json_t *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_t *sd = json_object_get(row, "log_sd");

        if (sds && json_text_is(row, "metric", "throughput_per_s") &&
            json_is_real(sd))
            sds[n++] = json_real_value(sd);
    }
    if (n > 0)
        qsort(sds, n, sizeof *sds, statistics_ascending);
    json_object_set_new(
        run, "noise",
        json_pack("{s:i, s:o}", "cells", (int)n, "throughput_log_sd_median",
                  json_finite_if(n > 0 ? sds[n / 2] : 0, n > 0)));
    free(sds);
}

int summary_make(json_t *run, const json_t *trials)
{
    struct work work = {.run = run};
    int result = margin_floor_make(run, trials);

    if (samples_init(&work.samples, run, trials) < 0)
        result = -ENOMEM;
    if (result == 0) {
        json_object_set_new(run, "summary", json_array());
        json_object_set_new(run, "comparisons", json_array());
        summary_each_point(run, visit_point, &work);
        result = judge(&work);
        summary_headlines(run);
        add_noise(run);
        count(run, trials);
    }
    samples_free(&work.samples);
    return result;
}

char *summary_csv(const json_t *trials)
{
    size_t size;
    char *text = NULL;
    FILE *file = open_memstream(&text, &size);

    if (!file)
        return NULL;
    fputs("experiment,load_point,model,metric,block,trial,value,valid\n", file);
    const json_t *trial;
    char why[256];
    size_t i;
    json_array_foreach (trials, i, trial) {
        bool valid = json_true_of(trial, "valid");
        const char *words;

        for (const struct metric *m = metrics; m->name; m++) {
            double value = metric_applies(m, trial)
                               ? m->value(m, trial, why, sizeof why)
                               : NAN;

            if (!isfinite(value))
                continue;
            fprintf(file, "%s,%s,%s,%s,%lld,%s,%.9g,%s\n",
                    json_text_of(trial, "experiment"),
                    json_text_of(trial, "load_point"),
                    json_text_of(json_object_get(trial, "cell"), "model"),
                    m->name, (long long)json_integer_of(trial, "block"),
                    json_text_of(trial, "trial_id"), value,
                    valid && !figures_withheld(trial, m->figure, true, &words)
                        ? "true"
                        : "false");
        }
    }
    return fclose(file) == 0 ? text : NULL;
}
