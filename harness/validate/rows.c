/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "models/runtime/base/discipline.h"
#include "reading.h"

double rows_residual(const struct row *row)
{
    return log(row->measured / row->forecast);
}

static const json_t *trial_of(const json_t *trials,
                              const struct question *question)
{
    char experiment[32];
    const json_t *trial;
    size_t i;

    snprintf(experiment, sizeof experiment, "service-%d",
             question->service + 1);
    json_array_foreach (trials, i, trial)
        if (json_text_is(trial, "experiment", experiment) &&
            json_text_is(trial, "load_point", question->place) &&
            json_text_is(json_object_get(trial, "cell"), "model",
                         question->model->name))
            return trial;
    return NULL;
}

int rows_services_done(const struct questions *questions, const json_t *trials)
{
    bool done[HELD_OUT_MAX];
    int count = 0;

    for (int s = 0; s < questions->service_count; s++)
        done[s] = questions_measured(questions, s);
    for (int i = 0; i < questions->count; i++)
        if (!trial_of(trials, &questions->rows[i]))
            done[questions->rows[i].service] = false;
    for (int s = 0; s < questions->service_count; s++)
        count += done[s];
    return count;
}

static double figure_of(const struct forecast *f, const struct forecast *r,
                        enum quantity quantity, int percentile)
{
    switch (quantity) {
    case QUANTITY_THROUGHPUT:
        return f->simulated ? f->rate_per_s : NAN;
    case QUANTITY_CPU:
        return r->request_cpu_ns > 0 ? r->request_cpu_ns : NAN;
    case QUANTITY_MEMORY:
        return f->memory_bytes;
    case QUANTITY_P50:
        return r->simulated ? r->p50_ns.value : NAN;
    case QUANTITY_P99:
        if (!r->simulated)
            return NAN;
        return percentile == 99 ? r->p99_ns.value : r->p90_ns.value;
    case QUANTITIES:
        break;
    }
    return NAN;
}

static double forecast_of(const struct question *question,
                          enum quantity quantity, int percentile)
{
    const struct forecast *f = &question->forecast;

    if (!question->forecasted)
        return NAN;
    return figure_of(f, question->open ? &question->replayed : f, quantity,
                     percentile);
}

/* The measured figure; with too few requests for p99, p90 instead. */
static double measure(struct row *row)
{
    char why[sizeof row->not_judged];
    double value = metric_of(metric_find(quantity_name(row->quantity)),
                             row->trial, why, sizeof why);

    if (isnan(value) && row->quantity == QUANTITY_P99) {
        row->percentile = 90;
        value = reading_percentile(row->trial, 90);
    }
    if (isnan(value))
        snprintf(row->not_judged, sizeof row->not_judged, "%s", why);
    return value;
}

/* Whether the server was not the limit of what the row is about. */
static bool bounded(const struct row *row)
{
    if (row->quantity == QUANTITY_CPU || row->quantity == QUANTITY_MEMORY)
        return false;
    return reading_is_bound(row->trial, row->quantity == QUANTITY_THROUGHPUT
                                            ? "throughput"
                                            : "latency");
}

/* Why the pair says nothing of the forecast; false: it does. */
static bool excused(struct row *row)
{
    double stall_ns = json_figure_in(row->trial, "platform", "max_ns");
    char *why = row->not_judged;
    size_t size = sizeof row->not_judged;
    bool latency =
        row->quantity == QUANTITY_P50 || row->quantity == QUANTITY_P99;

    if (!isfinite(row->forecast))
        snprintf(why, size, "%s",
                 latency && row->question->forecasted
                     ? "overload is forecast: there is no latency to compare"
                     : "there is no forecast");
    else if (bounded(row))
        snprintf(why, size, "not the server but %s was the limit",
                 json_text_of(json_object_get(row->trial, "bound"), "by"));
    else if (latency && json_true_of(row->trial, "overloaded"))
        snprintf(why, size, "overloaded: latency depends on the window");
    else if (row->quantity == QUANTITY_P99 &&
             reading_is_stalled(row->trial, row->measured))
        snprintf(why, size,
                 "the machine froze for up to %s, over a tenth of "
                 "what was measured",
                 digits_ns(stall_ns).text);
    else if (row->quantity == QUANTITY_MEMORY &&
             metric_error_share(metric_find("memory_total_bytes"), row->trial,
                                &(bool){false}) > 0)
        snprintf(why, size, "the measured memory is an estimate");
    return why[0] != '\0';
}

