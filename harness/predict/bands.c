/* SPDX-License-Identifier: MIT */
#include "bands.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "harness/arithmetic/conformal.h"
#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"

static const double LOAD_MOST = 1000;

enum { SCHEMA_VERSION = 1, SERVICES_MOST = 4096, RESIDUALS_MOST = 1 << 20 };

static const double COVERED = 0.9, FAR = 4, NS_PER_S = 1e9;
static const double LOAD_ROUNDED = 0.01;

/* An input as validation.json calls it, and as a person does. Below `floor` no
 * two values of it differ: a request costs some 10 us by itself, a call some
 * 100 us, and the first KiB of an answer nothing. */
static const struct input {
    const char *member, *flag;
    double floor;
} inputs[BAND_INPUTS] = {
    [BAND_WAIT] = {"wait_ns", "wait", 1e5},
    [BAND_CPU] = {"cpu_ns", "cpu", 1e4},
    [BAND_CALLS] = {"calls", "calls", 1},
    [BAND_CONNECTIONS] = {"connections", "connections", 1},
    [BAND_PAYLOAD] = {"payload_bytes", "payload", 1024},
    [BAND_CV_WAIT] = {"cv_wait", "cv-wait", 0.25},
    [BAND_CV_CPU] = {"cv_cpu", "cv-cpu", 0.25},
};

const char *quantity_name(enum quantity quantity)
{
    static const char *const names[QUANTITIES] = {
        [QUANTITY_THROUGHPUT] = "throughput_per_s",
        [QUANTITY_CPU] = "cpu_per_request_ns",
        [QUANTITY_MEMORY] = "memory_total_bytes",
        [QUANTITY_P50] = "latency_p50_ns",
        [QUANTITY_P99] = "latency_p99_ns",
    };
    return names[quantity];
}

/* More than a service can be asked for, and an error beyond any. */
static const double INPUT_MOST = 1e15, FIGURE_LEAST = 1e-9, FIGURE_MOST = 1e18;

static bool read_service(struct checked *checked,
                         struct validated_service *service)
{
    service->number = (int)checked_whole(checked, "service", 1, SERVICES_MOST);
    for (int i = 0; i < BAND_INPUTS; i++)
        service->of[i] =
            checked_number(checked, inputs[i].member, 0, INPUT_MOST);
    return !checked->wrong;
}

static bool find_quantity(const char *name, enum quantity *quantity)
{
    for (int q = 0; q < QUANTITIES; q++)
        if (!strcmp(name, quantity_name(q))) {
            *quantity = q;
            return true;
        }
    return false;
}

static bool has_service(const struct bands *bands, int number)
{
    for (int i = 0; i < bands->service_count; i++)
        if (bands->services[i].number == number)
            return true;
    return false;
}

/* A deeper or shallower percentile than the quantity's own is no residual of
 * it. */
static bool is_other_percentile(struct checked *checked, enum quantity quantity)
{
    double percentile =
        json_object_get(checked->object, "percentile")
            ? checked_number_or_null(checked, "percentile", 0, 100)
            : NAN;

    return isfinite(percentile) &&
           ((quantity == QUANTITY_P50 && percentile != 50) ||
            (quantity == QUANTITY_P99 && percentile != 99));
}

/* *used: the residual is judged, and so part of the bands. */
static bool read_residual(struct checked *checked, const struct bands *bands,
                          struct residual *residual, bool *used)
{
    const json_t *json = checked->object;

