/* SPDX-License-Identifier: MIT */
#include "taken.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "harness/validate/reading.h"

double taken_figure(const json_t *trial, enum quantity quantity)
{
    char why[160];

    return metric_of(metric_find(quantity_name(quantity)), trial, why,
                     sizeof why);
}

/* The latency at the percentile; NAN, and why. */
static double measured_latency(const struct service *p, const json_t *trial,
                               double percentile, char *why, size_t size)
{
    double latency_ns = reading_percentile(trial, percentile);
    double stall_ns = json_figure_in(trial, "platform", "max_ns");
    char withheld[160] = "the trial has too few requests for it";

    if (isnan(latency_ns)) {
        metric_of(metric_find(quantity_name(QUANTITY_P50)), trial, withheld,
                  sizeof withheld);
        snprintf(why, size, "%s", withheld);
        return NAN;
    }
    if (reading_is_bound(trial, "latency")) {
        snprintf(why, size, "not the server but %s was the limit",
                 json_text_of(json_object_get(trial, "bound"), "by"));
        return NAN;
    }
    /* Far below its limit, what a stall adds decides nothing. */
    if (!reading_is_stalled(trial, fmax(latency_ns, p->limit_ns)))
        return latency_ns;
    if (isfinite(stall_ns))
        snprintf(why, size, "the machine froze for up to %s meanwhile",
                 digits_ns(stall_ns).text);
    else
        snprintf(why, size,
                 "for how long the machine froze meanwhile is not known");
    return NAN;
}

/* Whether the trial shows memory and latency: between slices a server has no
 * load. */
static bool is_whole(const json_t *trial)
{
    const json_t *load =
        json_object_get(json_object_get(trial, "cell"), "load");

    return !json_text_is(load, "mode", "slice");
}

void taken_measured(const struct service *service, const json_t *trial,
                    double percentile, double *measured, char *why,
                    size_t why_size)
{
    for (int q = 0; q < QUANTITIES; q++)
        measured[q] = taken_figure(trial, q);
    if (service->rate_per_s > 0 || reading_is_bound(trial, "throughput"))
        measured[QUANTITY_THROUGHPUT] = NAN;
    if (!is_whole(trial) ||
        metric_error_share(metric_find(quantity_name(QUANTITY_MEMORY)), trial,
                           &(bool){false}) > 0)
        measured[QUANTITY_MEMORY] = NAN;
    if (is_whole(trial))
        measured[QUANTITY_P99] =
            measured_latency(service, trial, percentile, why, why_size);
    else {
        measured[QUANTITY_P99] = NAN;
        snprintf(why, why_size, "a server in slices shows no latency");
    }
    if (json_true_of(trial, "overloaded") || isnan(measured[QUANTITY_P99]))
        measured[QUANTITY_P50] = measured[QUANTITY_P99] = NAN;
}

void taken_forecast(const struct service *service,
                    const struct forecast *forecast, double *of)
{
    const struct forecast *f = forecast;
    bool known = f->simulated && f->beyond <= 0;
    bool open = service->rate_per_s > 0;

    of[QUANTITY_THROUGHPUT] = known && !open ? f->rate_per_s : NAN;
    of[QUANTITY_CPU] = f->request_cpu_ns > 0 ? f->request_cpu_ns : NAN;
    of[QUANTITY_MEMORY] = f->memory_bytes;
    of[QUANTITY_P50] = known ? f->p50_ns.value : NAN;
    of[QUANTITY_P99] = !known                  ? NAN
                       : service->limit_ns > 0 ? f->limit_ns.value
                                               : f->p99_ns.value;
}

static bool forecast_sent(const struct taken *taken, struct forecast *forecast)
{
    struct precision precision = taken->precision;
    struct request_log log = {0};
    char why[256];
    int status = 0;

    if (taken->replay) {
        status = replay_make(taken->replay, &log);
        precision.log = &log;
    }
    if (status == 0)
        status = forecast_make(&taken->service, taken->machine, taken->model,
                               taken->workers, &precision, forecast, why,
                               sizeof why);
    replay_free(&log);
    return status == 0;
}

void taken_add(const struct taken *taken, const json_t *trial, int block,
               struct evidence *evidence)
{
    const struct service *p = &taken->service;
    double percentile = p->limit_ns > 0 ? p->limit_percent : 99;
    struct evidence_model *model =
        evidence_put(evidence, taken->model->name, taken->workers);
    struct forecast forecast;

    if (!model || model->count == EVIDENCE_BLOCKS_MAX)
        return;
    if (!json_true_of(trial, "valid")) {
        model->invalid++;
        snprintf(model->why, sizeof model->why, "%s",
                 json_text_of(trial, "reason"));
        return;
    }
    if (!forecast_sent(taken, &forecast)) {
        model->invalid++;
        snprintf(model->why, sizeof model->why,
                 "no forecast could be made of it");
        return;
    }
    struct evidence_trial *row = &model->trials[model->count++];
    row->block = block;
    row->overloaded = json_true_of(trial, "overloaded");
    taken_measured(p, trial, percentile, row->measured, model->unknown,
                   sizeof model->unknown);
    taken_forecast(p, &forecast, row->forecast);
}
