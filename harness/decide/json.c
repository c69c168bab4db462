/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "harness/base/json.h"
#include "settle.h"
#include "words.h"

static json_t *band_json(const struct band *band)
{
    return json_finite(band->factor);
}

/* Measured over forecast of each quantity, and in how many trials. */
static json_t *measured_json(const struct candidate *o)
{
    if (!o->measured)
        return json_null();
    json_t *ratios = json_object();
    for (int q = 0; q < QUANTITIES; q++)
        json_object_set_new(ratios, quantity_name(q),
                            json_finite(o->found.ratio[q]));
    return json_pack(
        "{s:i, s:i, s:i, s:b, s:o, s:o}", "workers", o->measured->workers,
        "trials", o->measured->count, "invalid", o->measured->invalid,
        "overloaded", o->found.overloaded, "latency_ns",
        json_finite(o->found.measured[QUANTITY_P99]), "ratios", ratios);
}

static json_t *evidence_summary_json(const struct decision *decision)
{
    const struct evidence *evidence = decision->matter.evidence;

    if (!evidence)
        return json_null();
    struct settle settle = settle_of(decision);
    json_t *runs = json_array(), *asked = json_array();
    for (int i = 0; i < evidence->run_count; i++)
        json_array_append_new(runs, json_text(evidence->runs[i]));
    for (int i = 0; i < settle.count; i++)
        json_array_append_new(
            asked,
            json_pack("{s:s, s:b, s:o, s:o}", "model",
                      decision->matter.models[settle.options[i]]->name, "open",
                      settle.open[i], "burden_lo", json_finite(settle.lo[i]),
                      "burden_hi", json_finite(settle.hi[i])));
    return json_pack("{s:o, s:o, s:b, s:b, s:o}", "runs", runs, "place",
                     json_text_if(evidence->place), "settled",
                     settle.settled && !evidence->place[0], "shared",
                     evidence->shared, "in_question", asked);
}

static json_t *option_json(const struct decision *decision, int option)
{
    const struct candidate *o = &decision->options[option];
    const struct judged *judged = &decision->choice.of[option];
    const struct figures *figures = &o->figures;
    json_t *scores = json_object();

    for (int d = DRIVERS_MEASURED; d < DRIVERS; d++)
        json_object_set_new(
            scores, driver_name(d),
            json_finite(wishes_score(&decision->wishes, o->model, d)));
    return json_pack(
        "{s:s, s:i, s:b, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, "
        "s:f, s:f, s:f, s:f, s:f, s:o, s:s, s:o, s:o}",
        "model", o->model->name, "workers", o->workers, "cramped", o->cramped,
        "fate", fate_words(judged->fate), "burden", json_finite(o->burden),
        "overload", isinf(figures->of[DRIVER_LATENCY]) != 0, "latency_ns",
        json_finite(figures->of[DRIVER_LATENCY]), "latency_band",
        band_json(&decision->latency[option]), "busy_cores",
        json_finite(figures->of[DRIVER_CPU]), "memory_bytes",
        json_finite(figures->of[DRIVER_MEMORY]), "memory_most_bytes",
        json_finite(figures->memory_most_bytes), "memory_band",
        band_json(&decision->memory[option]), "capacity_per_s",
        json_finite(o->peak.capacity_per_s), "throughput_per_s",
        json_finite(figures->of[DRIVER_THROUGHPUT]), "best", judged->best,
        "equal", judged->equal, "keeps", judged->keeps, "regret",
        judged->regret, "regret95", judged->regret95, "headroom",
        json_finite(judged->headroom), "law", law_name(o->peak.law), "scores",
        scores, "measured", measured_json(o));
}

static json_t *edge_json(const struct decision *decision, enum input input,
                         double value, int leader)
{
    char text[64];

    if (!isfinite(value))
        return json_null();
    input_text(decision->matter.service, input, value, text, sizeof text);
    return json_pack("{s:f, s:s, s:o}", "value", value, "text", text, "model",
                     leader < 0
                         ? json_null()
                         : json_text(decision->matter.models[leader]->name));
}

static json_t *flip_json(const struct decision *decision,
                         const struct flip *flip)
{
    const struct service *service = decision->matter.service;

    return json_pack(
        "{s:s, s:f, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:s}", "input",
        input_name(service, flip->input), "now",
        input_value(service, flip->input), "spread",
        input_spread(service, flip->input), "below",
        edge_json(decision, flip->input, flip->below, flip->below_leader),
        "above",
        edge_json(decision, flip->input, flip->above, flip->above_leader),
        "least", json_finite_if(flip->least, flip->least > 0), "most",
        json_finite_if(flip->most, flip->most > 0), "lead_low",
        json_finite(flip->low_lead), "lead_high", json_finite(flip->high_lead),
        "value", flip->value, "remedy", input_remedy(flip->input));
}

