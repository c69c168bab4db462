/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "harness/base/json.h"
#include "print.h"
#include "sentences.h"

static json_t *figure_json(const struct simulated *figure, bool known)
{
    return known ? json_pack("{s:f, s:f, s:f}", "value", figure->value, "lo",
                             figure->lo, "hi", figure->hi)
                 : json_null();
}

static json_t *band_json(const struct band *band)
{
    if (!isfinite(band->factor))
        return json_null();
    return json_pack("{s:f, s:i, s:b, s:b}", "factor", band->factor, "n",
                     band->n, "pooled", band->pooled, "widened", band->widened);
}

static json_t *bands_json(const struct advised *row)
{
    json_t *json = json_object();

    for (int q = 0; q < QUANTITIES; q++)
        json_object_set_new(json, quantity_name(q), band_json(&row->bands[q]));
    return json;
}

json_t *kept_json(enum kept kept)
{
    return kept == KEPT_UNKNOWN ? json_null() : json_boolean(kept != KEPT_NOT);
}

static json_t *row_json(const struct advice *advice, const struct advised *row)
{
    const struct forecast *f = &row->forecast;
    json_t *laws = json_object();

    for (int i = 0; i < LAWS; i++)
        json_object_set_new(laws, law_name(i), json_finite(f->law_per_s[i]));
    return json_pack(
        "{s:s, s:i, s:{s:f, s:f, s:f}, s:s, s:o, s:f, s:o, s:f, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}",
        "model", f->model->name, "workers", f->workers, "capacity_per_s",
        "value", f->capacity_per_s, "lo", f->capacity_lo_per_s, "hi",
        f->capacity_hi_per_s, "law", law_name(f->law), "laws_per_s", laws,
        "rate_per_s", f->rate_per_s, "load", json_finite(f->load),
        "cpu_per_request_ns", f->request_cpu_ns, "latency_p50_ns",
        figure_json(&f->p50_ns, f->simulated), "latency_p99_ns",
        figure_json(&f->p99_ns, f->simulated), "latency_limit_ns",
        figure_json(&f->limit_ns,
                    f->simulated && advice->question->service.limit_ns > 0),
        "busy_cores", json_finite_if(f->busy, f->simulated), "in_flight",
        json_finite(f->in_flight), "memory_bytes", json_finite(f->memory_bytes),
        "memory_most_bytes", json_finite(f->memory_most_bytes), "keeps_limit",
        kept_json(f->on_limit), "keeps_memory", kept_json(f->on_memory),
        "simulated", f->simulated, "bands", bands_json(row),
        "nearest_throughput_ratio", json_finite(row->nearest_ratio));
}

/* What was compared with measurements; null: nothing, or of other constants. */
static json_t *validation_json(const struct advice *advice)
{
    const struct outside *outside = &advice->outside;
    const struct validated_service *nearest = advice->nearest;
    char where[300];

    if (!advice->validated)
        return json_null();
    return json_pack(
        "{s:s, s:s, s:i, s:i, s:f, s:s, s:b, s:b, s:o}", "run_id",
        advice->bands->run_id, "at", advice->bands->at, "services",
        advice->bands->service_count, "residuals",
        advice->bands->residual_count, "outside_factor", outside->factor,
        "outside", outside_text(outside, where, sizeof where), "extrapolated",
        outside_extrapolated(outside), "far", outside_far(outside), "nearest",
        nearest ? json_pack("{s:i, s:f, s:f, s:f}", "service", nearest->number,
                            "wait_ns", nearest->of[BAND_WAIT], "cpu_ns",
                            nearest->of[BAND_CPU], "connections",
                            nearest->of[BAND_CONNECTIONS])
                : json_null());
}

static json_t *remedies_json(const struct remedies *remedies)
{
    json_t *json;

    if (!remedies->model)
        return json_null();
    json = json_pack("{s:s, s:i, s:o}", "model", remedies->model->name,
                     "workers", remedies->workers, "alone_ns",
                     json_finite(remedies->alone_ns));
    for (int r = 0; r < REMEDIES; r++)
        json_object_set_new(json, remedy_name(r),
                            isfinite(remedies->of[r].value)
                                ? json_pack("{s:f, s:s}", "value",
                                            remedies->of[r].value, "model",
                                            remedies->of[r].by->name)
                                : json_null());
    return json;
}

json_t *advice_json(const struct advice *advice)
{
    const struct machine *machine = advice->machine;
    json_t *models = json_array(), *words = json_array();
    json_t *none = json_array();
    const struct service *p = &advice->question->service;
    struct sentences sentences;

    sentences_make(advice, &sentences);
    for (int i = 0; i < sentences.count; i++)
        json_array_append_new(words, json_text(sentences.of[i]));
    for (int i = 0; i < advice->model_count; i++)
        json_array_append_new(models, row_json(advice, &advice->models[i]));
    for (int i = 0; i < advice->unforecast_count; i++)
        json_array_append_new(none,
                              json_pack("{s:s, s:s}", "model",
                                        advice->unforecast[i].model->name,
                                        "why", advice->unforecast[i].why));
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:s, s:s, s:b, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o}",
        "schema_version", 1, "machine", machine->run_id, "measured_at",
        machine->at, "fingerprint", advice->fingerprint, "noisy",
        machine->noisy, "shipped", advice->shipped, "foreign", advice->foreign,
        "stale", advice->stale, "doubt", advice->doubt, "validation_unused",
        advice->unused, "laws_alone", advice->laws_alone, "validation",
        validation_json(advice), "remedies", remedies_json(&advice->remedies),
        "sentences", words, "limit_percentile",
        json_finite_if(p->limit_percent, p->limit_ns > 0), "models", models,
        "not_forecast", none, "keeps", kept_json(advice->kept));
}
