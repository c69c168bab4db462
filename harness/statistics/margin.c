/* SPDX-License-Identifier: MIT
 *
 * Latencies have a margin of their own, because queueing alone moves a p99 by
 * more than a difference in throughput that matters.
 *
 * Each metric has one noise floor over the load points of its experiment, since
 * the noise of a latency says nothing about that of memory. The 95th percentile
 * is the nearest rank: with fewer than 20 load points, the largest difference.
 */
#include "margin.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison.h"
#include "harness/base/json.h"
#include "sample.h"

static const double MARGIN = 0.05, LATENCY_MARGIN = 0.1;

bool margin_is_primary(const struct metric *metric)
{
    static const char *const names[] = {"throughput_per_s", "capacity_per_s",
                                        "latency_p99_ns", "memory_total_bytes",
                                        "cpu_per_request_ns"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(metric->name, names[i]))
            return true;
    return false;
}

static bool is_latency(const struct metric *metric)
{
    return !strncmp(metric->name, "latency_", 8) ||
           !strncmp(metric->name, "beside_", 7);
}

/* The margin that the experiment (of run.json) declares for the metric. */
static double declared_margin(const json_t *experiment,
                              const struct metric *metric)
{
    bool latency = is_latency(metric);
    double margin =
        json_number_of(experiment, latency ? "latency_margin" : "margin");

    if (margin > 0)
        return margin;
    return latency ? LATENCY_MARGIN : MARGIN;
}

/* The share of pairs of the same binary that may be called different, and the
 * percentile that is the floor. */
static const double DIFFERENT_MAX = 0.1, QUANTILE = 0.95;

struct floor_work {
    const json_t *experiment;
    struct samples samples;
    json_t *cells; /* of the experiment */
    int different;
};

static void compare_copies(struct floor_work *work, const char *load_point,
                           const struct metric *metric)
{
    struct sample *a = &work->samples.pair_a, *b = &work->samples.pair_b;
    int n = samples_pair(&work->samples, metric);
    struct comparison comparison = {
        .metric = metric,
        .margin = declared_margin(work->experiment, metric),
        .p_holm = NAN};
    const struct estimate *ratio = &comparison.ratio;

    if (n < 2)
        return;
    statistics_ratio(a->values, b->values, n, &comparison.ratio);
    signed_rank_ratio(a->values, b->values, n, &comparison.rank);
    enum verdict verdict = comparison_verdict(&comparison);
    work->different += verdict == VERDICT_BETTER || verdict == VERDICT_WORSE;
    json_array_append_new(work->cells,
                          json_pack("{s:s, s:s, s:i, s:f, s:f, s:f, s:s}",
                                    "load_point", load_point, "metric",
                                    metric->name, "n", n, "ratio", ratio->value,
                                    "lo", ratio->lo, "hi", ratio->hi, "verdict",
                                    comparison_verdict_name(verdict)));
}

/* The 95th percentile of |ln ratio| as a share. */
static double floor_of(const json_t *cells, const char *metric, double *logs)
{
    size_t n = 0;
    const json_t *cell;
    size_t i;
    json_array_foreach (cells, i, cell) {
        if (json_text_is(cell, "metric", metric))
            logs[n++] = fabs(log(json_number_of(cell, "ratio")));
    }
    if (n == 0)
        return 0;
    qsort(logs, n, sizeof *logs, statistics_ascending);
    return expm1(logs[(size_t)ceil(QUANTILE * (double)n) - 1]);
}

static json_t *json_floors(const struct floor_work *work)
{
    double *logs = calloc(json_array_size(work->cells) + 1, sizeof *logs);
    json_t *floors = json_object();

    for (const struct metric *m = metrics; logs && m->name; m++) {
        double q = floor_of(work->cells, m->name, logs);
        double declared = declared_margin(work->experiment, m);

        if (q > 0)
            json_object_set_new(floors, m->name,
                                json_pack("{s:f, s:f, s:f}", "floor", q,
                                          "declared", declared, "margin",
                                          fmax(q, declared)));
    }
    free(logs);
    return floors;
}

/* The floors of one experiment from all load points that have the model and its
 * copy. */
