/* SPDX-License-Identifier: MIT
 *
 * Works on summaries alone: Welch's t needs no more than level, spread and
 * number of blocks. Holm's correction takes the primary metrics of all load
 * points as one family. The p99 of a second load is shown too, as exploratory.
 *
 * Load points of one run are compared in pairs: the trials of a block are
 * spread over its load points in random order, so two load points of a block
 * are as good a pair as two models.
 */
#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "margin.h"
#include "sample.h"
#include "summary_rows.h"

static const json_t *experiment_of(const json_t *run, const char *name)
{
    return json_row_of(json_object_get(run, "experiments"), "name", name);
}

static const json_t *point_of(const json_t *run, const char *experiment,
                              const char *id)
{
    return json_row_of(
        json_object_get(experiment_of(run, experiment), "load_points"), "id",
        id);
}

/* Null, an empty object, or a member that older results lack. */
static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* Of a load point: the work, the load and the CPUs. */
static const char *const work_keys[] = {
    "workload", "query",           "load",     "placement", "workers", "beside",
    "settings", "backend_workers", "cpu_quota"};

enum { WORK_KEYS = sizeof work_keys / sizeof work_keys[0] };

json_t *compare_work(const json_t *point)
{
    json_t *work = json_object();

    for (size_t i = 0; work && i < WORK_KEYS; i++)
        if (json_object_get(point, work_keys[i]))
            json_object_set(work, work_keys[i],
                            json_object_get(point, work_keys[i]));
    return work;
}

bool compare_alike(const json_t *a, const json_t *b)
{
    for (size_t i = 0; i < WORK_KEYS; i++) {
        const json_t *of_a = json_object_get(a, work_keys[i]),
                     *of_b = json_object_get(b, work_keys[i]);

        if (!json_equal(of_a, of_b) && !(is_nothing(of_a) && is_nothing(of_b)))
            return false;
    }
    return true;
}

static bool level_of(const json_t *row, struct estimate *level)
{
    const json_t *value = json_object_get(row, "value");

    *level = (struct estimate){.n = (int)json_integer_of(row, "n"),
                               .value = json_number_value(value),
                               .min = json_number_of(row, "min"),
                               .max = json_number_of(row, "max"),
                               .log_sd = json_number_of(row, "log_sd")};
    /* An unknown spread must not be taken for no spread. */
    if (!json_is_number(json_object_get(row, "log_sd")) && level->n > 1)
        level->n = 1;
    return json_is_number(value) && level->value > 0 && level->n > 0;
}

double compare_invalid_share(const json_t *row)
{
    double n = json_number_of(row, "n");
    double invalid =
        json_number_of(row, "invalid") + json_number_of(row, "withheld");

    return n + invalid > 0 ? invalid / (n + invalid) : 0;
}

static const char *bound(const json_t *row)
{
    const char *by = json_string_of(row, "bound_by");

    if (!by && json_true_of(row, "generator_bound"))
        return "generator"; /* results of older versions */
    return by;
}

static double margin_in(const json_t *run, const char *experiment,
                        const struct metric *metric)
{
    return margin_of(run, experiment_of(run, experiment), metric);
}

static double error_share(const json_t *row)
{
    return json_number_of(row, "error_share");
}

static int add_row(struct compare *compare, const json_t *row_a,
                   const json_t *row_b, const struct metric *metric)
{
    const char *experiment = json_text_of(row_b, "experiment");
    struct estimate a, b;
    if (!level_of(row_a, &a) || !level_of(row_b, &b)) {
        compare->lost += level_of(row_a, &a) && !level_of(row_b, &b);
        compare->only += !level_of(row_a, &a) && level_of(row_b, &b);
        return 0;
    }
    struct compare_row *more =
        realloc(compare->rows, (compare->count + 1) * sizeof *more);
    if (!more)
        return -ENOMEM;
    compare->rows = more;
    more = &compare->rows[compare->count++];
    *more = (struct compare_row){
        .comparison = {.experiment = experiment,
                       .load_point = json_text_of(row_b, "load_point"),
                       .metric = metric,
                       .a = "B",
                       .b = "A",
                       .margin =
                           fmax(fmax(margin_in(compare->a, experiment, metric),
                                     margin_in(compare->b, experiment, metric)),
                                fmax(error_share(row_a), error_share(row_b))),
                       .primary = margin_is_primary(metric),
                       .rank = {NAN, NAN, NAN},
                       .signed_rank_p = NAN,
                       .p_holm = NAN,
                       .bound_a = bound(row_b), /* B / A */
                       .bound_b = bound(row_a),
                       .invalid_share = fmax(compare_invalid_share(row_a),
                                             compare_invalid_share(row_b))},
        .row_a = row_a,
        .row_b = row_b,
        .model = json_text_of(row_b, "model"),
        .a = a.value,
        .b = b.value};
    /* B / A */
    more->comparison.lower_a = json_true_of(row_b, "lower_bound");
    more->comparison.lower_b = json_true_of(row_a, "lower_bound");
    if (more->comparison.lower_a || more->comparison.lower_b)
        more->comparison.bound_a = more->comparison.bound_b =
            COMPARISON_ESTIMATE;
    statistics_welch(&b, &a, &more->comparison.ratio);
    return 0;
}

