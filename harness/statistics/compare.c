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

/* Whether the work, the load and the CPUs are equal. */
static bool alike(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"workload",  "query",          "load",
                                       "placement", "workers",        "beside",
                                       "settings",  "backend_workers"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const json_t *of_a = json_object_get(a, keys[i]),
                     *of_b = json_object_get(b, keys[i]);

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

static double invalid_share(const json_t *row)
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
                       .invalid_share =
                           fmax(invalid_share(row_a), invalid_share(row_b))},
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
        if (point && !alike(point, point_of(b, experiment, id))) {
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

static void print_row(const struct compare_row *row, FILE *file)
{
    const struct estimate *ratio = &row->comparison.ratio;
    const char *name = row->comparison.metric->name;
    char plain_a[32], a[40];
    snprintf(a, sizeof a, "%s%s", metric_mark(row->row_a),
             metric_format(name, row->a, plain_a, sizeof plain_a));
    char plain_b[32], b[40];
    snprintf(b, sizeof b, "%s%s", metric_mark(row->row_b),
             metric_format(name, row->b, plain_b, sizeof plain_b));
    char r[32];
    comparison_ratio_format(ratio->value, r, sizeof r);
    char range[80];
    comparison_range_format(ratio->lo, ratio->hi, range, sizeof range);
    char phrase[256];
    comparison_phrase(&row->comparison, "blocks in each run", phrase,
                      sizeof phrase);
    fprintf(file, "  %-22s %-16s %10s %10s  ", row->model,
            row->comparison.metric->words, a, b);
    if (ratio->n < 2)
        fprintf(file, "B/A %s: %s\n", r, phrase);
    else
        fprintf(file, "B/A %s %s: %s\n", r, range, phrase);
}

void compare_print(const struct compare *compare, FILE *file)
{
    const char *experiment = "", *point = "";

    for (size_t i = 0; i < compare->count; i++) {
        const struct compare_row *row = &compare->rows[i];

        if (strcmp(experiment, row->comparison.experiment) != 0 ||
            strcmp(point, row->comparison.load_point) != 0)
            fprintf(file, "%s: %s\n", row->comparison.experiment,
                    row->comparison.load_point);
        experiment = row->comparison.experiment;
        point = row->comparison.load_point;
        print_row(row, file);
    }
    if (compare->lost > 0)
        fprintf(file, "%d figures of A are missing in B\n", compare->lost);
    if (compare->only > 0)
        fprintf(file, "%d figures are in B only\n", compare->only);
    if (compare->unlike > 0)
        fprintf(file,
                "%d load points of the same name differ in work, load, "
                "workers, flags, backend or placement, and are not compared\n",
                compare->unlike);
}

int compare_regressions(const struct compare *compare, double share, FILE *file)
{
    int tested = 0, worse = 0, unknown = 0, bounds = 0;

    for (size_t i = 0; i < compare->count; i++) {
        const struct compare_row *row = &compare->rows[i];
        struct comparison comparison = row->comparison;
        double limit = comparison.metric->higher_is_better
                           ? row->comparison.ratio.lo
                           : 1 / row->comparison.ratio.hi;

        if (!comparison.primary)
            continue;
        tested++;
        comparison.margin = share;
        bool judged =
            row->comparison.ratio.n >= 2 && !comparison_blocked(&comparison);
        if (!judged || comparison_verdict(&comparison) == VERDICT_WORSE) {
            worse++;
            fprintf(file, "%s: %s %s, beyond %.3g %%:\n",
                    judged ? "regression" : "cannot be judged",
                    comparison.experiment, comparison.load_point, 100 * share);
            print_row(row, file);
        } else if (comparison_barred(&comparison)) {
            bounds++;
        } else {
            unknown += limit < 1 / (1 + share);
        }
    }
    tested += compare->lost;
    worse += compare->lost;
    if (compare->lost > 0)
        fprintf(file, "lost in B: %d figures that A has\n", compare->lost);
    fprintf(file, "max-regression %.3g %%: %s in %d of %d figures", 100 * share,
            worse > 0 ? "NOT MET" : "met",
            worse > 0 ? worse : tested - unknown - bounds, tested);
    if (unknown > 0)
        fprintf(file, "; %d are too noisy to exclude one: run more blocks",
                unknown);
    if (bounds > 0)
        fprintf(file,
                "; %d are only bounds, because the server was not the limit, "
                "and cannot show one",
                bounds);
    fputc('\n', file);
    return worse;
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
