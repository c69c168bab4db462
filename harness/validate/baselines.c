/* SPDX-License-Identifier: MIT */
#include "baselines.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/statistics.h"
#include "harness/base/json.h"

static const double RIGHT_CHOICE = 0.05, RIGHT_WORKERS = 0.10;

/* Figures that are foretold alike differ by rounding alone. */
static const double TIE = 1e-9;

/* Times shorter than this count as equal to it. */
static const double SHORT_NS = 10e3;

static const char LOOP[] = "event-loop", CHOICE[] = "choice",
                  WORKERS[] = "workers";

struct judge {
    const struct questions *questions;
    const struct rows *rows;
    struct baselines *baselines;
    double *values; /* scratch: an error or regret of each row or service */
    const struct row **found; /* scratch: rows of one service, then picks */
};

/* Adds a rule by its n errors or regrets in judge->values. `right`: the regret
 * that is still right; NAN: they are errors. */
static struct baseline *add(struct judge *judge, const char *name,
                            const char *of, int n, double right)
{
    struct baseline *b = &judge->baselines->rows[judge->baselines->count++];
    int kept = 0;

    *b = (struct baseline){name, of, n, NAN, NAN, NAN};
    if (n == 0)
        return b;
    for (int i = 0; i < n; i++)
        kept += judge->values[i] <= right;
    qsort(judge->values, (size_t)n, sizeof *judge->values,
          statistics_ascending);
    b->median = judge->values[n / 2];
    b->p90 = judge->values[(int)ceil(0.9 * n) - 1];
    if (isfinite(right))
        b->right = (double)kept / n;
    return b;
}

static double apart(double a, double b)
{
    return fabs(log(a / b));
}

static double distance(const struct judge *judge, const struct row *a,
                       const struct row *b)
{
    const struct held_out *x =
        &judge->questions->services[a->question->service];
    const struct held_out *y =
        &judge->questions->services[b->question->service];
    double load = a->question->open ? apart(a->question->forecast.load,
                                            b->question->forecast.load)
                                    : apart(x->connections, y->connections);

    return apart((double)x->delay_ns + SHORT_NS,
                 (double)y->delay_ns + SHORT_NS) +
           apart((double)x->steps, (double)y->steps) + load;
}

/* The row of another service and the same model and quantity; NULL: none. */
static const struct row *nearest(const struct judge *judge,
                                 const struct row *of)
{
    const struct row *best = NULL;
    double least = INFINITY;

    for (int i = 0; i < judge->rows->count; i++) {
        const struct row *row = &judge->rows->rows[i];
        if (row->quantity != of->quantity || !row->judged ||
            row->percentile != of->percentile ||
            row->question->model != of->question->model ||
            row->question->service == of->question->service)
            continue;
        double far = distance(judge, of, row);
        if (far < least) {
            least = far;
            best = row;
        }
    }
    return best;
}

/* What a rule foretells for a row; NAN: nothing. */
static double foretell(const struct judge *judge, const char *rule,
                       const struct row *row)
{
    if (!strcmp(rule, "forecast"))
        return row->forecast;
    if (!strcmp(rule, "laws"))
        return row->quantity == QUANTITY_THROUGHPUT ? row->question->law_per_s
                                                    : NAN;
    const struct row *near = nearest(judge, row);
    return near ? near->measured : NAN;
}

/* Rows that every rule answers, so that all are judged on the same. */
static void add_errors(struct judge *judge, const char *rule,
                       enum quantity quantity)
{
    int n = 0;

    for (int i = 0; i < judge->rows->count; i++) {
        const struct row *row = &judge->rows->rows[i];
        if (row->quantity != quantity || !row->judged || !nearest(judge, row))
            continue;
        double foretold = foretell(judge, rule, row);
        if (isfinite(foretold))
            judge->values[n++] = fabs(foretold / row->measured - 1);
    }
    add(judge, rule, quantity_name(quantity), n, NAN);
}

/* The closed loop of a service under each model; NULL: not measured. */
static int closed_rows(const struct judge *judge, int service,
                       const struct row **found)
{
    int n = 0;

    for (int i = 0; i < judge->rows->count; i++) {
        const struct row *row = &judge->rows->rows[i];
        if (row->question->service == service &&
            row->quantity == QUANTITY_THROUGHPUT && row->judged &&
            !row->question->model->foreign)
            found[n++] = row;
    }
    return n;
}

/* What a rule that chooses a model foretells for it, or how much it likes it;
 * NAN: nothing. */
