/* SPDX-License-Identifier: MIT
 *
 * Per load point, model and metric one row; per load point, metric and pair of
 * contenders one comparison, paired by block. Only valid trials take part; a
 * metric that one valid trial of the cell cannot give is not given at all,
 * since the blocks that do give it are no random choice.
 */
#include "summary.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "metric.h"
#include "statistics.h"
#include "trial_json.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static bool is(const json_t *object, const char *key, const char *value)
{
    return !strcmp(text_of(object, key), value);
}

/* The trials of one cell, in the order of blocks; borrowed references. */
struct cell {
    const char *experiment, *load_point, *model;
    const json_t **trials;
    int count, invalid;
    const char *reason; /* of an invalid one, or NULL */
};

static bool of_cell(const json_t *trial, const struct cell *cell)
{
    return is(trial, "experiment", cell->experiment) &&
           is(trial, "load_point", cell->load_point) &&
           is(json_object_get(trial, "cell"), "model", cell->model);
}

static json_int_t block_of(const json_t *trial)
{
    return json_integer_value(json_object_get(trial, "block"));
}

static int by_block(const void *left, const void *right)
{
    json_int_t a = block_of(*(const json_t *const *)left);
    json_int_t b = block_of(*(const json_t *const *)right);

    return (a > b) - (a < b);
}

/* Fills trials (valid ones) and counts. */
static void gather(const json_t *trials, struct cell *cell)
{
    const json_t *trial;
    size_t i;

    cell->count = cell->invalid = 0;
    cell->reason = NULL;
    json_array_foreach(trials, i, trial)
    {
        if (!of_cell(trial, cell))
            continue;
        if (json_is_true(json_object_get(trial, "valid")))
            cell->trials[cell->count++] = trial;
        else {
            cell->invalid++;
            cell->reason = text_of(trial, "reason");
        }
    }
    qsort(cell->trials, (size_t)cell->count, sizeof(*cell->trials), by_block);
}

/* Values of the metric for all valid trials; false (with why) when one of
 * them has none. */
static bool values_of(const struct cell *cell, const struct metric *metric,
                      double *values, char *why, size_t size)
{
    why[0] = '\0';
    if (cell->count == 0) {
        snprintf(why, size, "%s%.200s",
                 cell->invalid > 0 ? "no valid trial: " : "not measured",
                 cell->invalid > 0 ? cell->reason : "");
        return false;
    }
    for (int i = 0; i < cell->count; i++) {
        values[i] = metric->value(cell->trials[i], why, size);
        if (isfinite(values[i]) && values[i] > 0)
            continue;
        if (why[0] == '\0')
            snprintf(why, size, "a trial does not give it");
        return false;
    }
    return true;
}

static json_t *real_or_null(double value, bool known)
{
    return known && isfinite(value) ? json_real(value) : json_null();
}

static json_t *ids_of(const struct cell *cell)
{
    json_t *list = json_array();

    for (int i = 0; i < cell->count; i++)
        json_array_append_new(
            list, json_string(text_of(cell->trials[i], "trial_id")));
    return list;
}

static json_t *row_of(const struct cell *cell, const struct metric *metric,
                      double *values)
{
    struct estimate estimate = {0};
    char why[256];
    bool given = values_of(cell, metric, values, why, sizeof(why));
    bool interval = given && cell->count > 1;

    if (given)
        statistics_level(values, cell->count, &estimate);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:i, "
        "s:o, s:o}",
        "experiment", cell->experiment, "load_point", cell->load_point, "model",
        cell->model, "metric", metric->name, "higher_is_better",
        metric->higher_is_better, "n", given ? cell->count : 0, "value",
        real_or_null(estimate.value, given), "lo",
        real_or_null(estimate.lo, interval), "hi",
        real_or_null(estimate.hi, interval), "min",
        real_or_null(estimate.min, given), "max",
        real_or_null(estimate.max, given), "log_sd",
        real_or_null(estimate.log_sd, interval), "invalid", cell->invalid,
        "why", given ? json_null() : json_text(why), "trials", ids_of(cell));
}

/* Trials that both models have, block by block, into a and b. */
static int pair_blocks(const struct cell *a, const struct cell *b,
                       struct cell *pair_a, struct cell *pair_b)
{
    int n = 0;

