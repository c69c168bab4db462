/* SPDX-License-Identifier: MIT
 *
 * The trials of a block are spread over its load points in random order, so
 * that two load points of a block are as good a pair as two models.
 */
#include "across.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/base/statistics.h"
#include "harness/figures/metric.h"
#include "sample.h"
#include "summary.h"

struct across {
    json_t *rows;
    const json_t *trials;
    struct sample a, b, pair_a, pair_b;
};

static void add_row(struct across *work, const struct metric *metric)
{
    struct sample *a = &work->pair_a, *b = &work->pair_b;
    int n = sample_pair(&work->a, &work->b, metric, a, b);
    struct estimate ratio = {0};
    json_t *ids, *more;
    const char *by;

    if (n == 0)
        return;
    statistics_ratio(a->values, b->values, n, &ratio);
    ids = sample_ids(a);
    more = sample_ids(b);
    json_array_extend(ids, more);
    json_decref(more);
    by = sample_bound(&work->a, metric);
    by = by != NULL ? by : sample_bound(&work->b, metric);
    json_array_append_new(
        work->rows,
        json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:i, s:f, s:o, s:o, s:b, s:o, s:o}",
            "experiment", work->a.experiment, "metric", metric->name, "model",
            work->a.model, "load_point", work->a.load_point, "base",
            work->b.load_point, "n", n, "ratio", ratio.value, "lo",
            json_finite_if(ratio.lo, n > 1), "hi",
            json_finite_if(ratio.hi, n > 1), "generator_bound", by != NULL,
            "bound_by", by != NULL ? json_string(by) : json_null(), "trials",
            ids));
}

static int visit_point(const json_t *experiment, const json_t *point,
                       void *context)
{
    struct across *work = context;
    const char *base = json_text_of(experiment, "base");
    const json_t *model;
    size_t i;

    if (base[0] == '\0' || !strcmp(base, json_text_of(point, "id")))
        return 0;
    work->a.experiment = work->b.experiment = json_text_of(experiment, "name");
    work->a.load_point = json_text_of(point, "id");
    work->b.load_point = base;
    json_array_foreach (json_object_get(point, "models"), i, model) {
        work->a.model = work->b.model = json_string_value(model);
        sample_gather(work->trials, &work->a);
        sample_gather(work->trials, &work->b);
        for (const struct metric *m = metrics; m->name != NULL; m++)
            if (metric_applies(m, point))
                add_row(work, m);
    }
    return 0;
}

int across_make(json_t *run, const json_t *trials)
{
    struct across work = {.trials = trials};
    struct sample *samples[] = {&work.a, &work.b, &work.pair_a, &work.pair_b};
    int result = 0;

    for (int i = 0; i < 4; i++)
        if (sample_init(samples[i], json_array_size(trials)) < 0)
            result = -ENOMEM;
    if (result == 0) {
        work.rows = json_array();
        json_object_set_new(run, "across", work.rows);
        result = summary_each_point(run, visit_point, &work);
    }
    for (int i = 0; i < 4; i++)
        sample_free(samples[i]);
    return result;
}