static struct row row_of(const struct question *question, const json_t *trial,
                         enum quantity quantity)
{
    struct row row = {
        .question = question,
        .quantity = quantity,
        .percentile = quantity == QUANTITY_P99   ? 99
                      : quantity == QUANTITY_P50 ? 50
                                                 : 0,
        .measured = NAN,
        .with_cpu = NAN,
        .band = NAN,
        .trial = trial,
    };

    if (!trial)
        snprintf(row.not_judged, sizeof row.not_judged, "it was not measured");
    else if (!json_true_of(trial, "valid"))
        snprintf(row.not_judged, sizeof row.not_judged, "%.150s",
                 json_text_of(trial, "reason"));
    else
        row.measured = measure(&row);
    row.forecast = forecast_of(question, quantity, row.percentile);
    row.judged = isfinite(row.measured) && row.measured > 0 && !excused(&row);
    if (!row.judged && row.not_judged[0] == '\0')
        snprintf(row.not_judged, sizeof row.not_judged, "nothing was measured");
    return row;
}

static bool is_latency(const struct row *row)
{
    return row->quantity == QUANTITY_P50 || row->quantity == QUANTITY_P99;
}

/* The forecasts of one question's latencies with the CPU as it was measured. */
static int add_with_cpu(const struct questions *questions, struct row *rows,
                        int count)
{
    struct forecast f = {0};
    double cpu_ns = NAN;
    bool judged = false;

    for (int i = 0; i < count; i++) {
        if (rows[i].quantity == QUANTITY_CPU && rows[i].judged)
            cpu_ns = rows[i].measured;
        judged |= rows[i].judged && is_latency(&rows[i]);
    }
    if (!judged || !isfinite(cpu_ns))
        return 0;
    int status = questions_with_cpu(questions, rows->question, cpu_ns, &f);
    for (int i = 0; i < count && status == 0; i++)
        if (rows[i].judged && is_latency(&rows[i]))
            rows[i].with_cpu =
                figure_of(&f, &f, rows[i].quantity, rows[i].percentile);
    return status;
}

int rows_make(const struct questions *questions, const json_t *trials,
              struct rows *rows)
{
    rows->count = 0;
    rows->rows =
        calloc((size_t)questions->count * ROWS_OF_ONE + 1, sizeof *rows->rows);
    if (!rows->rows)
        return -ENOMEM;
    for (int i = 0; i < questions->count; i++) {
        const struct question *question = &questions->rows[i];
        const json_t *trial = trial_of(trials, question);
        int first = rows->count;
        for (int q = 0; q < QUANTITIES; q++)
            if (q == QUANTITY_CPU ||
                question->open != (q == QUANTITY_THROUGHPUT))
                rows->rows[rows->count++] = row_of(question, trial, q);
        if (add_with_cpu(questions, &rows->rows[first], rows->count - first) <
            0)
            return -ENOMEM;
    }
    return 0;
}

void rows_free(struct rows *rows)
{
    free(rows->rows);
    rows->rows = NULL;
}

/* CPU of a request, measured / forecast; NAN: unknown. */
static double cost_ratio(const struct row *row)
{
    char why[160];
    return metric_of(metric_find("cpu_per_request_ns"), row->trial, why,
                     sizeof why) /
           forecast_of(row->question, QUANTITY_CPU, 0);
}

static const double COST_EXPLAINS = 0.5, RUN_QUEUE_MATTERS = 0.5;

/* Whether the CPU of a request explains half of the miss of a latency: with the
 * CPU as measured, the forecast is half as far off, in logarithms. */
