/* SPDX-License-Identifier: MIT */
#include "advice.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/json.h"
#include "harness/calibrate/machine_file.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "harness/run/environment.h"

static bool is_none(const char *path)
{
    return path && !strcmp(path, "none");
}

int advice_machine(const char *path, struct machine *machine, bool *shipped,
                   char *why, size_t why_size)
{
    *shipped = is_none(path) || (!path && !machine_file_exists(NULL));
    if (!*shipped)
        return machine_file_read(path, machine, why, why_size);
    char reason[512];
    if (machine_file_shipped(machine, reason, sizeof reason) == 0)
        return 0;
    snprintf(why, why_size,
             "no constants of this machine, and those of another one cannot be "
             "read: %s; measure this machine with troika calibrate",
             reason);
    return -EINVAL;
}

/* The file of residuals, or "" where none is to be read. */
static const char *bands_path(const char *path, char *text, size_t size)
{
    char root[512];

    text[0] = '\0';
    if (path) {
        snprintf(text, size, "%s", is_none(path) ? "" : path);
        return text;
    }
    results_default_root(root, sizeof root);
    snprintf(text, size, "%s/validation.json", root);
    if (access(text, F_OK) != 0)
        text[0] = '\0';
    return text;
}

json_t *advice_bands_json(const char *path, char *why, size_t why_size)
{
    char file[4096];

    bands_path(path, file, sizeof file);
    if (file[0])
        return stored_json(file, NULL, why, why_size);
    snprintf(why, why_size, "there is no validation");
    return NULL;
}

int advice_bands(const char *path, const struct machine *machine,
                 struct bands *bands, char *why, size_t why_size)
{
    char file[4096], reason[1024];

    *bands = (struct bands){0};
    if (!bands_path(path, file, sizeof file)[0])
        return 0;
    json_t *json = stored_json(file, NULL, reason, sizeof reason);
    bool is_json = json;
    int status = -EINVAL;
    if (is_json)
        status = bands_read(json, bands, reason, sizeof reason);
    json_decref(json);
    if (status < 0)
        snprintf(why, why_size,
                 "no residuals: %.3000s%s%s; validate again, or give "
                 "--validation none",
                 is_json ? file : "", is_json ? ": " : "", reason);
    else
        bands_match(bands, machine);
    return status < 0 ? -EINVAL : 0;
}

struct as_of advice_now(void)
{
    json_t *environment = environment_capture();
    struct as_of now = {.at_s = time(NULL)};

    snprintf(now.fingerprint, sizeof now.fingerprint, "%s",
             json_text_of(environment, "fingerprint"));
    json_decref(environment);
    return now;
}

static bool chosen(const struct question *question, const char *name)
{
    for (int i = 0; i < question->model_count; i++)
        if (!strcmp(question->models[i], name))
            return true;
    return question->model_count == 0;
}

bool question_asks(const struct question *question, enum language language,
                   const struct model_constants *model)
{
    if (question->model_count > 0)
        return chosen(question, model->name);
    return language == LANGUAGE_ANY || language == model_language(model);
}

/* When the oldest constants of the models that are asked for were measured. */
static const char *oldest_at(const struct advice *advice)
{
    const struct machine *machine = advice->machine;
    const char *oldest = NULL;

    for (int i = 0; i < machine->model_count; i++) {
        const char *at = machine_at_of(machine, &machine->models[i]);
        if (chosen(advice->question, machine->models[i].name) &&
            (!oldest || strcmp(at, oldest) < 0))
            oldest = at;
    }
    return oldest ? oldest : machine->at;
}