    *residual = (struct residual){
        .service = (int)checked_whole(checked, "service", 1, SERVICES_MOST)};
    if (!has_service(bands, residual->service))
        checked_refuse(checked, "service", "the number of one of \"services\"");
    checked_text(checked, "model", residual->model, sizeof residual->model);
    residual->discipline = discipline_find(json_text_of(json, "discipline"));
    if (residual->discipline == DISCIPLINES)
        checked_refuse(checked, "discipline",
                       "unknown, alone, worker, thread, process or loop");
    if (!find_quantity(json_text_of(json, "quantity"), &residual->quantity))
        checked_refuse(checked, "quantity", "a quantity");
    *used = checked_flag(checked, "judged");
    if (*used)
        residual->log_error =
            log(checked_number(checked, "measured", FIGURE_LEAST, FIGURE_MOST) /
                checked_number(checked, "forecast", FIGURE_LEAST, FIGURE_MOST));
    residual->load = json_object_get(json, "load")
                         ? checked_number_or_null(checked, "load", 0, LOAD_MOST)
                         : NAN;
    if (!checked->wrong)
        *used = !is_other_percentile(checked, residual->quantity) && *used;
    return !checked->wrong;
}

static int read_services(struct checked *file, struct bands *bands)
{
    const json_t *list = checked_list(file, "services", 0, SERVICES_MOST), *row;
    size_t i;

    bands->services =
        calloc(json_array_size(list) + 1, sizeof *bands->services);
    if (!bands->services)
        return -ENOMEM;
    json_array_foreach (list, i, row) {
        struct validated_service *s = &bands->services[i];
        struct checked checked =
            checked_row(row, "services", i, file->why, file->why_size);
        file->wrong = !read_service(&checked, s);
        if (!file->wrong && has_service(bands, s->number)) {
            checked_refuse(&checked, "service", "another number than before");
            file->wrong = true;
        }
        if (file->wrong)
            return -EINVAL;
        bands->service_count++;
    }
    return file->wrong ? -EINVAL : 0;
}

static int read_residuals(struct checked *file, struct bands *bands)
{
    const json_t *list = checked_list(file, "residuals", 0, RESIDUALS_MOST);
    const json_t *row;
    size_t i;

    bands->residuals =
        calloc(json_array_size(list) + 1, sizeof *bands->residuals);
    if (!bands->residuals)
        return -ENOMEM;
    json_array_foreach (list, i, row) {
        struct checked checked =
            checked_row(row, "residuals", i, file->why, file->why_size);
        bool used;
        if (!read_residual(&checked, bands,
                           &bands->residuals[bands->residual_count], &used))
            return -EINVAL;
        bands->residual_count += used;
    }
    return file->wrong ? -EINVAL : 0;
}

/* The runs whose constants were validated; older files have one for all. */
static int read_runs(struct checked *file, struct bands *bands)
{
    const json_t *list, *row;
    size_t i;

    if (!json_object_get(file->object, "constants"))
        return 0;
    list = checked_list(file, "constants", 0, CONSTANTS_MODELS_MAX);
    json_array_foreach (list, i, row) {
        struct checked checked =
            checked_row(row, "constants", i, file->why, file->why_size);
        struct validated_model *model = &bands->models[i];
        checked_text(&checked, "model", model->name, sizeof model->name);
        checked_text(&checked, "run_id", model->run_id, sizeof model->run_id);
        if (checked.wrong)
            return -EINVAL;
        bands->model_count++;
    }
    return file->wrong ? -EINVAL : 0;
}

static bool is_judged(const struct bands *bands, int service)
{
    for (int i = 0; i < bands->residual_count; i++)
        if (bands->residuals[i].service == service)
            return true;
    return false;
}

/* A service of which nothing could be judged shows nothing. */
static void drop_unjudged(struct bands *bands)
{
    int kept = 0;

    for (int i = 0; i < bands->service_count; i++)
        if (is_judged(bands, bands->services[i].number))
            bands->services[kept++] = bands->services[i];
    bands->service_count = kept;
}