static bool is_shown(const struct metric *metric)
{
    return metric && (margin_is_primary(metric) ||
                      !strcmp(metric->name, "beside_p99_ns"));
}

/* Counts figures of A that have no row at all in B, although B ran the
 * experiment. */
static void add_lost(struct compare *compare)
{
    const json_t *row_a;
    size_t i;
    json_array_foreach (json_object_get(compare->a, "summary"), i, row_a) {
        const char *experiment = json_text_of(row_a, "experiment");
        const char *id = json_text_of(row_a, "load_point");
        const char *name = json_text_of(row_a, "metric");
        struct estimate a;

        compare->lost += is_shown(metric_find(name)) && level_of(row_a, &a) &&
                         experiment_of(compare->b, experiment) &&
                         !summary_row(compare->b, experiment, id,
                                      json_text_of(row_a, "model"), name);
    }
}

int compare_make(const json_t *a, const json_t *b, struct compare *compare)
{
    const char *last = "";
    int result = 0;

    *compare = (struct compare){.a = a, .b = b};
    const json_t *row_b;
    size_t i;
    json_array_foreach (json_object_get(b, "summary"), i, row_b) {
        const char *experiment = json_text_of(row_b, "experiment");
        const char *id = json_text_of(row_b, "load_point");
        const struct metric *metric =
            metric_find(json_text_of(row_b, "metric"));
        const json_t *point = point_of(a, experiment, id);

        if (!is_shown(metric) || result < 0)
            continue;
        if (point && !compare_alike(point, point_of(b, experiment, id))) {
            compare->unlike += strcmp(last, id) != 0;
            last = id;
            continue;
        }
        result =
            add_row(compare,
                    summary_row(a, experiment, id, json_text_of(row_b, "model"),
                                metric->name),
                    row_b, metric);
    }
    add_lost(compare);
    if (result < 0)
        return result;
    return comparison_correct(compare->rows, compare->count,
                              sizeof *compare->rows, NULL);
}

void compare_free(struct compare *compare)
{
    free(compare->rows);
    *compare = (struct compare){0};
}

struct across {
    json_t *rows;
    struct samples samples;
};

static void add_ratio(struct across *work, const struct metric *metric)
{
    struct sample *a = &work->samples.a, *b = &work->samples.b;
    int n = samples_pair(&work->samples, metric);
    struct estimate ratio = {0};

    if (n == 0)
        return;
    statistics_ratio(work->samples.pair_a.values, work->samples.pair_b.values,
                     n, &ratio);
    const char *by = sample_bound(a, metric);
    by = by ? by : sample_bound(b, metric);
    json_array_append_new(
        work->rows,
        json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:i, s:f, s:o, s:o, s:b, s:s?, s:o}",
            "experiment", a->experiment, "metric", metric->name, "model",
            a->model, "load_point", a->load_point, "base", b->load_point, "n",
            n, "ratio", ratio.value, "lo", json_finite_if(ratio.lo, n > 1),
            "hi", json_finite_if(ratio.hi, n > 1), "generator_bound",
            by != NULL, "bound_by", by, "trials", samples_ids(&work->samples)));
}

static int visit_point(const json_t *experiment, const json_t *point,
                       void *context)
{
    struct across *work = context;
    struct sample *a = &work->samples.a, *b = &work->samples.b;
    const char *base = json_text_of(experiment, "base");

    if (base[0] == '\0' || !strcmp(base, json_text_of(point, "id")))
        return 0;
    samples_at(&work->samples, experiment, point);
    b->load_point = base;
    const json_t *model;
    size_t i;
    json_array_foreach (json_object_get(point, "models"), i, model) {
        a->model = b->model = json_string_value(model);
        sample_gather(work->samples.trials, a);
        sample_gather(work->samples.trials, b);
        for (const struct metric *m = metrics; m->name; m++)
            if (metric_applies(m, point))
                add_ratio(work, m);
    }
    return 0;
}

int compare_across(json_t *run, const json_t *trials)
{
    struct across work;
    int result = samples_init(&work.samples, run, trials);

    if (result == 0) {
        work.rows = json_array();
        json_object_set_new(run, "across", work.rows);
        result = summary_each_point(run, visit_point, &work);
    }
    samples_free(&work.samples);
    return result;
}