    for (int i = 0, j = 0; i < a->count && j < b->count;) {
        json_int_t x = block_of(a->trials[i]), y = block_of(b->trials[j]);

        if (x == y) {
            pair_a->trials[n] = a->trials[i];
            pair_b->trials[n++] = b->trials[j];
        }
        i += x <= y;
        j += y <= x;
    }
    pair_a->count = pair_b->count = n;
    return n;
}

/* What summarising one load point needs; room for all trials in each list. */
struct work {
    json_t *run;
    const json_t *trials;
    struct cell a, b, pair_a, pair_b;
    double *values_a, *values_b;
};

static double invalid_share(const struct cell *cell)
{
    int all = cell->count + cell->invalid;

    return all > 0 ? (double)cell->invalid / all : 0;
}

static void compare(struct work *work, const struct metric *metric,
                    double margin)
{
    struct estimate ratio;
    struct comparison comparison = {
        .experiment = work->a.experiment,
        .load_point = work->a.load_point,
        .metric = metric,
        .a = work->a.model,
        .b = work->b.model,
        .margin = margin,
        .ratio = &ratio,
        .signed_rank_p = NAN,
        .invalid_share =
            fmax(invalid_share(&work->a), invalid_share(&work->b))};
    char why[256];
    json_t *row, *ids;
    int n;

    /* Given for the whole cell or not at all, as in the summary. */
    if (!values_of(&work->a, metric, work->values_a, why, sizeof(why)) ||
        !values_of(&work->b, metric, work->values_b, why, sizeof(why)))
        return;
    n = pair_blocks(&work->a, &work->b, &work->pair_a, &work->pair_b);
    if (n == 0)
        return;
    values_of(&work->pair_a, metric, work->values_a, why, sizeof(why));
    values_of(&work->pair_b, metric, work->values_b, why, sizeof(why));
    statistics_ratio(work->values_a, work->values_b, n, &ratio);
    comparison.signed_rank_p =
        statistics_signed_rank_p(work->values_a, work->values_b, n);
    row = comparison_json(&comparison);
    ids = ids_of(&work->pair_a);
    json_t *more = ids_of(&work->pair_b);
    json_array_extend(ids, more);
    json_decref(more);
    json_object_set_new(row, "trials", ids);
    json_array_append_new(json_object_get(work->run, "comparisons"), row);
}

static bool is_contender(const json_t *run, const char *model)
{
    const json_t *info = json_object_get(json_object_get(run, "models"), model);

    return !json_is_true(json_object_get(info, "yardstick"));
}

static int visit_point(const json_t *experiment, const json_t *point,
                       void *context)
{
    struct work *work = context;
    const json_t *models = json_object_get(point, "models"), *a, *b;
    bool beside = json_is_object(json_object_get(point, "beside"));
    double margin = json_number_value(json_object_get(experiment, "margin"));
    size_t i, j;

    work->a.experiment = work->b.experiment = text_of(experiment, "name");
    work->a.load_point = work->b.load_point = text_of(point, "id");
    json_array_foreach(models, i, a)
    {
        work->a.model = json_string_value(a);
        gather(work->trials, &work->a);
        for (const struct metric *m = metrics; m->name != NULL; m++)
            if (!m->beside || beside)
                json_array_append_new(json_object_get(work->run, "summary"),
                                      row_of(&work->a, m, work->values_a));
        json_array_foreach(models, j, b)
        {
            work->b.model = json_string_value(b);
            if (j <= i || !is_contender(work->run, work->a.model) ||
                !is_contender(work->run, work->b.model))
                continue;
            gather(work->trials, &work->b);
            for (const struct metric *m = metrics; m->name != NULL; m++)
                if (!m->beside || beside)
                    compare(work, m, margin);
        }
    }
    return 0;
}

int summary_each_point(const json_t *run,
                       int (*visit)(const json_t *experiment,
                                    const json_t *point, void *context),
                       void *context)
{
    const json_t *experiment, *point;
    size_t i, j;

    json_array_foreach(json_object_get(run, "experiments"), i, experiment)
        json_array_foreach(json_object_get(experiment, "load_points"), j, point)
    {
        int result = visit(experiment, point, context);
        if (result != 0)
            return result;
    }
    return 0;
}