static double liking(const struct judge *judge, const char *rule,
                     const struct row *row)
{
    if (!strcmp(rule, "always the loop"))
        return strcmp(row->question->model->name, LOOP) ? NAN : 1;
    return foretell(judge, rule, row);
}

/* The models that a rule would take: several, where it likes them alike.
 * Returns how many; 0: the rule cannot tell. */
static int pick(const struct judge *judge, const char *rule,
                const struct row *const *rows, int n, const struct row **picked)
{
    double most = 0;
    int count = 0;

    for (int i = 0; i < n; i++)
        most = fmax(most, liking(judge, rule, rows[i]));
    for (int i = 0; i < n && most > 0; i++)
        if (liking(judge, rule, rows[i]) >= most * (1 - TIE))
            picked[count++] = rows[i];
    return count;
}

static const char *const choosers[] = {"forecast", "nearest cell", "laws",
                                       "always the loop"};
enum { CHOOSERS = sizeof choosers / sizeof *choosers };

static double regret_of(const struct row *picked, const struct row *best)
{
    return best->measured / picked->measured - 1;
}

static const struct row *best_of(const struct row *const *rows, int n)
{
    const struct row *best = rows[0];

    for (int i = 1; i < n; i++)
        if (rows[i]->measured > best->measured)
            best = rows[i];
    return best;
}

/* What a rule takes: of models that it likes alike the mean of their regrets,
 * and the share of them that are right, as if it took one by chance. NULL: it
 * cannot tell. */
static json_t *pick_json(const struct judge *judge, const char *rule,
                         const struct row *const *rows, int n)
{
    const struct row **picked = judge->found + judge->rows->count;
    const struct row *best = best_of(rows, n);
    int count = pick(judge, rule, rows, n, picked);
    double regrets = 0, right = 0;
    char names[1024] = "";

    for (int i = 0; i < count; i++) {
        size_t used = strlen(names);
        double regret = regret_of(picked[i], best);
        regrets += regret;
        right += regret <= RIGHT_CHOICE;
        snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                 picked[i]->question->model->name);
    }
    if (count == 0)
        return NULL;
    return json_pack("{s:s, s:s, s:f, s:f}", "by", rule, "model", names,
                     "regret", regrets / count, "right", right / count);
}

static void add_choices(struct judge *judge)
{
    const struct row **rows = judge->found;

    for (int s = 0; s < judge->questions->service_count; s++) {
        int n = closed_rows(judge, s, rows);
        if (n < 2)
            continue;
        const struct row *best = best_of(rows, n);
        json_t *picks = json_array();
        for (int c = 0; c < CHOOSERS; c++) {
            json_t *picked = pick_json(judge, choosers[c], rows, n);
            if (picked)
                json_array_append_new(picks, picked);
        }
        json_array_append_new(judge->baselines->choices,
                              json_pack("{s:i, s:s, s:o}", "service", s + 1,
                                        "best", best->question->model->name,
                                        "picks", picks));
    }
    for (int c = 0; c < CHOOSERS; c++) {
        const json_t *choice;
        double right = 0;
        size_t i;
        int n = 0;
        json_array_foreach (judge->baselines->choices, i, choice) {
            const json_t *row = json_row_of(json_object_get(choice, "picks"),
                                            "by", choosers[c]);
            if (!row)
                continue;
            judge->values[n++] = json_figure_of(row, "regret");
            right += json_figure_of(row, "right");
        }
        struct baseline *b = add(judge, choosers[c], CHOICE, n, RIGHT_CHOICE);
        if (n > 0)
            b->right = right / n;
    }
}

/* The p99 rows about numbers of workers of a service. */
static int worker_rows(const struct judge *judge, int service,
                       const struct row **found)
{
    int n = 0;

    for (int i = 0; i < judge->rows->count; i++) {
        const struct row *row = &judge->rows->rows[i];
        if (row->question->service == service && row->question->workers &&
            row->quantity == QUANTITY_P99)
            found[n++] = row;
    }
    return n;
}

static json_t *reasons_json(unsigned reasons)
{
    json_t *list = json_array();

    for (int bit = 0; bit < WORKERS_REASONS; bit++)
        if (reasons & 1u << bit)
            json_array_append_new(list,
                                  json_string(questions_workers_name(bit)));
    return list;
}

static json_t *worker_rows_json(const struct row *const *rows, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(
            list, json_pack("{s:i, s:o, s:o, s:o, s:b, s:s}", "workers",
                            rows[i]->question->worker_count, "is",
                            reasons_json(rows[i]->question->workers),
                            "latency_p99_ns", json_finite(rows[i]->measured),
                            "forecast_p99_ns", json_finite(rows[i]->forecast),
                            "judged", rows[i]->judged, "not_judged",
                            rows[i]->judged ? "" : rows[i]->not_judged));
    return list;
}

