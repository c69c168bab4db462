/* SPDX-License-Identifier: MIT
 *
 * A line is a JSON object from the start, since that is how it leaves.
 */
#include "trend.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/changes.h"
#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "harness/results/stored_run.h"
#include "harness/statistics/compare.h"
#include "harness/statistics/comparison.h"
#include "harness/statistics/margin.h"
#include "harness/statistics/summary_rows.h"

enum { SCHEMA_VERSION = 1, SPARKS = 40, SEED = 1 };

/* What a figure is of. */
struct place {
    const json_t *run, *experiment, *point;
    const char *model;
    const struct metric *metric;
};

int trends_init(struct trends *trends, const struct trend_wanted *wanted)
{
    *trends = (struct trends){.wanted = *wanted, .lines = json_array()};
    return trends->lines ? 0 : -ENOMEM;
}

void trends_free(struct trends *trends)
{
    json_decref(trends->lines);
    *trends = (struct trends){0};
}

static bool is_wanted(const char *wanted, const char *name)
{
    return !wanted || !strcmp(wanted, name);
}

static const char *fingerprint_of(const json_t *run)
{
    return json_text_of(json_object_get(run, "environment"), "fingerprint");
}

/* The line of a figure, or NULL. */
static json_t *line_of(const struct trends *trends, const struct place *place)
{
    json_t *line;
    size_t i;

    json_array_foreach (trends->lines, i, line)
        if (json_text_is(line, "model", place->model) &&
            json_text_is(line, "load_point",
                         json_text_of(place->point, "id")) &&
            json_text_is(line, "metric", place->metric->name) &&
            json_text_is(line, "experiment",
                         json_text_of(place->experiment, "name")) &&
            !strcmp(json_text_of(line, "fingerprint"),
                    fingerprint_of(place->run)) &&
            compare_alike(json_object_get(line, "work"), place->point))
            return line;
    return NULL;
}

static json_t *new_line(struct trends *trends, const struct place *place)
{
    json_t *line = json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:s, s:o, s:f, s:i, s:[]}", "experiment",
        json_text_of(place->experiment, "name"), "load_point",
        json_text_of(place->point, "id"), "model", place->model, "metric",
        place->metric->name, "higher_is_better",
        place->metric->higher_is_better, "fingerprint",
        fingerprint_of(place->run), "work", compare_work(place->point),
        "margin", 0.0, "withheld", 0, "points");

    json_array_append_new(trends->lines, line);
    return line;
}

/* Whether the figure is the server's own, and of enough valid trials. */
static bool is_sound(const json_t *row)
{
    return json_number_of(row, "value") > 0 && json_number_of(row, "n") > 0 &&
           compare_invalid_share(row) <= COMPARISON_INVALID_SHARE_MAX &&
           !json_true_of(row, "generator_bound") &&
           !json_true_of(row, "lower_bound");
}

static void add_figure(struct trends *trends, const struct place *place)
{
    const json_t *row = summary_row(
        place->run, json_text_of(place->experiment, "name"),
        json_text_of(place->point, "id"), place->model, place->metric->name);

    if (!row)
        return;
    json_t *line = line_of(trends, place);
    if (!line)
        line = new_line(trends, place);
    if (!is_sound(row)) {
        json_object_set_new(
            line, "withheld",
            json_integer(1 + json_integer_of(line, "withheld")));
        return;
    }
    double margin = margin_of(place->run, place->experiment, place->metric);
    if (margin > json_number_of(line, "margin"))
        json_object_set_new(line, "margin", json_real(margin));
    json_array_append_new(
        json_object_get(line, "points"),
        json_pack("{s:s, s:s, s:s, s:f, s:o, s:o, s:I}", "run_id",
                  json_text_of(place->run, "run_id"), "started_at",
                  json_text_of(place->run, "started_at"), "tool_version",
                  json_text_of(place->run, "tool_version"), "value",
                  json_number_of(row, "value"), "lo",
                  json_finite(json_figure_of(row, "lo")), "hi",
                  json_finite(json_figure_of(row, "hi")), "n",
                  json_integer_of(row, "n")));
}

/* Adds the wanted metrics of the models of a load point. */
static void add_point(struct trends *trends, struct place *place)
{
    const struct trend_wanted *wanted = &trends->wanted;
    const char *headline = json_text_of(place->point, "headline");
    bool every = wanted->metric && !strcmp(wanted->metric, "all");
    const json_t *model;
    size_t i;

    json_array_foreach (json_object_get(place->point, "models"), i, model) {
        place->model = json_string_value(model);
        if (!is_wanted(wanted->model, place->model) ||
            summary_is_yardstick(place->run, place->model))
            continue;
        for (place->metric = metrics; place->metric->name; place->metric++)
            if (every ? margin_is_primary(place->metric)
                      : !strcmp(place->metric->name,
                                wanted->metric ? wanted->metric : headline))
                add_figure(trends, place);
    }
}

