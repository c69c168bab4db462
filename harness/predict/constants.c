/* SPDX-License-Identifier: MIT */
#include "constants.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"

enum { SCHEMA_VERSION = 1 };

const char *constant_name(enum constant_id id)
{
    static const char *const names[CONSTANTS] = {
        [CONSTANT_REQUEST] = "request_ns",
        [CONSTANT_CALL_FIRST] = "call_first_ns",
        [CONSTANT_CALL] = "call_ns",
        [CONSTANT_BYTE] = "byte_ns",
        [CONSTANT_CONNECTION] = "connection_ns",
        [CONSTANT_GROWTH] = "growth_share",
        [CONSTANT_WAKE] = "wake_ns",
        [CONSTANT_PEER] = "peer_ns",
        [CONSTANT_DOZE] = "doze_ns",
        [CONSTANT_WORK_FACTOR] = "work_factor",
        [CONSTANT_PATH] = "path_ns",
        [CONSTANT_LAG] = "lag_ns",
        [CONSTANT_CALL_PATH] = "call_path_ns",
        [CONSTANT_MEMORY] = "memory_bytes",
        [CONSTANT_MEMORY_CONNECTION] = "memory_connection_bytes",
        [CONSTANT_MEMORY_FLIGHT] = "memory_flight_bytes",
        [CONSTANT_MEMORY_QUEUED] = "memory_queued_bytes",
        [CONSTANT_MEMORY_WORKER] = "memory_worker_bytes",
        [CONSTANT_MEMORY_SENT] = "memory_sent_bytes",
        [CONSTANT_MEMORY_PAYLOAD] = "memory_payload_share",
        [CONSTANT_MEMORY_ENDED] = "memory_ended_byte_s",
    };
    return names[id];
}

double constant_of(const struct model_constants *model, enum constant_id id,
                   double otherwise)
{
    return isfinite(model->of[id].value) ? model->of[id].value : otherwise;
}

const struct model_constants *machine_model(const struct machine *machine,
                                            const char *name)
{
    for (int i = 0; i < machine->model_count; i++)
        if (!strcmp(machine->models[i].name, name))
            return &machine->models[i];
    return NULL;
}

int machine_put(struct machine *machine, const struct model_constants *model)
{
    int at = 0;

    while (at < machine->model_count &&
           strcmp(machine->models[at].name, model->name) != 0)
        at++;
    if (at == CONSTANTS_MODELS_MAX)
        return -ENOSPC;
    machine->models[at] = *model;
    machine->model_count += at == machine->model_count;
    return 0;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

void machine_share_doze(struct machine *machine)
{
    double known[CONSTANTS_MODELS_MAX];
    int n = 0;

    for (int i = 0; i < machine->model_count; i++) {
        const struct constant *doze = &machine->models[i].of[CONSTANT_DOZE];
        if (doze->n > 1)
            known[n++] = doze->value;
    }
    qsort(known, (size_t)n, sizeof *known, ascending);
    for (int i = 0; i < machine->model_count && n > 0; i++) {
        struct constant *doze = &machine->models[i].of[CONSTANT_DOZE];
        if (doze->n < 2)
            *doze =
                (struct constant){known[n / 2], known[n / 2], known[n / 2], 1};
    }
}

static json_t *constants_json(const struct model_constants *model)
{
    json_t *json = json_object();
    for (int i = 0; i < CONSTANTS; i++) {
        const struct constant *c = &model->of[i];
        json_object_set_new(
            json, constant_name(i),
            json_pack("{s:o, s:o, s:o, s:i}", "value", json_finite(c->value),
                      "lo", json_finite_if(c->lo, c->n > 1), "hi",
                      json_finite_if(c->hi, c->n > 1), "n", c->n));
    }
    return json;
}

json_t *machine_json(const struct machine *machine)
{
    json_t *models = json_array();
    for (int i = 0; i < machine->model_count; i++) {
        const struct model_constants *model = &machine->models[i];
        json_array_append_new(
            models,
            json_pack(
                "{s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:i, s:o}", "name",
                model->name, "discipline", discipline_name(model->discipline),
                "has_workers", model->has_workers, "parallel", model->parallel,
                "offloads", model->offloads, "foreign", model->foreign,
                "dispatches", model->dispatches, "token", model->token,
                "workers", model->workers, "constants", constants_json(model)));
    }
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:b, s:o}",
        "schema_version", SCHEMA_VERSION, "run_id", machine->run_id, "at",
        machine->at, "tool_version", machine->version, "fingerprint",
        machine->fingerprint, "cores", machine->cores, "quantum_ns",
        machine->quantum_ns, "stall_share", machine->stall_share, "stall_ns",
        machine->stall_ns, "step_ns", machine->step_ns, "noisy", machine->noisy,
        "models", models);
}