/* Regret of the number of workers that a rule gives; NAN: it cannot be said.
 * Of an overloaded pool the percentile is what it came to in the window. */
static double workers_regret(const struct row *const *rows, int n,
                             unsigned reason)
{
    const struct row *chosen = NULL;
    double best = INFINITY;

    for (int i = 0; i < n; i++)
        if (rows[i]->question->workers & reason)
            chosen = rows[i];
    for (int i = 0; i < n && chosen; i++)
        if (rows[i]->judged && rows[i]->percentile == chosen->percentile)
            best = fmin(best, rows[i]->measured);
    bool overload = chosen && (json_true_of(chosen->trial, "overloaded") ||
                               !isfinite(chosen->forecast));
    if (!chosen || !isfinite(chosen->measured) || !isfinite(best) ||
        !(chosen->judged || overload))
        return NAN;
    return fmax(0, chosen->measured / best - 1);
}

static void add_workers(struct judge *judge)
{
    static const struct {
        const char *name;
        unsigned reason;
    } rules[] = {
        {"forecast", WORKERS_NEEDED}, {"half", WORKERS_HALF},
        {"double", WORKERS_DOUBLE},   {"goetz", WORKERS_GOETZ},
        {"2c+1", WORKERS_GUNICORN},   {"unlimited", WORKERS_UNLIMITED}};
    const struct row **rows = judge->found;

    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        int n = 0;
        for (int s = 0; s < judge->questions->service_count; s++) {
            int count = worker_rows(judge, s, rows);
            double regret = workers_regret(rows, count, rules[r].reason);
            double ours = workers_regret(rows, count, WORKERS_NEEDED);
            if (isfinite(regret) && isfinite(ours))
                judge->values[n++] = regret;
        }
        add(judge, rules[r].name, WORKERS, n, RIGHT_WORKERS);
    }
    for (int s = 0; s < judge->questions->service_count; s++) {
        int count = worker_rows(judge, s, rows);
        if (count > 0)
            json_array_append_new(
                judge->baselines->workers,
                json_pack("{s:i, s:s, s:f, s:o}", "service", s + 1, "model",
                          rows[0]->question->model->name, "rate_per_s",
                          rows[0]->question->rate_per_s, "rows",
                          worker_rows_json(rows, count)));
    }
}

int baselines_make(const struct questions *questions, const struct rows *rows,
                   struct baselines *baselines)
{
    size_t room = (size_t)rows->count + (size_t)questions->service_count + 1;
    struct judge judge = {questions, rows, baselines,
                          calloc(room, sizeof *judge.values),
                          calloc(2 * room, sizeof *judge.found)};

    *baselines =
        (struct baselines){.choices = json_array(), .workers = json_array()};
    if (!judge.values || !judge.found) {
        free(judge.values);
        free(judge.found);
        return -ENOMEM;
    }
    add_errors(&judge, "forecast", QUANTITY_THROUGHPUT);
    add_errors(&judge, "nearest cell", QUANTITY_THROUGHPUT);
    add_errors(&judge, "laws", QUANTITY_THROUGHPUT);
    add_errors(&judge, "forecast", QUANTITY_P99);
    add_errors(&judge, "nearest cell", QUANTITY_P99);
    add_choices(&judge);
    add_workers(&judge);
    free(judge.values);
    free(judge.found);
    return 0;
}

void baselines_free(struct baselines *baselines)
{
    json_decref(baselines->choices);
    json_decref(baselines->workers);
}

const struct baseline *baselines_find(const struct baselines *baselines,
                                      const char *name, const char *of)
{
    for (int i = 0; i < baselines->count; i++)
        if (!strcmp(baselines->rows[i].name, name) &&
            !strcmp(baselines->rows[i].of, of))
            return &baselines->rows[i];
    return NULL;
}

json_t *baselines_json(const struct baselines *baselines)
{
    json_t *list = json_array();

    for (int i = 0; i < baselines->count; i++) {
        const struct baseline *b = &baselines->rows[i];
        bool errors = !strcmp(b->of, CHOICE) + !strcmp(b->of, WORKERS) == 0;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "name",
                            b->name, "quantity", b->of, "n", b->n, "median",
                            json_finite_if(b->median, errors), "p90",
                            json_finite_if(b->p90, errors), "regret_median",
                            json_finite_if(b->median, !errors), "regret_p90",
                            json_finite_if(b->p90, !errors), "right",
                            json_finite(b->right)));
    }
    return list;
}