int bands_read(const json_t *json, struct bands *bands, char *why,
               size_t why_size)
{
    struct checked checked = checked_file(json, why, why_size);

    *bands = (struct bands){0};
    checked_whole(&checked, "schema_version", SCHEMA_VERSION, SCHEMA_VERSION);
    checked_text(&checked, "run_id", bands->run_id, sizeof bands->run_id);
    checked_text(&checked, "machine", bands->machine, sizeof bands->machine);
    checked_text(&checked, "fingerprint", bands->fingerprint,
                 sizeof bands->fingerprint);
    checked_time(&checked, "at", bands->at, sizeof bands->at);
    bands->afterwards = json_true_of(json, "afterwards");
    bands->cells = json_true_of(json, "cells");
    int status = checked.wrong ? -EINVAL : read_runs(&checked, bands);
    if (status == 0)
        status = read_services(&checked, bands);
    if (status == 0)
        status = read_residuals(&checked, bands);
    if (status == -ENOMEM)
        snprintf(why, why_size, "out of memory");
    if (status == 0)
        drop_unjudged(bands);
    return status;
}

/* The run whose constants of the model were validated. */
static const char *validated_run(const struct bands *bands, const char *model)
{
    for (int i = 0; i < bands->model_count; i++)
        if (!strcmp(bands->models[i].name, model))
            return bands->models[i].run_id;
    return bands->machine;
}

bool bands_outdated(const struct bands *bands, const char *model)
{
    for (int i = 0; i < bands->outdated_count; i++)
        if (!strcmp(bands->outdated[i], model))
            return true;
    return false;
}

/* Leaves a residual's model out, as one whose constants are of the run `now`.
 */
static void leave_out(struct bands *bands, const char *model, const char *now,
                      bool known)
{
    if (bands->validated_run[0] == '\0') {
        snprintf(bands->validated_run, sizeof bands->validated_run, "%s",
                 validated_run(bands, model));
        snprintf(bands->present_run, sizeof bands->present_run, "%s", now);
    }
    if (known && !bands_outdated(bands, model))
        strcpy(bands->outdated[bands->outdated_count++], model);
}

void bands_match(struct bands *bands, const struct machine *machine)
{
    int kept = 0;

    for (int i = 0; i < bands->residual_count; i++) {
        const char *name = bands->residuals[i].model;
        const struct model_constants *model = machine_model(machine, name);
        const char *now =
            model ? machine_run_of(machine, model) : machine->run_id;
        if (!strcmp(validated_run(bands, name), now))
            bands->residuals[kept++] = bands->residuals[i];
        else
            leave_out(bands, name, now, model);
    }
    bands->residual_count = kept;
    drop_unjudged(bands);
}

void bands_free(struct bands *bands)
{
    free(bands->services);
    free(bands->residuals);
    *bands = (struct bands){0};
}

/* Whether the residual says something of an open loop (or a closed one): the
 * capacity is measured in closed loops and the CPU of a request in both, but
 * queues differ. */
static bool is_alike(const struct residual *r, bool open)
{
    return r->quantity == QUANTITY_THROUGHPUT || r->quantity == QUANTITY_CPU ||
           isfinite(r->load) == open;
}

static bool is_latency(enum quantity quantity)
{
    return quantity == QUANTITY_P50 || quantity == QUANTITY_P99;
}

double bands_load_most(const struct bands *bands)
{
    double most = 0;

    for (int i = 0; i < bands->residual_count; i++)
        if (is_latency(bands->residuals[i].quantity))
            most = fmax(most, bands->residuals[i].load);
    return most;
}

/* How many services have such a residual. */
static int services_of(const struct bands *bands, enum quantity quantity,
                       bool open)
{
    int services = 0;

    for (int s = 0; s < bands->service_count; s++)
        for (int i = 0; i < bands->residual_count; i++) {
            const struct residual *r = &bands->residuals[i];
            if (r->service == bands->services[s].number &&
                r->quantity == quantity && is_alike(r, open)) {
                services++;
                break;
            }
        }
    return services;
}

/* Absolute residuals of the quantity, of one discipline or (DISCIPLINES) of
 * all. Returns how many. */
