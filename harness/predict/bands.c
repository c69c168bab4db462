/* SPDX-License-Identifier: MIT */
#include "bands.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/conformal.h"
#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"

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

static int refuse(char *why, size_t size, const char *list, size_t index,
                  const char *member)
{
    if (list)
        snprintf(why, size, "\"%s\" of %s[%zu] is missing, or is no such value",
                 member, list, index);
    else
        snprintf(why, size, "\"%s\" is missing, or is no such value", member);
    return -EINVAL;
}

/* The number of a service; 0: it is none. */
static int number_of(const json_t *json)
{
    json_int_t number = json_integer_of(json, "service");
    return number > 0 && number <= SERVICES_MOST ? (int)number : 0;
}

/* Returns the member that is wrong, or NULL. */
static const char *read_service(const json_t *json,
                                struct validated_service *service)
{
    service->number = number_of(json);
    if (service->number == 0)
        return "service";
    for (int i = 0; i < BAND_INPUTS; i++) {
        service->of[i] = json_figure_of(json, inputs[i].member);
        if (!(service->of[i] >= 0))
            return inputs[i].member;
    }
    return NULL;
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
static bool is_other_percentile(const json_t *json, enum quantity quantity)
{
    double percentile = json_figure_of(json, "percentile");

    return isfinite(percentile) &&
           ((quantity == QUANTITY_P50 && percentile != 50) ||
            (quantity == QUANTITY_P99 && percentile != 99));
}

/* Returns the member that is wrong, or NULL. *used: it is judged, and so part
 * of the bands. */
static const char *read_residual(const json_t *json, const struct bands *bands,
                                 struct residual *residual, bool *used)
{
    const json_t *judged = json_object_get(json, "judged");
    double forecast = json_figure_of(json, "forecast");
    double measured = json_figure_of(json, "measured");

    *residual = (struct residual){.service = number_of(json)};
    *used = json_is_true(judged);
    if (!has_service(bands, residual->service))
        return "service";
    if (!json_take_text(json, "model", residual->model, sizeof residual->model))
        return "model";
    residual->discipline = discipline_find(json_text_of(json, "discipline"));
    if (residual->discipline == DISCIPLINES)
        return "discipline";
    if (!find_quantity(json_text_of(json, "quantity"), &residual->quantity))
        return "quantity";
    if (!json_is_boolean(judged))
        return "judged";
    if (*used && !(forecast > 0))
        return "forecast";
    if (*used && !(measured > 0))
        return "measured";
    residual->log_error = log(measured / forecast);
    residual->load = json_figure_of(json, "load");
    *used = *used && !is_other_percentile(json, residual->quantity);
    return NULL;
}

static int read_services(const json_t *list, struct bands *bands, char *why,
                         size_t why_size)
{
    const json_t *row;
    size_t i, count = json_array_size(list);

    if (!json_is_array(list) || count > SERVICES_MOST)
        return refuse(why, why_size, NULL, 0, "services");
    bands->services = calloc(count + 1, sizeof *bands->services);
    if (!bands->services)
        return -ENOMEM;
    json_array_foreach (list, i, row) {
        struct validated_service *s = &bands->services[i];
        const char *wrong = read_service(row, s);
        if (!wrong && has_service(bands, s->number))
            wrong = "service";
        if (wrong)
            return refuse(why, why_size, "services", i, wrong);
        bands->service_count++;
    }
    return 0;
}

static int read_residuals(const json_t *list, struct bands *bands, char *why,
                          size_t why_size)
{
    const json_t *row;
    size_t i, count = json_array_size(list);

    if (!json_is_array(list) || count > RESIDUALS_MOST)
        return refuse(why, why_size, NULL, 0, "residuals");
    bands->residuals = calloc(count + 1, sizeof *bands->residuals);
    if (!bands->residuals)
        return -ENOMEM;
    json_array_foreach (list, i, row) {
        bool used;
        const char *wrong = read_residual(
            row, bands, &bands->residuals[bands->residual_count], &used);
        if (wrong)
            return refuse(why, why_size, "residuals", i, wrong);
        bands->residual_count += used;
    }
    return 0;
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
    *bands = (struct bands){0};
    if (json_integer_of(json, "schema_version") != SCHEMA_VERSION)
        return refuse(why, why_size, NULL, 0, "schema_version");
    if (!json_take_text(json, "run_id", bands->run_id, sizeof bands->run_id))
        return refuse(why, why_size, NULL, 0, "run_id");
    if (!json_take_text(json, "machine", bands->machine, sizeof bands->machine))
        return refuse(why, why_size, NULL, 0, "machine");
    if (!json_take_text(json, "fingerprint", bands->fingerprint,
                        sizeof bands->fingerprint))
        return refuse(why, why_size, NULL, 0, "fingerprint");
    if (!json_take_text(json, "at", bands->at, sizeof bands->at))
        return refuse(why, why_size, NULL, 0, "at");
    bands->afterwards = json_true_of(json, "afterwards");
    int status =
        read_services(json_object_get(json, "services"), bands, why, why_size);
    if (status == 0)
        status = read_residuals(json_object_get(json, "residuals"), bands, why,
                                why_size);
    if (status == -ENOMEM)
        snprintf(why, why_size, "out of memory");
    if (status == 0)
        drop_unjudged(bands);
    return status;
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