/* What speaks against the constants. */
static void doubt(struct advice *advice)
{
    const struct machine *machine = advice->machine;
    struct as_of now = advice->question->as_of.at_s > 0
                           ? advice->question->as_of
                           : advice_now();
    struct tm at = {0};
    char *text = advice->doubt;
    size_t size = sizeof advice->doubt;

    snprintf(advice->fingerprint, sizeof advice->fingerprint, "%s",
             now.fingerprint);
    advice->foreign = advice->shipped ||
                      strcmp(advice->fingerprint, machine->fingerprint) != 0;
    double days = strptime(oldest_at(advice), "%Y-%m-%dT%H:%M:%SZ", &at)
                      ? difftime((time_t)now.at_s, timegm(&at)) / 86400
                      : INFINITY;
    bool to_come = days < -1; /* clocks may differ by a day */
    advice->stale = days > ADVICE_DAYS_MAX || to_come;
    if (advice->shipped && advice->question->scaled)
        snprintf(text, size,
                 "they came with this program, and their times are scaled by "
                 "what the run's cells cost: troika calibrate measures this "
                 "machine");
    else if (advice->shipped)
        snprintf(text, size,
                 "they came with this program and are another machine's: take "
                 "ratios of models from them, no times; troika calibrate "
                 "measures this one");
    else if (advice->foreign)
        snprintf(text, size,
                 "they are of another machine, kernel or build: take ratios "
                 "of models from them, no times; troika calibrate");
    if (advice->stale && !advice->shipped) {
        size_t used = strlen(text);
        if (to_come)
            snprintf(text + used, size - used,
                     "%stheir date, %s, is still to come: is the clock right?",
                     used ? "; " : "", oldest_at(advice));
        else
            snprintf(text + used, size - used,
                     "%sthey are %.0f days old: troika calibrate",
                     used ? "; " : "", days);
    }
}

/* Whether the residuals are of forecasts from these constants. */
static void accept_bands(struct advice *advice)
{
    const struct bands *bands = advice->bands;
    const struct machine *machine = advice->machine;
    char *why = advice->unused;
    size_t size = sizeof advice->unused;

    if (bands->run_id[0] == '\0')
        return;
    if (bands->afterwards)
        snprintf(why, size,
                 "in the validation of %s the forecasts came after the "
                 "measurements (--again), so its errors are not used",
                 bands->at);
    else if (strcmp(bands->fingerprint, machine->fingerprint) != 0)
        snprintf(why, size,
                 "the validation of %s is of another machine, kernel or build "
                 "than the constants, so its errors are not used",
                 bands->at);
    else if (bands->residual_count == 0 && bands->validated_run[0])
        snprintf(why, size,
                 "the validation of %s is of the constants %s, and these are "
                 "%s, so its errors are not used",
                 bands->at, bands->validated_run, bands->present_run);
    else if (bands->residual_count == 0)
        snprintf(why, size, "nothing could be judged in the validation of %s",
                 bands->at);
    advice->validated = why[0] == '\0';
}

static void forecast_all(struct advice *advice)
{
    const struct question *q = advice->question;
    const struct machine *machine = advice->machine;

    for (int i = 0; i < machine->model_count; i++) {
        const struct model_constants *model = &machine->models[i];
        struct advised *row = &advice->models[advice->model_count];
        struct unforecast *none = &advice->unforecast[advice->unforecast_count];

        if (!chosen(q, model->name))
            continue;
        none->model = model;
        if (forecast_make(&q->service, machine, model, q->workers,
                          &q->precision, &row->forecast, none->why,
                          sizeof none->why) < 0)
            advice->unforecast_count++;
        else
            advice->model_count++;
    }
}

/* Where the service lies among those that were validated. */
static void place(struct advice *advice)
{
    advice->outside = (struct outside){.factor = 1};
    if (!advice->validated)
        return;
    struct service service = advice->question->service;
    /* Services were validated by the CPU time of their work in C. */
    if (advice->machine->own_time > 0)
        service.cpu_ns /= advice->machine->own_time;
    advice->outside =
        bands_outside(advice->bands, &service, advice->machine->cores);
    advice->nearest = bands_nearest(advice->bands, &service);
}

/* What the simulation itself leaves open of a figure. */
static double simulated_share(const struct forecast *f, enum quantity quantity)
{
    if (!f->simulated)
        return 0;
    return quantity == QUANTITY_P50   ? forecast_half_share(&f->p50_ns)
           : quantity == QUANTITY_P99 ? forecast_half_share(&f->p99_ns)
                                      : 0;
}