static int residuals_of(const struct bands *bands, enum quantity quantity,
                        int discipline, bool open, double *errors)
{
    int n = 0;

    for (int i = 0; i < bands->residual_count; i++) {
        const struct residual *r = &bands->residuals[i];
        if (r->quantity == quantity && is_alike(r, open) &&
            (discipline == DISCIPLINES || (int)r->discipline == discipline))
            errors[n++] = fabs(r->log_error);
    }
    return n;
}

struct band band_of(const struct bands *bands, enum quantity quantity,
                    enum discipline discipline, double load)
{
    bool open = isfinite(load);
    struct band band = {.factor = NAN};
    double *errors = calloc((size_t)bands->residual_count + 1, sizeof *errors);

    if (!errors)
        return band;
    band.services = services_of(bands, quantity, open);
    band.n = residuals_of(bands, quantity, discipline, open, errors);
    band.pooled = band.n < CONFORMAL_LEAST;
    if (band.pooled)
        band.n = residuals_of(bands, quantity, DISCIPLINES, open, errors);
    band.factor = exp(conformal_bound(errors, band.n, COVERED));
    /* Loads are rounded in the file. */
    band.beyond_load = open && band.n > 0 && is_latency(quantity) &&
                       load > bands_load_most(bands) * (1 + LOAD_ROUNDED);
    if (band.beyond_load)
        band.factor = NAN;
    free(errors);
    return band;
}

/* Requests in flight without a queue, by Little's law. */
static double in_flight(const struct service *p)
{
    return p->rate_per_s * (p->wait_ns + p->cpu_ns) / NS_PER_S;
}

/* The input's value, or NAN where it has no part in the service. */
static double value_of(const struct service *p, enum band_input input)
{
    switch (input) {
    case BAND_WAIT:
        return p->wait_ns;
    case BAND_CPU:
        return p->cpu_ns;
    case BAND_CALLS:
        return p->wait_ns > 0 ? p->calls : NAN;
    case BAND_CONNECTIONS:
        return p->rate_per_s > 0 ? in_flight(p) : p->connections;
    case BAND_PAYLOAD:
        return p->payload_bytes;
    case BAND_CV_WAIT:
        return p->wait_ns > 0 ? p->cv_wait : NAN;
    case BAND_CV_CPU:
        return p->cpu_ns > 0 ? p->cv_cpu : NAN;
    case BAND_INPUTS:
        break;
    }
    return NAN;
}

static void widen_range(const struct bands *bands, enum band_input input,
                        double *least, double *most)
{
    *least = INFINITY;
    *most = 0;
    for (int i = 0; i < bands->service_count; i++) {
        *least = fmin(*least, bands->services[i].of[input]);
        *most = fmax(*most, bands->services[i].of[input]);
    }
}

/* Of what validation never varies, the first that is another here. */
static const char *unseen_of(const struct service *p, int cores)
{
    if (p->burst > 1 && p->rate_per_s > 0)
        return service_field_name(SERVICE_BURST);
    if (p->think_ns > 0 && p->rate_per_s <= 0)
        return service_field_name(SERVICE_THINK);
    if (p->backend_workers > 0 && p->wait_ns > 0)
        return service_field_name(SERVICE_BACKEND_WORKERS);
    if (p->requests_per_connection > 0)
        return service_field_name(SERVICE_REQUESTS_PER_CONNECTION);
    return p->cores != cores ? service_field_name(SERVICE_CORES) : NULL;
}

