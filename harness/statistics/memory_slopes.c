/* SPDX-License-Identifier: MIT
 *
 * Each trial has samples at up to three moments: at rest (no connection), all
 * connections open but no request yet, and the end of the window. A line
 * through the first and second gives the cost of an idle connection; through
 * the first and last, of a connection with its request; the difference of the
 * last two gives the request alone.
 *
 * If the sweep varies tasks per request instead of connections, fit a line to
 * the samples at the end of the window only; its slope is the cost of one task.
 * The samples at rest cannot be used, since the checked requests have left
 * behind what a server keeps of its tasks. Threads and processes come and go
 * during a request: a trial that caught fewer than 90 % of the expected tasks
 * is skipped.
 *
 * Weights are 1 / total^2 for every kind of memory, so that the slopes of the
 * kinds add up to the slope of the total.
 */
#include "memory_slopes.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/slope.h"
#include "harness/base/json.h"
#include "harness/figures/figures.h"

static const char *const kinds[] = {
    "total_bytes", "user_bytes",   "kernel_stack_bytes", "page_table_bytes",
    "slab_bytes",  "socket_bytes", "rss_sum_bytes",      "pss_sum_bytes",
};

enum { KIND_TOTAL, KINDS = sizeof kinds / sizeof *kinds };

enum moment { MOMENT_REST, MOMENT_OPEN, MOMENT_END, MOMENTS };

enum per {
    PER_IDLE_CONNECTION,
    PER_BUSY_CONNECTION,
    PER_REQUEST,
    PER_TASK,
    PER_SLEEPER,
    PERS,
};

static const char *const per_names[] = {"idle_connection", "busy_connection",
                                        "request_in_flight", "task", "sleeper"};

/* The figures of one trial; NAN: unknown. */
struct row {
    double connections;
    double asked;          /* expected tasks of the requests in flight */
    double tasks[MOMENTS]; /* threads; a process has at least one */
    double bytes[MOMENTS][KINDS];
};

/* The trials of one section and one model. x, y and weights have room for two
 * points of each trial. */
struct work {
    const json_t *trials;
    const char *experiment, *section, *model;
    const json_t *points; /* of the experiment, in run.json */
    struct row *own;      /* of the valid trials of this model */
    int count;
    bool closed;             /* every connection always has a request */
    bool sleepers;           /* the sweep varies the tasks of a request */
    bool kernel_tasks;       /* tasks are threads or processes */
    double *x, *y, *weights; /* of the current fit */
    enum moment tasks_from,
        tasks_to; /* the moments between which tasks appear */
};

static struct row row_from(const json_t *trial)
{
    const json_t *memory = json_object_get(trial, "memory");
    const json_t *cell = json_object_get(trial, "cell");
    const json_t *at[MOMENTS] = {json_object_get(memory, "idle"),
                                 json_object_get(memory, "open"), memory};
    struct row row = {.connections =
                          json_figure_in(trial, "connections", "open")};

    row.asked = json_figure_in(cell, "parameters", "tasks") * row.connections;
    for (int m = 0; m < MOMENTS; m++) {
        row.tasks[m] = m == MOMENT_END
                           ? json_figure_in(trial, "tasks", "threads")
                           : json_figure_of(at[m], "threads");
        for (int k = 0; k < KINDS; k++)
            row.bytes[m][k] = json_figure_of(at[m], kinds[k]);
    }
    return row;
}

static bool in_section(const struct work *work, const json_t *trial)
{
    const json_t *point;
    size_t i;
    json_array_foreach (work->points, i, point)
        if (json_text_is(point, "section", work->section) &&
            json_text_is(point, "id", json_text_of(trial, "load_point")))
            return true;
    return false;
}

static void gather(struct work *work)
{
    work->count = 0;
    const json_t *trial;
    const char *words;
    size_t i;
    json_array_foreach (work->trials, i, trial) {
        if (json_true_of(trial, "valid") &&
            !figures_withheld(trial, FIGURE_MEMORY | FIGURE_IDLE_MEMORY, true,
                              &words) &&
            json_text_is(trial, "experiment", work->experiment) &&
            json_text_is(json_object_get(trial, "cell"), "model",
                         work->model) &&
            in_section(work, trial))
            work->own[work->count++] = row_from(trial);
    }
}