static void count(json_t *run, const json_t *trials)
{
    size_t planned = json_array_size(json_object_get(run, "plan"));
    const json_t *trial;
    int valid = 0, retried = 0, attempt;
    size_t i;

    json_array_foreach(trials, i, trial)
    {
        valid += json_is_true(json_object_get(trial, "valid"));
        attempt = (int)json_integer_value(json_object_get(trial, "attempt"));
        retried += attempt > 1 ? attempt - 1 : 0;
    }
    json_object_set_new(
        run, "tally",
        json_pack("{s:i, s:i, s:i, s:i, s:i}", "planned", (int)planned, "done",
                  (int)json_array_size(trials), "valid", valid, "invalid",
                  (int)json_array_size(trials) - valid, "retried", retried));
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* How much repeated trials of the same cell differ: the median, over cells, of
 * the standard deviation of log throughput. */
static void add_noise(json_t *run)
{
    json_t *rows = json_object_get(run, "summary"), *row;
    double *sds = calloc(json_array_size(rows) + 1, sizeof(*sds));
    size_t i, n = 0;

    json_array_foreach(rows, i, row)
    {
        json_t *sd = json_object_get(row, "log_sd");

        if (sds != NULL && is(row, "metric", "throughput_per_s") &&
            json_is_real(sd))
            sds[n++] = json_real_value(sd);
    }
    if (n > 0)
        qsort(sds, n, sizeof(*sds), by_value);
    json_object_set_new(run, "noise",
                        json_pack("{s:i, s:o}", "cells", (int)n,
                                  "throughput_log_sd_median",
                                  real_or_null(n > 0 ? sds[n / 2] : 0, n > 0)));
    free(sds);
}

int summary_make(json_t *run, const json_t *trials)
{
    size_t n = json_array_size(trials) + 1;
    struct work work = {.run = run, .trials = trials};
    struct cell *cells[] = {&work.a, &work.b, &work.pair_a, &work.pair_b};
    bool whole = true;

    for (int i = 0; i < 4; i++) {
        cells[i]->trials = calloc(n, sizeof(*cells[i]->trials));
        whole &= cells[i]->trials != NULL;
    }
    work.values_a = calloc(n, sizeof(double));
    work.values_b = calloc(n, sizeof(double));
    whole &= work.values_a != NULL && work.values_b != NULL;
    if (whole) {
        json_object_set_new(run, "summary", json_array());
        json_object_set_new(run, "comparisons", json_array());
        summary_each_point(run, visit_point, &work);
        add_noise(run);
        count(run, trials);
    }
    for (int i = 0; i < 4; i++)
        free(cells[i]->trials);
    free(work.values_a);
    free(work.values_b);
    return whole ? 0 : -ENOMEM;
}

char *summary_csv(const json_t *trials)
{
    const json_t *trial;
    char *text = NULL, why[256];
    size_t size, i;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fputs("experiment,load_point,model,metric,block,trial,value,valid\n", file);
    json_array_foreach(trials, i, trial)
    {
        bool beside = json_is_object(json_object_get(trial, "beside"));
        bool valid = json_is_true(json_object_get(trial, "valid"));

        for (const struct metric *m = metrics; m->name != NULL; m++) {
            double value =
                m->beside && !beside ? NAN : m->value(trial, why, sizeof(why));

            if (!isfinite(value))
                continue;
            fprintf(file, "%s,%s,%s,%s,%lld,%s,%.9g,%s\n",
                    text_of(trial, "experiment"), text_of(trial, "load_point"),
                    text_of(json_object_get(trial, "cell"), "model"), m->name,
                    (long long)block_of(trial), text_of(trial, "trial_id"),
                    value, valid ? "true" : "false");
        }
    }
    return fclose(file) == 0 ? text : NULL;
}

json_t *summary_row(const json_t *run, const char *experiment,
                    const char *load_point, const char *model,
                    const char *metric)
{
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(run, "summary"), i,
                       row) if (is(row, "experiment", experiment) &&
                                is(row, "load_point", load_point) &&
                                is(row, "model", model) &&
                                is(row, "metric", metric)) return row;
    return NULL;
}

json_t *summary_comparison(const json_t *run, const char *experiment,
                           const char *load_point, const char *metric,
                           const char *a, const char *b)
{
    json_t *row;
    size_t i;

    json_array_foreach(json_object_get(run, "comparisons"), i,
                       row) if (is(row, "experiment", experiment) &&
                                is(row, "load_point", load_point) &&
                                is(row, "metric", metric) && is(row, "a", a) &&
                                is(row, "b", b)) return row;
    return NULL;
}
