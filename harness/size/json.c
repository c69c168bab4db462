/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "harness/advice/print.h"
#include "harness/base/json.h"
#include "print.h"
#include "words.h"

static json_t *figure_json(const struct simulated *figure, bool known)
{
    return known ? json_pack("{s:f, s:f, s:f}", "value", figure->value, "lo",
                             figure->lo, "hi", figure->hi)
                 : json_null();
}

static json_t *sentences_json(const struct sentences *sentences)
{
    json_t *json = json_array();

    for (int i = 0; i < sentences->count; i++)
        json_array_append_new(json, json_text(sentences->of[i]));
    return json;
}

static json_t *marks_json(const struct curve *curve, int workers)
{
    json_t *json = json_array();

    for (int i = 0; i < CURVE_MARKS; i++)
        if (curve->marks[i] == workers)
            json_array_append_new(json, json_string(curve_mark_name(i)));
    return json;
}

static json_t *point_json(const struct curve *curve,
                          const struct curve_point *point)
{
    const struct forecast *f = &point->forecast;

    return json_pack(
        "{s:i, s:o, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o}",
        "workers", f->workers, "capacity_per_s", json_finite(f->capacity_per_s),
        "law", law_name(f->law), "rate_per_s", json_finite(f->rate_per_s),
        "load", json_finite(f->load), "overloaded", point->overloaded,
        "latency_p50_ns", figure_json(&f->p50_ns, f->simulated),
        "latency_p99_ns", figure_json(&f->p99_ns, f->simulated),
        "latency_limit_ns",
        figure_json(&f->limit_ns, f->simulated && isfinite(f->limit_ns.value) &&
                                      f->on_limit != KEPT_UNASKED),
        "memory_bytes", json_finite_if(f->memory_bytes, !point->overloaded),
        "memory_most_bytes",
        json_finite_if(f->memory_most_bytes, !point->overloaded), "keeps_limit",
        kept_json(point->overloaded ? KEPT_NOT : f->on_limit), "keeps_memory",
        kept_json(point->overloaded ? KEPT_NOT : f->on_memory), "marks",
        marks_json(curve, f->workers));
}

static json_t *curve_json(const struct size *size, int model)
{
    const struct sized *sized = &size->models[model];
    const struct curve *curve = &sized->curve;
    const int *marks = curve->marks;
    const struct forecast *usual = &sized->usual.forecast;
    json_t *points = json_array();
    struct sentences sentences;

    for (int i = 0; i < curve->count; i++)
        json_array_append_new(points, point_json(curve, &curve->points[i]));
    words_of_curve(size, model, &sentences);
    return json_pack(
        "{s:s, s:s, s:b, s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o}",
        "model", curve->model->name, "discipline",
        discipline_name(curve->model->discipline), "offloads",
        curve->model->offloads, "workers",
        json_positive(curve_keeps(curve) ? marks[MARK_STAR] : 0), "nearest",
        marks[MARK_STAR], "why", curve_why_name(curve->why), "keeps",
        kept_json(curve_kept(curve)), "least_for_limit",
        json_positive(marks[MARK_LIMIT]), "most_that_fit",
        json_positive(marks[MARK_FITS]), "goetz",
        json_positive(marks[MARK_GOETZ]), "little",
        json_positive(marks[MARK_LITTLE]), "two_cores_and_one",
        json_positive(marks[MARK_TWO_CORES]), "given",
        json_positive(marks[MARK_GIVEN]), "usual_latency_p99_ns",
        figure_json(&usual->p99_ns, usual->simulated), "points", points,
        "sentences", sentences_json(&sentences));
}

static json_t *servers_json(const struct size *size)
{
    json_t *json = json_array();
    char text[SERVER_REMARK];

    for (const struct server *server = servers; server->name; server++) {
        if (!size_shows(size, server))
            continue;
        json_t *lines = json_array();
        for (int i = 0; i < SERVER_LINES && server->lines[i]; i++)
            if (server_fill(server->lines[i], &size->figures, text,
                            sizeof text))
                json_array_append_new(lines, json_string(text));
        server_remark(server, &size->figures, text, sizeof text);
        json_array_append_new(
            json,
            json_pack("{s:s, s:s, s:s, s:o, s:i, s:s}", "server", server->name,
                      "variant", server->variant, "counts",
                      server_kind_name(server->kind), "lines", lines, "slots",
                      server_slots(server, &size->figures), "remark", text));
    }
    return json;
}

static json_t *load_json(const struct service *p)
{
    return json_pack("{s:o, s:o}", "rate_per_s",
                     json_finite_if(p->rate_per_s, p->rate_per_s > 0),
                     "connections", json_positive(p->connections));
}

json_t *size_json(const struct size *size)
{
    const struct advice *advice = &size->advice;
    const struct machine *machine = advice->machine;
    const struct service *p = &size->at_peak.service;
    json_t *curves = json_array();
    struct sentences sentences;

    for (int i = 0; i < advice->model_count; i++)
        json_array_append_new(curves, curve_json(size, i));
    words_of_service(size, &sentences);
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:s, s:f, s:b, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "schema_version", 1, "machine", machine->run_id, "measured_at",
        machine->at, "fingerprint", advice->fingerprint, "noisy",
        machine->noisy, "shipped", advice->shipped, "foreign", advice->foreign,
        "stale", advice->stale, "doubt", advice->doubt, "peak", size->peak,
        "peak_given", size->asked->peak > 0, "load",
        load_json(&size->asked->question->service), "load_at_peak",
        load_json(&size->at_peak.service), "keeps", kept_json(size->kept),
        "limit_percentile", json_finite_if(p->limit_percent, p->limit_ns > 0),
        "database_connections", json_positive(size->figures.database),
        "loop_piece_ns", json_finite(size->piece_ns), "curves", curves,
        "servers", servers_json(size), "sentences", sentences_json(&sentences));
}
