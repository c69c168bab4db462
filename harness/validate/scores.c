/* SPDX-License-Identifier: MIT */
#include "scores.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/conformal.h"
#include "harness/arithmetic/statistics.h"
#include "harness/base/json.h"

static const double COVER = 0.9;

/* Where a row has no band, an error beyond this is explained. */
static const double MISS = 0.12;

/* Of judged rows of the quantity and percentile, of other services than this. A
 * p90, where there were too few requests for a p99, errs in its own way. */
static int gather(const struct rows *rows, const struct row *of,
                  bool discipline, double *errors)
{
    int n = 0;

    for (int i = 0; i < rows->count; i++) {
        const struct row *row = &rows->rows[i];
        if (row->judged && row->quantity == of->quantity &&
            row->percentile == of->percentile &&
            row->question->service != of->question->service &&
            (!discipline || row->question->model->discipline ==
                                of->question->model->discipline))
            errors[n++] = fabs(rows_residual(row));
    }
    return n;
}

/* The bands that the other services give, as predict would have had them. */
static void set_bands(struct rows *rows, double *errors)
{
    for (int i = 0; i < rows->count; i++) {
        struct row *row = &rows->rows[i];
        if (!row->judged)
            continue;
        int n = gather(rows, row, true, errors);
        if (n < CONFORMAL_LEAST)
            n = gather(rows, row, false, errors);
        row->band = exp(conformal_bound(errors, n, COVER));
        double allowed = isfinite(row->band) ? log(row->band) : log1p(MISS);
        row->miss = fabs(rows_residual(row)) > allowed;
        if (row->miss)
            rows_explain(row);
    }
}

static double median_of(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, statistics_ascending);
    return values[n / 2];
}

/* Of rows for which `chosen` holds. */
static struct errors
errors_of(const struct rows *rows, enum quantity quantity, const char *by,
          const char *group, double *values,
          bool (*chosen)(const struct row *, const char *, const char *))
{
    struct errors e = {0, NAN, NAN, NAN, NAN, NAN, NAN};
    int near = 0, with_cpu = 0, near_with_cpu = 0, banded = 0, covered = 0;

    for (int i = 0; i < rows->count; i++) {
        const struct row *row = &rows->rows[i];
        if (!row->judged || row->quantity != quantity ||
            !chosen(row, by, group))
            continue;
        double residual = fabs(rows_residual(row));
        values[e.n++] = row->forecast / row->measured - 1;
        near += residual <= log(SCORES_NEAR);
        with_cpu += isfinite(row->with_cpu);
        near_with_cpu +=
            fabs(log(row->measured / row->with_cpu)) <= log(SCORES_NEAR);
        banded += isfinite(row->band);
        covered += isfinite(row->band) && residual <= log(row->band);
    }
    if (e.n == 0)
        return e;
    e.bias = median_of(values, e.n);
    for (int i = 0; i < e.n; i++)
        values[i] = fabs(values[i]);
    e.median = median_of(values, e.n);
    e.p90 = values[(int)ceil(0.9 * e.n) - 1];
    e.within = (double)near / e.n;
    if (with_cpu > 0)
        e.within_with_cpu = (double)near_with_cpu / with_cpu;
    if (banded > 0)
        e.covered = (double)covered / banded;
    return e;
}

static const char *load_group(const struct row *row)
{
    double load = row->question->forecast.load;

    if (!row->question->open)
        return "closed loop";
    return load < 0.6 ? "under 0.6" : load < 0.8 ? "0.6 to 0.8" : "over 0.8";
}

static bool is_chosen(const struct row *row, const char *by, const char *group)
{
    const struct model_constants *model = row->question->model;

    if (!strcmp(by, "model"))
        return !strcmp(model->name, group);
    if (!strcmp(by, "discipline"))
        return !strcmp(discipline_name(model->discipline), group);
    if (!strcmp(by, "load"))
        return !strcmp(load_group(row), group);
    return true;
}

static void add_score(struct scores *scores, const struct rows *rows,
                      enum quantity quantity, const char *by, const char *group,
                      double *values)
{
    if (scores->score_count == SCORES_MAX)
        return;
    struct score *score = &scores->scores[scores->score_count];
    *score = (struct score){.quantity = quantity, .by = by};
    snprintf(score->group, sizeof score->group, "%s", group);
    score->errors = errors_of(rows, quantity, by, group, values, is_chosen);
    scores->score_count += score->errors.n > 0 || !strcmp(by, "all");
}

static void add_scores(struct scores *scores, const struct questions *questions,
                       const struct rows *rows, double *values)
{
    static const char *const loads[] = {"closed loop", "under 0.6",
                                        "0.6 to 0.8", "over 0.8"};

    for (int q = 0; q < QUANTITIES; q++) {
        add_score(scores, rows, q, "all", "all", values);
        for (int m = 0; m < questions->model_count; m++)
            add_score(scores, rows, q, "model", questions->models[m]->name,
                      values);
        for (int d = 0; d < DISCIPLINES; d++)
            add_score(scores, rows, q, "discipline", discipline_name(d),
                      values);
        for (size_t l = 0; l < sizeof loads / sizeof *loads; l++)
            add_score(scores, rows, q, "load", loads[l], values);
    }
}

int scores_make(const struct questions *questions, struct rows *rows,
                struct scores *scores)
{
    double *values = calloc((size_t)rows->count + 1, sizeof *values);

    *scores = (struct scores){0};
    if (!values)
        return -ENOMEM;
    set_bands(rows, values);
    add_scores(scores, questions, rows, values);
    free(values);
    return 0;
}

const struct score *scores_find(const struct scores *scores,
                                enum quantity quantity, const char *by,
                                const char *group)
{
    for (int i = 0; i < scores->score_count; i++)
        if (scores->scores[i].quantity == quantity &&
            !strcmp(scores->scores[i].by, by) &&
            !strcmp(scores->scores[i].group, group))
            return &scores->scores[i];
    return NULL;
}

json_t *scores_json(const struct scores *scores)
{
    json_t *list = json_array();

    for (int i = 0; i < scores->score_count; i++) {
        const struct score *score = &scores->scores[i];
        const struct errors *e = &score->errors;
        bool latency = score->quantity >= QUANTITY_P50;
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o}",
                      "quantity", quantity_name(score->quantity), "by",
                      score->by, "group", score->group, "n", e->n, "median",
                      json_finite(e->median), "p90", json_finite(e->p90),
                      "bias", json_finite(e->bias), "within",
                      json_finite_if(e->within, latency), "within_with_cpu",
                      json_finite_if(e->within_with_cpu, latency), "covered",
                      json_finite(e->covered)));
    }
    return list;
}