static bool explains_latency(const struct row *row, char *words, size_t size)
{
    double off = fabs(log(row->measured / row->with_cpu));
    char then[48];

    if (!(off < (1 - COST_EXPLAINS) * fabs(rows_residual(row))))
        return false;
    snprintf(words, size,
             "cpu: a request took %+.1f %% CPU beyond the forecast, and with "
             "that CPU the forecast is %s",
             100 * (cost_ratio(row) - 1),
             metric_format("_ns", row->with_cpu, then, sizeof then));
    return true;
}

/* Whether the CPU of a request explains half of the miss. */
static bool costs(const struct row *row, char *words, size_t size)
{
    double ratio = cost_ratio(row);
    double missed = row->forecast / row->measured - 1;

    if (is_latency(row))
        return explains_latency(row, words, size);
    if (!((ratio - 1) / missed > COST_EXPLAINS))
        return false;
    snprintf(words, size,
             "cpu: a request took %+.1f %% CPU beyond the forecast",
             100 * (ratio - 1));
    return true;
}

/* The time in which requests were ready and waited for a CPU. */
static bool queued(const struct row *row, char *words, size_t size)
{
    double wait_ns = json_figure_in(row->trial, "run_queue", "wait_ns");
    double requests =
        json_figure_in(row->trial, "requests", "completed_in_window");
    double more_ns = row->measured - row->forecast;

    if (!(wait_ns / requests > RUN_QUEUE_MATTERS * fabs(more_ns)))
        return false;
    snprintf(words, size,
             "run queue: threads waited %s for a CPU in each request, "
             "%s %s than forecast in all",
             digits_ns(wait_ns / requests).text, digits_ns(fabs(more_ns)).text,
             more_ns > 0 ? "longer" : "shorter");
    return true;
}

void rows_explain(struct row *row)
{
    const json_t *prediction = json_object_get(row->trial, "prediction");
    const char *cause = json_text_of(prediction, "cause");
    char *words = row->cause;
    size_t size = sizeof row->cause;
    bool outside = !strcmp(cause, "limit") || !strcmp(cause, "failures") ||
                   !strcmp(cause, "generator") || !strcmp(cause, "waves") ||
                   !strcmp(cause, "backend");
    double stolen = json_figure_in(row->trial, "machine", "steal_ns") /
                    json_figure_of(row->trial, "window_ns");

    if (outside)
        snprintf(words, size, "%s: %.280s", cause,
                 json_text_of(prediction, "evidence"));
    else if (row->quantity == QUANTITY_MEMORY)
        snprintf(words, size,
                 "memory: %s %s than workers, connections and requests "
                 "in flight should hold",
                 digits_bytes(fabs(row->measured - row->forecast)).text,
                 row->measured > row->forecast ? "more" : "less");
    else if (row->quantity != QUANTITY_CPU && costs(row, words, size))
        return;
    else if (stolen > 0.01)
        snprintf(words, size,
                 "steal: the hypervisor took %.1f %% of a CPU meanwhile",
                 100 * stolen);
    else if (is_latency(row) && queued(row, words, size))
        return;
    else
        snprintf(words, size, "unexplained");
}

static json_t *row_json(const struct row *row)
{
    const struct question *question = row->question;
    const struct model_constants *model = question->model;

    return json_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:i, s:s, s:o, s:o, s:o, s:o, s:b, s:o, "
        "s:o, s:o, s:o}",
        "service", question->service + 1, "load_point", question->place,
        "model", model->name, "discipline", discipline_name(model->discipline),
        "foreign", model->foreign, "workers", question->worker_count,
        "quantity", quantity_name(row->quantity), "percentile",
        json_positive(row->percentile), "forecast", json_finite(row->forecast),
        "measured", json_finite(row->measured), "with_cpu",
        json_finite(row->with_cpu), "judged", row->judged, "not_judged",
        json_text(row->judged ? "" : row->not_judged), "load",
        json_finite_if(question->forecast.load,
                       question->forecasted && question->open),
        "band", json_finite(row->band), "cause", json_text(row->cause));
}

json_t *rows_json(const struct rows *rows)
{
    json_t *list = json_array();

    for (int i = 0; i < rows->count; i++)
        json_array_append_new(list, row_json(&rows->rows[i]));
    return list;
}