/* Finds out whether connections or requests start the tasks. */
static void find_tasks(struct work *work)
{
    double with_connections = 0, with_requests = 0;

    for (int i = 0; i < work->count; i++) {
        const double *tasks = work->own[i].tasks;

        with_connections += tasks[MOMENT_OPEN] - tasks[MOMENT_REST];
        with_requests += tasks[MOMENT_END] - tasks[MOMENT_OPEN];
    }
    work->kernel_tasks = with_requests > work->count;
    work->tasks_from =
        with_requests > with_connections ? MOMENT_OPEN : MOMENT_REST;
    work->tasks_to =
        with_requests > with_connections ? MOMENT_END : MOMENT_OPEN;
}

/* The tasks of the requests in flight; NAN: too few of them were there. */
static double sleepers_of(const struct work *work, const struct row *row)
{
    double there = row->tasks[MOMENT_END] - row->tasks[MOMENT_OPEN];

    return work->kernel_tasks && there < 0.9 * row->asked ? NAN : row->asked;
}

static void add_point(struct work *work, int *n, double x, double y,
                      double total)
{
    work->x[*n] = x;
    work->y[*n] = y;
    work->weights[*n] = 1 / (total * total);
    (*n)++;
}

/* Makes the points of one fit. Returns how many there are. */
static int make_points(struct work *work, enum per per, int kind)
{
    int n = 0;

    for (int i = 0; i < work->count; i++) {
        const struct row *row = &work->own[i];
        double x = row->connections;
        enum moment from = MOMENT_REST, to = MOMENT_END;

        if (per == PER_IDLE_CONNECTION)
            to = MOMENT_OPEN;
        if (per == PER_REQUEST)
            from = MOMENT_OPEN;
        if (per == PER_TASK) {
            from = work->tasks_from;
            to = work->tasks_to;
            x = row->tasks[to] - row->tasks[from];
        }
        if (per == PER_SLEEPER)
            x = sleepers_of(work, row);
        double before = row->bytes[from][kind], after = row->bytes[to][kind];
        double total = row->bytes[to][KIND_TOTAL];

        if (per == PER_SLEEPER) {
            if (!isnan(x))
                add_point(work, &n, x, after, total);
        } else if (per == PER_REQUEST || per == PER_TASK) {
            add_point(work, &n, x, after - before, total);
        } else {
            add_point(work, &n, 0, before, row->bytes[from][KIND_TOTAL]);
            add_point(work, &n, x, after, total);
        }
    }
    return n;
}

static json_t *json_slope(const struct slope *slope)
{
    return json_pack("{s:f, s:f, s:f}", "value", slope->value, "lo", slope->lo,
                     "hi", slope->hi);
}

/* The largest distance of a load point from the line, as a share of its
 * level. */
static json_t *json_misfit(const struct work *work, int n,
                           const struct slope *line)
{
    double worst = 0;

    for (int i = 0; i < n; i++) {
        double rest = 0, level = 0;

        for (int j = 0; j < n; j++)
            if (work->x[j] == work->x[i]) {
                rest += work->y[j] - line->at_zero - line->value * work->x[j];
                level += sqrt(1 / work->weights[j]);
            }
        worst = fmax(worst, fabs(rest) / level);
    }
    return json_real(worst);
}

static const char not_busy[] =
    "connections are not always busy: an open loop, or a pause between "
    "requests";

static const char *refusal(const struct work *work, enum per per)
{
    if (work->count == 0)
        return "no valid trial";
    if (per != PER_IDLE_CONNECTION && per != PER_TASK && !work->closed)
        return not_busy;
    if (per == PER_TASK && !work->closed && work->tasks_to == MOMENT_END)
        return not_busy;
    return NULL;
}