void trends_add(struct trends *trends, const json_t *run)
{
    struct place place = {.run = run};
    char why[512];
    bool asked = false;
    size_t i, k;

    json_array_foreach (json_object_get(run, "experiments"), i,
                        place.experiment)
        asked |= is_wanted(trends->wanted.experiment,
                           json_text_of(place.experiment, "name"));
    if (!asked)
        return;
    if (!stored_run_check(run, why, sizeof why) ||
        !stored_run_check_summary(run, why, sizeof why)) {
        trends->damaged++;
    } else if (json_string_of(run, "untrusted")) {
        trends->untrusted++;
    } else if (!json_true_of(run, "complete")) {
        trends->incomplete++;
    } else {
        json_array_foreach (json_object_get(run, "experiments"), i,
                            place.experiment)
            json_array_foreach (
                json_object_get(place.experiment, "load_points"), k,
                place.point)
                if (is_wanted(trends->wanted.experiment,
                              json_text_of(place.experiment, "name")) &&
                    is_wanted(trends->wanted.load_point,
                              json_text_of(place.point, "id")))
                    add_point(trends, &place);
    }
}

static int by_start(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    int order =
        strcmp(json_text_of(a, "started_at"), json_text_of(b, "started_at"));

    return order != 0
               ? order
               : strcmp(json_text_of(a, "run_id"), json_text_of(b, "run_id"));
}

static const char *last_start(const json_t *line)
{
    const json_t *points = json_object_get(line, "points");
    size_t n = json_array_size(points);

    return n > 0 ? json_text_of(json_array_get(points, n - 1), "started_at")
                 : "";
}

/* The keys of a line without its environment and work. */
static int by_key(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"experiment", "load_point", "metric",
                                       "model"};
    int order = 0;

    for (int i = 0; i < 4 && order == 0; i++)
        order = strcmp(json_text_of(a, keys[i]), json_text_of(b, keys[i]));
    return order;
}

/* The newest of lines that differ only in environment or work comes first. */
static int by_place(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left, *b = *(json_t *const *)right;
    int order = by_key(a, b);

    return order != 0 ? order : strcmp(last_start(b), last_start(a));
}

/* Sorts an array of objects. Leaves it alone when out of memory. */
static void sort(json_t *array, int (*order)(const void *, const void *))
{
    size_t n = json_array_size(array);
    json_t **items = calloc(n + 1, sizeof(json_t *));

    for (size_t i = 0; items && i < n; i++)
        items[i] = json_incref(json_array_get(array, i));
    if (items && n > 0)
        qsort(items, n, sizeof(json_t *), order);
    for (size_t i = 0; items && i < n; i++)
        json_array_set_new(array, i, items[i]);
    free(items);
}

/* A run may be stored twice, as a copy under another name. */
static void drop_copies(json_t *points)
{
    for (size_t i = json_array_size(points); i > 1; i--)
        if (json_equal(json_array_get(points, i - 1),
                       json_array_get(points, i - 2)))
            json_array_remove(points, i - 1);
}

static json_t *change_json(const json_t *line, const struct change *change)
{
    const json_t *point =
        json_array_get(json_object_get(line, "points"), (size_t)change->at);
    enum verdict verdict =
        statistics_verdict(&change->ratio, json_number_of(line, "margin"),
                           json_true_of(line, "higher_is_better"), true);

    return json_pack("{s:i, s:s, s:s, s:s, s:f, s:f, s:o, s:o, s:s}", "index",
                     change->at, "run_id", json_text_of(point, "run_id"),
                     "started_at", json_text_of(point, "started_at"),
                     "tool_version", json_text_of(point, "tool_version"), "p",
                     change->p, "ratio", change->ratio.value, "lo",
                     json_finite(change->ratio.lo), "hi",
                     json_finite(change->ratio.hi), "verdict",
                     comparison_verdict_name(verdict));
}

/* Sets the changes of a line, and by how much its runs scatter about their
 * level since the last change. */
static void find_changes(json_t *line)
{
    const json_t *points = json_object_get(line, "points");
    int n = (int)json_array_size(points);
    /* Of a line that is longer, the last ones. */
    int first = n > CHANGES_SERIES_MAX ? n - CHANGES_SERIES_MAX : 0;
    int from = first;
    double *values = calloc((size_t)n + 1, sizeof *values);
    struct change *changes = calloc((size_t)n + 1, sizeof *changes);
    json_t *found = json_array();
    struct estimate level = {0};

    for (int i = 0; values && i < n; i++)
        values[i] = json_number_of(json_array_get(points, (size_t)i), "value");
    int count = values && changes
                    ? changes_find(values + first, n - first, SEED, changes)
                    : 0;
    for (int i = 0; i < count; i++) {
        changes[i].at += first;
        json_array_append_new(found, change_json(line, &changes[i]));
        from = changes[i].at;
    }
    if (values && n - from >= 2)
        statistics_level(values + from, n - from, &level);
    json_object_set_new(line, "changes", found);
    json_object_set_new(line, "scatter",
                        json_finite_if(expm1(level.log_sd), level.n > 1));
    free(values);
    free(changes);
}