static json_t *flips_json(const struct decision *decision)
{
    json_t *list = json_array();

    for (int i = 0; i < decision->flips.count; i++)
        json_array_append_new(list,
                              flip_json(decision, &decision->flips.of[i]));
    return list;
}

static json_t *shaken_json(const struct decision *decision)
{
    json_t *list = json_array();

    for (int i = 0; i < decision->flips.shaken_count; i++) {
        const struct shaken *s = &decision->flips.shaken[i];
        const struct constant *c = &s->model->of[s->constant];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:f, s:f, s:f, s:o, s:o}", "model",
                      s->model->name, "constant", constant_name(s->constant),
                      "value", c->value, "lo", fmax(0, c->lo), "hi", c->hi,
                      "lead_low", json_finite(s->low_lead), "lead_high",
                      json_finite(s->high_lead)));
    }
    return list;
}

static json_t *named_json(const struct decision *decision)
{
    json_t *list = json_array();

    for (int i = 0; i < decision->choice.named_count; i++)
        json_array_append_new(
            list,
            json_text(
                decision->matter.models[decision->choice.named[i]]->name));
    return list;
}

static json_t *weights_json(const struct decision *decision)
{
    json_t *weights = json_object();

    for (int d = 0; d < DRIVERS; d++)
        json_object_set_new(weights, driver_name(d),
                            json_real(decision->wishes.weights[d]));
    return weights;
}

static json_t *sentences_json(const struct decision *decision)
{
    static struct sentences sentences;
    json_t *list = json_array();

    decision_words(decision, &sentences);
    for (int i = 0; i < sentences.count; i++)
        json_array_append_new(list, json_text(sentences.of[i]));
    return list;
}

static json_t *doubts_json(const struct decision *decision)
{
    json_t *list = json_array();

    for (int i = 0; i < decision->doubt_count; i++)
        json_array_append_new(list, json_text(decision->doubts[i]));
    return list;
}

/* Each input of the service, and who said it. */
static json_t *service_json(const struct decision *decision)
{
    const struct service *service = decision->matter.service;
    json_t *inputs = json_object();
    char text[64];

    for (int i = 0; i < INPUTS; i++)
        if (input_applies(service, i))
            json_object_set_new(
                inputs, input_name(service, i),
                json_pack(
                    "{s:f, s:s, s:s}", "value", input_value(service, i), "text",
                    input_text(service, i, input_value(service, i), text,
                               sizeof text),
                    "source",
                    service->profiled[input_field(service, i)] ? "profile"
                    : service->given[input_field(service, i)]  ? "given"
                                                               : "default"));
    return inputs;
}

json_t *decision_json(const struct decision *decision)
{
    const struct choice *choice = &decision->choice;
    const struct machine *machine = decision->matter.machine;
    json_t *options = json_array();
    char command[2048];
    const char *leader =
        choice->leader < 0 ? "" : decision->matter.models[choice->leader]->name;
    const char *minimax = choice->minimax < 0
                              ? ""
                              : decision->matter.models[choice->minimax]->name;

    for (int m = 0; m < decision->matter.model_count; m++)
        json_array_append_new(options, option_json(decision, m));
    return json_pack(
        "{s:i, s:s, s:s, s:o, s:o, s:o, s:b, s:f, s:f, s:s, s:I, s:I, s:s, "
        "s:s, s:o, "
        "s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:o}",
        "schema_version", 1, "command",
        decision_command(decision, command, sizeof command), "outcome",
        choice_name(choice->kind), "leader", json_text_if(leader), "named",
        named_json(decision), "minimax", json_text_if(minimax), "firm",
        decision_is_firm(decision), "none", choice->none, "peak",
        decision->wishes.peak, "peak_source",
        decision->wishes.peak_given ? "given" : "default", "requests",
        (json_int_t)decision->matter.precision.requests, "seed",
        (json_int_t)decision->matter.precision.seed, "machine", machine->run_id,
        "measured_at", machine->at, "validation",
        json_text_if(decision->advice.validated ? decision->advice.bands->run_id
                                                : ""),
        "service", service_json(decision), "weights", weights_json(decision),
        "options", options, "flips", flips_json(decision), "constants",
        shaken_json(decision), "doubts", doubts_json(decision), "sentences",
        sentences_json(decision), "evidence", evidence_summary_json(decision),
        "percentile",
        decision->peak.limit_ns > 0 ? decision->peak.limit_percent : 99.0,
        "run", json_text_if(decision->inquiry->run), "profile",
        json_text_if(decision->inquiry->profile));
}