static json_t *json_experiment(struct floor_work *work, const char *model)
{
    char copy[80];
    snprintf(copy, sizeof copy, "%.64s~", model);
    work->cells = json_array();
    work->different = 0;
    work->samples.a.model = model;
    work->samples.b.model = copy;
    const json_t *point;
    size_t i;
    json_array_foreach (json_object_get(work->experiment, "load_points"), i,
                        point) {
        samples_at(&work->samples, work->experiment, point);
        sample_gather(work->samples.trials, &work->samples.a);
        sample_gather(work->samples.trials, &work->samples.b);
        for (const struct metric *m = metrics; m->name; m++)
            if ((margin_is_primary(m) || m->scope == METRIC_BESIDE) &&
                metric_applies(m, point))
                compare_copies(work, work->samples.a.load_point, m);
    }
    return json_pack("{s:s, s:s, s:o, s:i, s:o}", "experiment",
                     json_text_of(work->experiment, "name"), "model", model,
                     "floors", json_floors(work), "different", work->different,
                     "cells", work->cells);
}

static void run_all(struct floor_work *work, json_t *run)
{
    json_t *list = json_array();
    size_t cells = 0;
    int different = 0;
    size_t i;
    json_array_foreach (json_object_get(run, "experiments"), i,
                        work->experiment) {
        json_t *row;
        size_t found;

        if (!json_true_of(work->experiment, "noise_floor"))
            continue;
        row = json_experiment(work, json_text_of(work->experiment, "baseline"));
        found = json_array_size(work->cells);
        cells += found;
        different += work->different;
        /* The flag --models can leave the baseline out. */
        if (found > 0)
            json_array_append(list, row);
        json_decref(row);
    }
    if (json_array_size(list) == 0) {
        json_decref(list);
        json_object_set_new(run, "noise_floor", json_null());
        return;
    }
    json_object_set_new(run, "noise_floor",
                        json_pack("{s:f, s:i, s:i, s:b, s:o}", "quantile",
                                  QUANTILE, "cells", (int)cells, "different",
                                  different, "ok",
                                  different <= DIFFERENT_MAX * (double)cells,
                                  "experiments", list));
}

int margin_floor_make(json_t *run, const json_t *trials)
{
    struct floor_work work;
    int result = samples_init(&work.samples, run, trials);

    if (result == 0)
        run_all(&work, run);
    samples_free(&work.samples);
    return result;
}

double margin_floor_known(const json_t *run, const char *experiment,
                          const char *metric)
{
    const json_t *list =
        json_object_get(json_object_get(run, "noise_floor"), "experiments");
    const json_t *row = json_row_of(list, "experiment", experiment);

    return json_figure_of(
        json_object_get(json_object_get(row, "floors"), metric), "floor");
}

double margin_floor(const json_t *run, const char *experiment,
                    const char *metric)
{
    double known = margin_floor_known(run, experiment, metric);

    return isnan(known) ? 0 : known;
}

static void print_experiment(const struct results *results, const json_t *row)
{
    const json_t *floors = json_object_get(row, "floors");
    char text[512] = "";
    char part[96];
    for (const struct metric *m = metrics; m->name; m++) {
        const json_t *row_of_metric = json_object_get(floors, m->name);
        double q = json_number_of(row_of_metric, "floor");
        double margin = json_number_of(row_of_metric, "margin");

        if (!row_of_metric || strlen(text) + sizeof part > sizeof text)
            continue;
        snprintf(part, sizeof part, "%s %s %.1f %% (margin %.3g %%)",
                 text[0] ? "," : "", m->words, 100 * q, 100 * margin);
        strcat(text, part);
    }
    results_tell(results, "noise floor of %s, %s against its copy:%s",
                 json_text_of(row, "experiment"), json_text_of(row, "model"),
                 text[0] ? text : " no figures");
}

void margin_floor_print(const struct results *results, const json_t *run)
{
    const json_t *noise_floor = json_object_get(run, "noise_floor");
    int cells = (int)json_integer_of(noise_floor, "cells");
    int different = (int)json_integer_of(noise_floor, "different");

    if (!json_is_object(noise_floor))
        return;
    const json_t *row;
    size_t i;
    json_array_foreach (json_object_get(noise_floor, "experiments"), i, row)
        print_experiment(results, row);
    results_tell(results,
                 "%s%d of %d pairs of the same binary were called "
                 "different%s",
                 json_true_of(noise_floor, "ok") ? "" : "WARNING: ", different,
                 cells,
                 json_true_of(noise_floor, "ok")
                     ? ""
                     : ", over 10 %: do not trust this run's verdicts; "
                       "quieten the machine (troika doctor)");
}

double margin_of(const json_t *run, const json_t *experiment,
                 const struct metric *metric)
{
    return fmax(
        declared_margin(experiment, metric),
        margin_floor(run, json_text_of(experiment, "name"), metric->name));
}