void trends_finish(struct trends *trends)
{
    const json_t *before = NULL;
    json_t *line;
    size_t i;

    json_array_foreach (trends->lines, i, line) {
        sort(json_object_get(line, "points"), by_start);
        drop_copies(json_object_get(line, "points"));
        find_changes(line);
    }
    sort(trends->lines, by_place);
    json_array_foreach (trends->lines, i, line) {
        json_object_set_new(line, "newest",
                            json_boolean(!before || by_key(before, line)));
        before = line;
    }
}

/* The newest values as bars between the smallest and the largest of them. */
static void put_sparks(const json_t *points, FILE *file)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    size_t n = json_array_size(points), from = n > SPARKS ? n - SPARKS : 0;
    double lo = INFINITY, hi = 0;

    for (size_t i = from; i < n; i++) {
        double value = json_number_of(json_array_get(points, i), "value");
        lo = fmin(lo, value);
        hi = fmax(hi, value);
    }
    for (size_t i = from; i < n; i++) {
        double value = json_number_of(json_array_get(points, i), "value");
        fputs(bars[hi > lo ? (int)(7.999 * (value - lo) / (hi - lo)) : 3],
              file);
    }
}

static void print_change(const json_t *change, FILE *file)
{
    const char *verdict = json_text_of(change, "verdict");
    bool matters = !strcmp(verdict, "better") || !strcmp(verdict, "worse");
    char ratio[32], range[80];

    comparison_ratio_format(json_number_of(change, "ratio"), ratio,
                            sizeof ratio);
    comparison_range_format(json_number_of(change, "lo"),
                            json_number_of(change, "hi"), range, sizeof range);
    fprintf(file, "    %s from %s (%.24s) on: x %s %s\n",
            matters ? verdict : "negligible", json_text_of(change, "run_id"),
            json_text_of(change, "tool_version"), ratio, range);
}

static void print_line(const json_t *line, FILE *file)
{
    const json_t *points = json_object_get(line, "points"), *change;
    size_t n = json_array_size(points), i;
    char value[32];

    if (n == 0) {
        fprintf(file, "  %-22s no sound figure in %d runs\n",
                json_text_of(line, "model"),
                (int)json_integer_of(line, "withheld"));
        return;
    }
    metric_format(json_text_of(line, "metric"),
                  json_number_of(json_array_get(points, n - 1), "value"), value,
                  sizeof value);
    fprintf(file, "  %-22s %10s  ", json_text_of(line, "model"), value);
    put_sparks(points, file);
    fputc('\n', file);
    json_array_foreach (json_object_get(line, "changes"), i, change)
        print_change(change, file);
    if (n < CHANGES_SERIES_MIN)
        fprintf(file,
                "    %zu of the %d runs from which on changes are looked "
                "for\n",
                n, CHANGES_SERIES_MIN);
    else if (json_array_size(json_object_get(line, "changes")) == 0)
        fprintf(file, "    no change in %zu runs, which scatter by %.1f %%\n",
                n, 100 * json_number_of(line, "scatter"));
    if (json_integer_of(line, "withheld") > 0)
        fprintf(file, "    left out: %d without a sound figure\n",
                (int)json_integer_of(line, "withheld"));
}

static void print_rest(const struct trends *trends, int older, FILE *file)
{
    if (older > 0)
        fprintf(file,
                "%d line%s of other environments or other work: --all prints "
                "them\n",
                older, digits_plural(older));
    if (trends->damaged + trends->untrusted + trends->incomplete > 0)
        fprintf(file,
                "runs left out: %d damaged, %d not to be trusted, %d "
                "incomplete\n",
                trends->damaged, trends->untrusted, trends->incomplete);
}

void trends_print(const struct trends *trends, bool all, FILE *file)
{
    const json_t *line;
    char head[512] = "", before[512] = "";
    int older = 0;
    size_t i;

    json_array_foreach (trends->lines, i, line) {
        if (!all && !json_true_of(line, "newest")) {
            older++;
            continue;
        }
        snprintf(head, sizeof head, "%s: %s, %s (environment %.8s)",
                 json_text_of(line, "experiment"),
                 json_text_of(line, "load_point"),
                 metric_find(json_text_of(line, "metric"))->words,
                 json_text_of(line, "fingerprint"));
        if (strcmp(head, before) != 0)
            fprintf(file, "%s\n", head);
        strcpy(before, head);
        print_line(line, file);
    }
    print_rest(trends, older, file);
}

json_t *trends_json(const struct trends *trends)
{
    return json_pack("{s:i, s:s, s:{s:i, s:i, s:i}, s:O}", "schema_version",
                     SCHEMA_VERSION, "kind", "history", "left_out", "damaged",
                     trends->damaged, "untrusted", trends->untrusted,
                     "incomplete", trends->incomplete, "lines", trends->lines);
}
