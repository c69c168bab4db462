/* SPDX-License-Identifier: MIT
 *
 * Counts can be 0, so their means are arithmetic and their intervals plain
 * t-intervals, unlike those of the summary. If one valid trial of a cell lacks
 * a figure, the cell does not have it.
 *
 * Prices come from measured primitives that contain others: a hand-over is a
 * switch and two system calls; starting and ending a thread takes two switches
 * and about nine system calls, a process two and three. The price of the parts
 * is subtracted, so that nothing is paid for twice.
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
#include "summary_rows.h"

enum {
    HANDOVER_CALLS = 2,
    TASK_SWITCHES = 2,
    THREAD_CALLS = 9,
    FORK_CALLS = 3
};

struct work {
    json_t *cells, *pairs;
    struct samples samples;
    double *values[GAP_PARTS]; /* each with room for all trials */
    double *differences;
    struct gap_price price[GAP_PARTS];
};

/* The divisor of a figure. */
enum per { PER_REQUEST, PER_COUNTED, PER_SWITCH };

static const struct figure {
    const char *name, *part,
        *kind; /* member `kind` of the trial's member `part` */
    enum per per;
} figures[] = {
    {"cpu_user_ns", "cpu", "user_ns", PER_REQUEST},
    {"cpu_system_ns", "cpu", "system_ns", PER_REQUEST},
    {"switches", "activity", "switches", PER_COUNTED},
    {"system_calls", "activity", "system_calls", PER_COUNTED},
    {"threads_started", "activity", "threads_started", PER_COUNTED},
    {"processes_started", "activity", "processes_started", PER_COUNTED},
    {"switches_voluntary", "switches", "voluntary", PER_REQUEST},
    {"switches_involuntary", "switches", "involuntary", PER_REQUEST},
    {"run_queue_wait_ns", "run_queue", "wait_ns", PER_REQUEST},
    {"pressure_ns", "run_queue", "pressure_ns", PER_REQUEST},
    /* The mean time on the run queue of a thread that was woken or
     * preempted. */
    {"wait_per_switch_ns", "run_queue", "wait_ns", PER_SWITCH},
    {0},
};

/* The figure of one trial; not finite: unknown. */
static double figure_of(const json_t *trial, const char *part, const char *kind,
                        enum per per)
{
    double n = per == PER_REQUEST
                   ? json_figure_in(trial, "requests", "completed_in_window")
               : per == PER_COUNTED
                   ? json_figure_in(trial, "activity", "requests")
                   : json_figure_in(trial, "switches", "voluntary") +
                         json_figure_in(trial, "switches", "involuntary");

    return n > 0 ? json_figure_in(trial, part, kind) / n : NAN;
}

static json_t *mean_json(const struct gap_mean *mean)
{
    if (mean->n == 0 || !isfinite(mean->value))
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "value", json_finite(mean->value), "lo",
                     json_finite(mean->lo), "hi", json_finite(mean->hi));
}

static void add_cell(void *context)
{
    struct work *work = context;
    struct sample *cell = &work->samples.a;
    const char *why = NULL;

    sample_select(cell, metric_find("cpu_per_request_ns"), true);
    json_t *object = json_pack("{s:s, s:s, s:s, s:i}", "experiment",
                               cell->experiment, "load_point", cell->load_point,
                               "model", cell->model, "n", cell->count);
    for (const struct figure *figure = figures; figure->name; figure++) {
        struct gap_mean mean;
        bool known = cell->count > 0;

        for (int i = 0; i < cell->count; i++) {
            cell->values[i] = figure_of(cell->trials[i], figure->part,
                                        figure->kind, figure->per);
            known = known && isfinite(cell->values[i]);
        }
        gap_mean_of(cell->values, known ? cell->count : 0, &mean);
        json_object_set_new(object, figure->name, mean_json(&mean));
    }
    for (int i = 0; i < cell->count && !why; i++)
        why =
            json_string_of(json_object_get(cell->trials[i], "activity"), "why");
    json_object_set_new(object, "why", json_pack("s?", why));
    json_array_append_new(work->cells, object);
}

/* Takes the difference a - b of one kind in each block; false if one is
 * unknown. */
static bool differences(const struct work *work, int kind, int n)
{
    const struct samples *pair = &work->samples;
    const char *part = gap_part_name(kind);

    for (int i = 0; i < n; i++) {
        work->values[kind][i] =
            figure_of(pair->pair_a.trials[i], "activity", part, PER_COUNTED) -
            figure_of(pair->pair_b.trials[i], "activity", part, PER_COUNTED);
        if (!isfinite(work->values[kind][i]))
            return false;
    }
    return true;
}

