/* SPDX-License-Identifier: MIT
 *
 * Counts may be 0, so their means are arithmetic and their intervals plain t,
 * unlike the summary's. A figure that one valid trial of a cell lacks is not
 * given for the cell.
 *
 * Prices come from primitives that hold others in them: a hand-over is a
 * switch and two system calls; a thread from start to end has two switches
 * and about nine system calls, a process two and three. What is held is taken
 * off, so that nothing is paid for twice.
 */
#include "activity.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gap.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "sample.h"
#include "summary.h"

enum {
    HANDOVER_CALLS = 2,
    TASK_SWITCHES = 2,
    THREAD_CALLS = 9,
    FORK_CALLS = 3
};

struct work {
    json_t *run, *cells, *pairs;
    const json_t *trials;
    struct sample a, b, pair_a, pair_b;
    double *values[GAP_PARTS]; /* room for all trials each */
    double *differences;
    struct gap_price price[GAP_PARTS];
};

static double requests(const json_t *trial)
{
    return json_figure_in(trial, "requests", "completed_in_window");
}

/* Of one trial, per request; NAN: unknown. */
static double counted(const json_t *trial, const char *kind)
{
    double n = json_figure_in(trial, "activity", "requests");

    return n > 0 ? json_figure_in(trial, "activity", kind) / n : NAN;
}

static double user(const json_t *trial, const char *kind)
{
    return json_figure_in(trial, "cpu", kind) / requests(trial);
}

static double waited(const json_t *trial, const char *kind)
{
    return json_figure_in(trial, "run_queue", kind) / requests(trial);
}

/* How long a thread that was woken or put back waited, in the mean. */
static double wait_per_switch(const json_t *trial, const char *kind)
{
    double switches = json_figure_in(trial, "switches", "voluntary") +
                      json_figure_in(trial, "switches", "involuntary");

    return switches > 0 ? json_figure_in(trial, "run_queue", kind) / switches
                        : NAN;
}

static double switched(const json_t *trial, const char *kind)
{
    return json_figure_in(trial, "switches", kind) / requests(trial);
}

static const struct figure {
    const char *name;
    double (*of)(const json_t *trial, const char *kind);
    const char *kind;
} figures[] = {
    {"cpu_user_ns", user, "user_ns"},
    {"cpu_system_ns", user, "system_ns"},
    {"switches", counted, "switches"},
    {"system_calls", counted, "system_calls"},
    {"threads_started", counted, "threads_started"},
    {"processes_started", counted, "processes_started"},
    {"switches_voluntary", switched, "voluntary"},
    {"switches_involuntary", switched, "involuntary"},
    {"run_queue_wait_ns", waited, "wait_ns"},
    {"pressure_ns", waited, "pressure_ns"},
    {"wait_per_switch_ns", wait_per_switch, "wait_ns"},
    {0},
};

static json_t *mean_json(const struct gap_mean *mean)
{
    if (mean->n == 0 || !isfinite(mean->value))
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "value", json_finite(mean->value), "lo",
                     json_finite(mean->lo), "hi", json_finite(mean->hi));
}

static json_t *cell_json(struct work *work)
{
    struct sample *cell = &work->a;
    const char *why = NULL;
    json_t *object;

    sample_select(cell, metric_find("cpu_per_request_ns"), true);
    object = json_pack("{s:s, s:s, s:s, s:i}", "experiment", cell->experiment,
                       "load_point", cell->load_point, "model", cell->model,
                       "n", cell->count);
    for (const struct figure *figure = figures; figure->name; figure++) {
        struct gap_mean mean;
        bool known = cell->count > 0;

        for (int i = 0; i < cell->count; i++) {
            cell->values[i] = figure->of(cell->trials[i], figure->kind);
            known = known && isfinite(cell->values[i]);
        }
        gap_mean_of(cell->values, known ? cell->count : 0, &mean);
        json_object_set_new(object, figure->name, mean_json(&mean));
    }
    for (int i = 0; i < cell->count && why == NULL; i++)
        why =
            json_string_of(json_object_get(cell->trials[i], "activity"), "why");
    json_object_set_new(object, "why",
                        why != NULL ? json_string(why) : json_null());
    return object;
}

/* The blocks' differences of one kind; false when one is not known. */
static bool differences(const struct work *work, int kind, int n)
{
    for (int i = 0; i < n; i++) {
        work->values[kind][i] =
            counted(work->pair_a.trials[i], gap_part_name(kind)) -
            counted(work->pair_b.trials[i], gap_part_name(kind));
        if (!isfinite(work->values[kind][i]))
            return false;
    }
    return true;
}

static json_t *gap_json(const struct work *work, const struct gap *gap)
{
    const char *a = work->a.model, *b = work->b.model;
    json_t *parts = json_array();

    for (int i = 0; i < GAP_PARTS; i++)
        json_array_append_new(
            parts, json_pack("{s:s, s:o, s:o, s:o}", "of", gap_part_name(i),
                             "more", mean_json(&gap->more[i]), "each_ns",
                             json_finite(work->price[i].each_ns), "ns",
                             json_finite(gap->part_ns[i])));
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:s, s:s}",
                     "experiment", work->a.experiment, "load_point",
                     work->a.load_point, "a", gap->turned ? b : a, "b",
                     gap->turned ? a : b, "n", gap->gap_ns.n, "gap_ns",
                     mean_json(&gap->gap_ns), "parts", parts, "rest_ns",
                     mean_json(&gap->rest_ns), "verdict",
                     gap_verdict_name(gap->verdict), "words", gap->words);
}