static int refuse(char *why, size_t size, const char *member)
{
    snprintf(why, size, "\"%s\" is missing, or is no such value", member);
    return -EINVAL;
}

static bool read_constant(const json_t *json, struct constant *constant)
{
    const json_t *value = json_object_get(json, "value");
    const json_t *n = json_object_get(json, "n");
    if ((!json_is_number(value) && !json_is_null(value)) ||
        !json_is_integer(n) || json_integer_value(n) < 0)
        return false;
    *constant = (struct constant){
        .value = json_figure_of(json, "value"),
        .lo = json_figure_of(json, "lo"),
        .hi = json_figure_of(json, "hi"),
        .n = (int)json_integer_value(n),
    };
    return constant->n < 2 ||
           (constant->lo <= constant->value && constant->value <= constant->hi);
}

static enum discipline discipline_of(const char *name)
{
    enum discipline found = discipline_find(name);
    return found == DISCIPLINES ? DISCIPLINE_UNKNOWN : found;
}

/* Returns the member that is wrong, or NULL. */
static const char *read_model(const json_t *json, struct model_constants *model)
{
    const json_t *constants = json_object_get(json, "constants");
    if (!json_take_text(json, "name", model->name, sizeof model->name))
        return "name";
    model->discipline = discipline_of(json_text_of(json, "discipline"));
    model->has_workers = json_true_of(json, "has_workers");
    model->parallel = json_true_of(json, "parallel");
    model->offloads = json_true_of(json, "offloads");
    model->foreign = json_true_of(json, "foreign");
    model->dispatches = json_true_of(json, "dispatches");
    model->token = json_true_of(json, "token");
    model->workers = (int)json_integer_of(json, "workers");
    model->token = json_true_of(json, "token");
    model->workers = (int)json_integer_of(json, "workers");
    for (int i = 0; i < CONSTANTS; i++)
        if (!read_constant(json_object_get(constants, constant_name(i)),
                           &model->of[i]))
            return constant_name(i);
    if (model->workers < 0)
        return "workers";
    if (model->workers < 0)
        return "workers";
    return isfinite(model->of[CONSTANT_REQUEST].value)
               ? NULL
               : constant_name(CONSTANT_REQUEST);
}

int machine_read(const json_t *json, struct machine *machine, char *why,
                 size_t why_size)
{
    const json_t *models = json_object_get(json, "models"), *model;
    size_t i;

    *machine = (struct machine){
        .cores = (int)json_integer_of(json, "cores"),
        .quantum_ns = json_figure_of(json, "quantum_ns"),
        .stall_share = json_figure_of(json, "stall_share"),
        .stall_ns = json_figure_of(json, "stall_ns"),
        .step_ns = json_figure_of(json, "step_ns"),
        .noisy = json_true_of(json, "noisy"),
    };
    if (json_integer_of(json, "schema_version") != SCHEMA_VERSION)
        return refuse(why, why_size, "schema_version");
    if (!json_take_text(json, "run_id", machine->run_id,
                        sizeof machine->run_id))
        return refuse(why, why_size, "run_id");
    if (!json_take_text(json, "at", machine->at, sizeof machine->at))
        return refuse(why, why_size, "at");
    if (!json_take_text(json, "tool_version", machine->version,
                        sizeof machine->version))
        return refuse(why, why_size, "tool_version");
    if (!json_take_text(json, "fingerprint", machine->fingerprint,
                        sizeof machine->fingerprint))
        return refuse(why, why_size, "fingerprint");
    if (machine->cores < 1)
        return refuse(why, why_size, "cores");
    if (!(machine->quantum_ns >= 0))
        return refuse(why, why_size, "quantum_ns");
    if (!(machine->stall_share >= 0) || machine->stall_share >= 1)
        return refuse(why, why_size, "stall_share");
    if (!(machine->stall_ns >= 0))
        return refuse(why, why_size, "stall_ns");
    if (!(machine->step_ns >= 0))
        return refuse(why, why_size, "step_ns");
    if (!json_is_array(models) ||
        json_array_size(models) > CONSTANTS_MODELS_MAX)
        return refuse(why, why_size, "models");
    json_array_foreach (models, i, model) {
        const char *wrong = read_model(model, &machine->models[i]);
        if (wrong)
            return refuse(why, why_size, wrong);
        machine->model_count++;
    }
    return 0;
}