static json_t *gap_json(const struct work *work, const struct gap *gap)
{
    const char *a = work->samples.a.model, *b = work->samples.b.model;
    json_t *parts = json_array();

    for (int i = 0; i < GAP_PARTS; i++)
        json_array_append_new(
            parts, json_pack("{s:s, s:o, s:o, s:o}", "of", gap_part_name(i),
                             "more", mean_json(&gap->more[i]), "each_ns",
                             json_finite(work->price[i].each_ns), "ns",
                             json_finite(gap->part_ns[i])));
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:s, s:s}",
                     "experiment", work->samples.a.experiment, "load_point",
                     work->samples.a.load_point, "a", gap->turned ? b : a, "b",
                     gap->turned ? a : b, "n", gap->gap_ns.n, "gap_ns",
                     mean_json(&gap->gap_ns), "parts", parts, "rest_ns",
                     mean_json(&gap->rest_ns), "verdict",
                     gap_verdict_name(gap->verdict), "words", gap->words);
}

static void add_pair(void *context)
{
    struct work *work = context;
    struct gap_facts facts = {.a = work->samples.a.model,
                              .b = work->samples.b.model};

    facts.n = samples_pair(&work->samples, metric_find("cpu_per_request_ns"));
    if (facts.n == 0)
        return;
    for (int i = 0; i < facts.n; i++)
        work->differences[i] =
            work->samples.pair_a.values[i] - work->samples.pair_b.values[i];
    facts.cpu_ns = work->differences;
    facts.counted = facts.n;
    for (int kind = 0; kind < GAP_PARTS; kind++) {
        facts.price[kind] = work->price[kind];
        if (differences(work, kind, facts.n))
            facts.more[kind] = work->values[kind];
    }
    struct gap gap;
    gap_explain(&facts, &gap);
    json_array_append_new(work->pairs, gap_json(work, &gap));
}

/* Yardsticks have a cell, but are in no pair. */
static int visit(const json_t *experiment, const json_t *point, void *context)
{
    struct work *work = context;

    if (!metric_applies(metric_find("cpu_user_per_request_ns"), point))
        return 0;
    samples_at(&work->samples, experiment, point);
    samples_each(&work->samples, add_cell, add_pair, work);
    return 0;
}

static struct gap_price primitive(const json_t *run, const char *name)
{
    const json_t *rows =
        json_object_get(json_object_get(run, "primitives"), "primitives");
    const json_t *row = json_row_of(rows, "name", name);

    return (struct gap_price){json_figure_of(row, "median_ns"),
                              json_figure_of(row, "lower_quartile_ns"),
                              json_figure_of(row, "upper_quartile_ns")};
}

/* Subtracts `times` the price that is contained. Errors add up, so the
 * distances of the quartiles do, too. */
static void take_off(struct gap_price *price, double times,
                     const struct gap_price *held)
{
    price->each_ns -= times * held->each_ns;
    price->lower_ns -= times * held->upper_ns;
    price->upper_ns -= times * held->lower_ns;
}

static void find_prices(const json_t *run, struct gap_price *price)
{
    price[GAP_SYSTEM_CALLS] = primitive(run, "syscall");
    price[GAP_SWITCHES] = primitive(run, "handover-futex-same-cpu");
    price[GAP_THREADS] = primitive(run, "thread-create-join");
    price[GAP_PROCESSES] = primitive(run, "fork-wait");
    take_off(&price[GAP_SWITCHES], HANDOVER_CALLS, &price[GAP_SYSTEM_CALLS]);
    take_off(&price[GAP_THREADS], THREAD_CALLS, &price[GAP_SYSTEM_CALLS]);
    take_off(&price[GAP_THREADS], TASK_SWITCHES, &price[GAP_SWITCHES]);
    take_off(&price[GAP_PROCESSES], FORK_CALLS, &price[GAP_SYSTEM_CALLS]);
    take_off(&price[GAP_PROCESSES], TASK_SWITCHES, &price[GAP_SWITCHES]);
}

int activity_make(json_t *run, const json_t *trials)
{
    size_t n = json_array_size(trials) + 1;
    struct work work = {.cells = json_array(),
                        .pairs = json_array(),
                        .differences = calloc(n, sizeof(double))};
    int result = work.differences ? 0 : -ENOMEM;

    if (samples_init(&work.samples, run, trials) < 0)
        result = -ENOMEM;
    for (int i = 0; i < GAP_PARTS; i++) {
        work.values[i] = calloc(n, sizeof(double));
        if (!work.values[i])
            result = -ENOMEM;
    }
    if (result == 0) {
        find_prices(run, work.price);
        summary_each_point(run, visit, &work);
        json_object_set_new(
            run, "activity",
            json_pack("{s:O, s:O}", "cells", work.cells, "pairs", work.pairs));
    }
    json_decref(work.cells);
    json_decref(work.pairs);
    samples_free(&work.samples);
    for (int i = 0; i < GAP_PARTS; i++)
        free(work.values[i]);
    free(work.differences);
    return result;
}