struct outside bands_outside(const struct bands *bands, const struct service *p,
                             int cores)
{
    struct outside outside = {.factor = 1, .unseen = unseen_of(p, cores)};

    for (int i = 0; i < BAND_INPUTS && bands->service_count > 0; i++) {
        bool flight = i == BAND_CONNECTIONS && p->rate_per_s > 0;
        double value = value_of(p, i), least, most;

        if (isnan(value))
            continue;
        widen_range(bands, i, &least, &most);
        double above =
            fmax(value, inputs[i].floor) / fmax(most, inputs[i].floor);
        /* Few requests in flight are a light load, which is measured too. */
        double below = flight ? 1
                              : fmax(least, inputs[i].floor) /
                                    fmax(value, inputs[i].floor);
        double factor = fmax(above, below);
        if (factor > outside.factor * (1 + 1e-9))
            outside = (struct outside){factor, i,      value,         least,
                                       most,   flight, outside.unseen};
    }
    return outside;
}

bool outside_extrapolated(const struct outside *outside)
{
    return outside->factor > 1 || outside->unseen;
}

bool outside_far(const struct outside *outside)
{
    return outside->factor > FAR;
}

/* The value with its unit. */
static const char *with_unit(enum band_input input, double value, char *text,
                             size_t size)
{
    if (input == BAND_WAIT || input == BAND_CPU)
        snprintf(text, size, "%s", digits_ns(value).text);
    else
        snprintf(text, size, "%s%s", digits_of(value, 4).text,
                 input == BAND_PAYLOAD ? " bytes" : "");
    return text;
}

const char *outside_text(const struct outside *outside, char *text, size_t size)
{
    char value[40], least[40], most[40];
    enum band_input input = outside->input;
    int used = 0;

    text[0] = '\0';
    if (outside->factor > 1)
        used = snprintf(text, size,
                        "%s %s is %s times %s what was measured (%s to %s)",
                        outside->flight ? "in flight" : inputs[input].flag,
                        with_unit(input, outside->value, value, sizeof value),
                        digits_of(outside->factor, 2).text,
                        outside->value > outside->most ? "above" : "below",
                        with_unit(input, outside->least, least, sizeof least),
                        with_unit(input, outside->most, most, sizeof most));
    if (outside->unseen && used >= 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used,
                 "%s%s was never varied in a validation", used ? "; " : "",
                 outside->unseen);
    return text;
}

struct band band_widened(struct band band, const struct outside *outside)
{
    if (outside_far(outside) || outside->unseen)
        band.factor = NAN;
    else if (outside_extrapolated(outside)) {
        band.factor *= band.factor;
        band.widened = true;
    }
    return band;
}

const char *band_text(const struct band *band, char *text, size_t size)
{
    text[0] = '\0';
    if (isfinite(band->factor) && band->factor < 2)
        snprintf(text, size, "[-%.0f +%.0f %%]", 100 * (1 - 1 / band->factor),
                 100 * (band->factor - 1));
    else if (isfinite(band->factor))
        snprintf(text, size, "[x/ %.1f]", band->factor);
    return text;
}

static double distance(const struct service *p,
                       const struct validated_service *service)
{
    static const enum band_input near[] = {BAND_WAIT, BAND_CPU,
                                           BAND_CONNECTIONS};
    double sum = 0;

    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        double floor = inputs[near[i]].floor;
        double apart = log(fmax(value_of(p, near[i]), floor) /
                           fmax(service->of[near[i]], floor));
        sum += apart * apart;
    }
    return sum;
}

const struct validated_service *bands_nearest(const struct bands *bands,
                                              const struct service *p)
{
    const struct validated_service *nearest = NULL;

    for (int i = 0; i < bands->service_count; i++)
        if (!nearest || distance(p, &bands->services[i]) < distance(p, nearest))
            nearest = &bands->services[i];
    return nearest;
}

double bands_ratio(const struct bands *bands,
                   const struct validated_service *service, const char *model,
                   enum quantity quantity)
{
    double sum = 0;
    int n = 0;

    for (int i = 0; i < bands->residual_count; i++) {
        const struct residual *r = &bands->residuals[i];
        if (r->service == service->number && r->quantity == quantity &&
            !strcmp(r->model, model)) {
            sum += r->log_error;
            n++;
        }
    }
    return n > 0 ? exp(sum / n) : NAN;
}