static void add_pair(struct work *work)
{
    struct gap_facts facts = {.a = work->a.model, .b = work->b.model};
    struct gap gap;

    facts.n = sample_pair(&work->a, &work->b, metric_find("cpu_per_request_ns"),
                          &work->pair_a, &work->pair_b);
    if (facts.n == 0)
        return;
    for (int i = 0; i < facts.n; i++)
        work->differences[i] = work->pair_a.values[i] - work->pair_b.values[i];
    facts.cpu_ns = work->differences;
    facts.counted = facts.n;
    for (int kind = 0; kind < GAP_PARTS; kind++) {
        facts.price[kind] = work->price[kind];
        if (differences(work, kind, facts.n))
            facts.more[kind] = work->values[kind];
    }
    gap_explain(&facts, &gap);
    json_array_append_new(work->pairs, gap_json(work, &gap));
}

/* Yardsticks are shown, and explained against nobody. */
static bool is_yardstick(const struct work *work, const char *model)
{
    const json_t *models = json_object_get(work->run, "models");

    return json_true_of(json_object_get(models, model), "yardstick");
}

static int visit(const json_t *experiment, const json_t *point, void *context)
{
    struct work *work = context;
    const json_t *models = json_object_get(point, "models"), *a, *b;
    const char *mode = json_text_of(json_object_get(point, "load"), "mode");
    size_t i, j;

    if (!strcmp(mode, "search") || !strcmp(mode, "slice"))
        return 0;
    work->a.experiment = work->b.experiment = json_text_of(experiment, "name");
    work->a.load_point = work->b.load_point = json_text_of(point, "id");
    json_array_foreach (models, i, a) {
        work->a.model = json_string_value(a);
        sample_gather(work->trials, &work->a);
        json_array_append_new(work->cells, cell_json(work));
        json_array_foreach (models, j, b) {
            work->b.model = json_string_value(b);
            if (j <= i || is_yardstick(work, work->a.model) ||
                is_yardstick(work, work->b.model))
                continue;
            sample_gather(work->trials, &work->b);
            add_pair(work);
        }
    }
    return 0;
}

static struct gap_price primitive(const json_t *run, const char *name)
{
    const json_t *rows = json_object_get(json_object_get(run, "primitives"),
                                         "primitives"),
                 *row;
    struct gap_price price = {NAN, NAN, NAN};
    size_t i;

    json_array_foreach (rows, i, row) {
        if (!json_text_is(row, "name", name) ||
            !json_is_number(json_object_get(row, "median_ns")))
            continue;
        price.each_ns = json_number_of(row, "median_ns");
        price.lower_ns = json_number_of(row, "lower_quartile_ns");
        price.upper_ns = json_number_of(row, "upper_quartile_ns");
    }
    return price;
}

/* The price less `times` another's; the quartiles' distances add up. */
static void take_off(struct gap_price *price, double times,
                     const struct gap_price *held)
{
    price->each_ns -= times * held->each_ns;
    price->lower_ns -= times * held->upper_ns;
    price->upper_ns -= times * held->lower_ns;
}

static void find_prices(struct work *work)
{
    struct gap_price *price = work->price;

    price[GAP_SYSTEM_CALLS] = primitive(work->run, "syscall");
    price[GAP_SWITCHES] = primitive(work->run, "handover-futex-same-cpu");
    price[GAP_THREADS] = primitive(work->run, "thread-create-join");
    price[GAP_PROCESSES] = primitive(work->run, "fork-wait");
    take_off(&price[GAP_SWITCHES], HANDOVER_CALLS, &price[GAP_SYSTEM_CALLS]);
    take_off(&price[GAP_THREADS], THREAD_CALLS, &price[GAP_SYSTEM_CALLS]);
    take_off(&price[GAP_THREADS], TASK_SWITCHES, &price[GAP_SWITCHES]);
    take_off(&price[GAP_PROCESSES], FORK_CALLS, &price[GAP_SYSTEM_CALLS]);
    take_off(&price[GAP_PROCESSES], TASK_SWITCHES, &price[GAP_SWITCHES]);
}

int activity_make(json_t *run, const json_t *trials)
{
    size_t n = json_array_size(trials) + 1;
    struct work work = {.run = run,
                        .cells = json_array(),
                        .pairs = json_array(),
                        .trials = trials,
                        .differences = calloc(n, sizeof(double))};
    struct sample *samples[] = {&work.a, &work.b, &work.pair_a, &work.pair_b};
    int result = work.differences != NULL ? 0 : -ENOMEM;

    for (int i = 0; i < 4; i++)
        if (sample_init(samples[i], n) < 0)
            result = -ENOMEM;
    for (int i = 0; i < GAP_PARTS; i++) {
        work.values[i] = calloc(n, sizeof(double));
        if (work.values[i] == NULL)
            result = -ENOMEM;
    }
    if (result == 0) {
        find_prices(&work);
        summary_each_point(run, visit, &work);
        json_object_set_new(
            run, "activity",
            json_pack("{s:O, s:O}", "cells", work.cells, "pairs", work.pairs));
    }
    json_decref(work.cells);
    json_decref(work.pairs);
    for (int i = 0; i < 4; i++)
        sample_free(samples[i]);
    for (int i = 0; i < GAP_PARTS; i++)
        free(work.values[i]);
    free(work.differences);
    return result;
}