static void band_all(struct advice *advice)
{
    bool open = advice->question->service.rate_per_s > 0;

    for (int i = 0; i < advice->model_count; i++) {
        struct advised *row = &advice->models[i];
        const struct model_constants *model = row->forecast.model;
        double load = open ? row->forecast.load : NAN;

        row->nearest_ratio = advice->nearest
                                 ? bands_ratio(advice->bands, advice->nearest,
                                               model->name, QUANTITY_THROUGHPUT)
                                 : NAN;
        for (int q = 0; q < QUANTITIES; q++) {
            row->bands[q] = (struct band){.factor = NAN};
            if (advice->validated &&
                !bands_outdated(advice->bands, model->name))
                row->bands[q] = band_widened(
                    band_of(advice->bands, q, model->discipline, load),
                    &advice->outside);
            row->bands[q].factor *= 1 + simulated_share(&row->forecast, q);
        }
    }
}

bool advice_overloaded(const struct advice *advice,
                       const struct forecast *forecast)
{
    return advice->question->service.rate_per_s > 0 &&
           forecast->load >= FORECAST_OVERLOAD;
}

enum kept advice_kept(const struct advice *advice,
                      const struct forecast *forecast)
{
    enum kept on_limit = forecast->on_limit;

    if (advice->laws_alone && on_limit == KEPT_UNKNOWN)
        on_limit = KEPT_UNASKED;
    enum kept kept = kept_both(on_limit, forecast->on_memory);
    return kept != KEPT_UNASKED && advice_overloaded(advice, forecast)
               ? KEPT_NOT
               : kept;
}

static void look_for_remedies(struct advice *advice)
{
    const struct forecast *forecasts[CONSTANTS_MODELS_MAX];
    const struct question *q = advice->question;
    bool kept = advice->laws_alone || q->service.limit_ns <= 0;

    for (int i = 0; i < advice->model_count; i++) {
        forecasts[i] = &advice->models[i].forecast;
        kept |= forecasts[i]->on_limit != KEPT_NOT;
    }
    if (!kept)
        advice->remedies =
            remedies_find(&q->service, advice->machine, forecasts,
                          advice->model_count, &q->precision);
}

void advice_begin(const struct question *question,
                  const struct machine *machine, bool shipped,
                  const struct bands *bands, struct advice *advice)
{
    *advice = (struct advice){.question = question,
                              .machine = machine,
                              .shipped = shipped,
                              .bands = bands,
                              .laws_alone = question->precision.requests == 0};
    doubt(advice);
    accept_bands(advice);
    place(advice);
}

/* What would do, where every model is known not to fit into the memory. */
static void look_for_memory(struct advice *advice)
{
    const struct forecast *forecasts[CONSTANTS_MODELS_MAX];

    advice->least = (struct least_memory){.model = NULL};
    for (int i = 0; i < advice->model_count; i++) {
        forecasts[i] = &advice->models[i].forecast;
        if (forecasts[i]->on_memory != KEPT_NOT)
            return;
    }
    if (advice->unforecast_count == 0)
        advice->least = least_memory_find(
            &advice->question->service, advice->machine, forecasts,
            advice->model_count, &advice->question->precision);
}

void advice_finish(struct advice *advice)
{
    band_all(advice);
    advice->kept = advice->unforecast_count > 0 || advice->model_count == 0
                       ? KEPT_UNKNOWN
                       : KEPT_NOT;
    for (int i = 0; i < advice->model_count; i++)
        advice->kept = kept_either(
            advice->kept, advice_kept(advice, &advice->models[i].forecast));
    look_for_remedies(advice);
    look_for_memory(advice);
}

void advice_make(const struct question *question, const struct machine *machine,
                 bool shipped, const struct bands *bands, struct advice *advice)
{
    advice_begin(question, machine, shipped, bands, advice);
    forecast_all(advice);
    advice_finish(advice);
}