/* One row: the slope of every kind, or the reason why there is none. */
static json_t *row_of(struct work *work, enum per per)
{
    const char *why = refusal(work, per);
    bool whole = per != PER_REQUEST && per != PER_TASK;
    json_t *bytes = json_object(), *rest = json_null(), *misfit = json_null();
    struct slope line = {0}, total = {0};

    for (int k = 0; k < KINDS && !why; k++) {
        int n = make_points(work, per, k);
        int result = slope_fit(work->x, work->y, work->weights, n, &line);

        if (k == 0 && result < 0) {
            why = line.places < 3 ? "fewer than three different counts"
                                  : "the kernel does not tell";
        } else if (k == 0) {
            total = line;
            misfit = json_misfit(work, n, &line);
            rest = whole ? json_real(line.at_zero) : rest;
        }
        json_object_set_new(bytes, kinds[k],
                            result == 0 ? json_slope(&line) : json_null());
    }
    if (why) {
        json_decref(bytes);
        bytes = json_null();
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}",
                     "experiment", work->experiment, "section", work->section,
                     "model", work->model, "per", per_names[per], "n",
                     work->count, "places", total.places, "with",
                     per != PER_TASK ? json_null()
                                     : json_string(work->tasks_to == MOMENT_END
                                                       ? "request"
                                                       : "connection"),
                     "base_bytes", rest, "misfit", misfit, "why",
                     why ? json_string(why) : json_null(), "bytes", bytes);
}

/* The number that the sweep varies: connections, or tasks of each request. */
static double count_at(const struct work *work, const json_t *point)
{
    if (work->sleepers)
        return json_figure_of(json_object_get(point, "parameters"), "tasks");
    return json_figure_of(json_object_get(point, "load"), "connections");
}

/* Whether the section's load points are a sweep: each has a different count.
 * Sets work->closed. */
static bool is_sweep(struct work *work)
{
    int count = 0;

    work->closed = true;
    const json_t *a, *b;
    size_t i, j;
    json_array_foreach (work->points, i, a) {
        const json_t *load = json_object_get(a, "load");

        if (!json_text_is(a, "section", work->section))
            continue;
        if (json_is_object(json_object_get(a, "beside")) ||
            isnan(count_at(work, a)))
            return false;
        work->closed &= json_text_is(load, "mode", "closed") &&
                        !(json_figure_of(load, "think_ns") > 0);
        count++;
        json_array_foreach (work->points, j, b) {
            if (j < i && json_text_is(b, "section", work->section) &&
                count_at(work, b) == count_at(work, a))
                return false;
        }
    }
    return count > 1;
}

static void add_section(struct work *work, json_t *rows, const json_t *first)
{
    const json_t *name;
    size_t i;
    json_array_foreach (json_object_get(first, "models"), i, name) {
        work->model = json_string_value(name);
        gather(work);
        find_tasks(work);
        for (int per = 0; per < PERS; per++) {
            if ((per == PER_SLEEPER) != work->sleepers)
                continue;
            json_t *row = row_of(work, (enum per)per);
            /* A model whose number of tasks does not grow has no such
             * figure. */
            if (per == PER_TASK && json_is_null(json_object_get(row, "bytes")))
                json_decref(row);
            else
                json_array_append_new(rows, row);
        }
    }
}

static void add_experiment(struct work *work, json_t *rows)
{
    const json_t *a, *b;
    size_t i, j;
    json_array_foreach (work->points, i, a) {
        bool seen = false;

        work->section = json_text_of(a, "section");
        json_array_foreach (work->points, j, b)
            seen |= j < i && json_text_is(b, "section", work->section);
        for (int what = 0; what < 2 && !seen; what++) {
            work->sleepers = what == 1;
            seen = is_sweep(work);
            if (seen)
                add_section(work, rows, a);
        }
    }
}

int memory_slopes_make(json_t *run, const json_t *trials)
{
    size_t n = json_array_size(trials) + 1;
    struct work work = {.trials = trials,
                        .own = calloc(n, sizeof *work.own),
                        .x = calloc(2 * n, sizeof(double)),
                        .y = calloc(2 * n, sizeof(double)),
                        .weights = calloc(2 * n, sizeof(double))};
    json_t *rows = json_array();
    bool made = rows && work.own && work.x && work.y && work.weights;
    size_t i;
    json_t *experiment;
    if (made)
        json_array_foreach (json_object_get(run, "experiments"), i,
                            experiment) {
            work.experiment = json_text_of(experiment, "name");
            work.points = json_object_get(experiment, "load_points");
            add_experiment(&work, rows);
        }
    if (!made || json_object_set(run, "slopes", rows) < 0)
        made = false;
    json_decref(rows);
    free(work.own);
    free(work.x);
    free(work.y);
    free(work.weights);
    return made ? 0 : -ENOMEM;
}
