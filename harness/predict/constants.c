/* SPDX-License-Identifier: MIT */
#include "constants.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checked.h"
#include "harness/base/json.h"
#include "harness/simulate/simulation.h"

enum { SCHEMA_VERSION = 1 };

/* What a constant may be. Costs and bytes are none below zero; a request that
 * is one of many may be cheaper than one of few. */
static const struct kind {
    const char *name;
    double least, most;
} kinds[CONSTANTS] = {
    [CONSTANT_REQUEST] = {"request_ns", 1, 1e11},
    [CONSTANT_CALL_FIRST] = {"call_first_ns", 0, 1e11},
    [CONSTANT_CALL] = {"call_ns", 0, 1e11},
    [CONSTANT_BYTE] = {"byte_ns", 0, 1e6},
    [CONSTANT_CONNECTION] = {"connection_ns", 0, 1e11},
    [CONSTANT_GROWTH] = {"growth_share", -0.5, 10},
    [CONSTANT_WAKE] = {"wake_ns", 0, 1e11},
    [CONSTANT_PEER] = {"peer_ns", 0, 1e11},
    [CONSTANT_DOZE] = {"doze_ns", 0, 1e9},
    [CONSTANT_WORK_FACTOR] = {"work_factor", 0.01, 1000},
    [CONSTANT_PATH] = {"path_ns", 0, 1e11},
    [CONSTANT_LAG] = {"lag_ns", 0, 1e11},
    [CONSTANT_CALL_PATH] = {"call_path_ns", 0, 1e11},
    [CONSTANT_MEMORY] = {"memory_bytes", 0, 1e15},
    [CONSTANT_MEMORY_CONNECTION] = {"memory_connection_bytes", 0, 1e12},
    [CONSTANT_MEMORY_FLIGHT] = {"memory_flight_bytes", 0, 1e12},
    [CONSTANT_MEMORY_QUEUED] = {"memory_queued_bytes", 0, 1e12},
    [CONSTANT_MEMORY_WORKER] = {"memory_worker_bytes", 0, 1e12},
    [CONSTANT_MEMORY_SENT] = {"memory_sent_bytes", 0, 1e12},
    [CONSTANT_MEMORY_PAYLOAD] = {"memory_payload_share", 0, 1000},
    [CONSTANT_MEMORY_ENDED] = {"memory_ended_byte_s", 0, 1e12},
};

const char *constant_name(enum constant_id id)
{
    return kinds[id].name;
}

struct constant constant_settled(enum constant_id id, struct constant c)
{
    const struct kind *kind = &kinds[id];

    if (kind->least == 0 && c.value < 0) {
        c.value = 0;
        c.hi = fmax(c.hi, 0);
    }
    return c.value >= kind->least && c.value <= kind->most
               ? c
               : (struct constant){NAN, NAN, NAN, 0};
}

double constant_of(const struct model_constants *model, enum constant_id id,
                   double otherwise)
{
    return isfinite(model->of[id].value) ? model->of[id].value : otherwise;
}

const char *machine_run_of(const struct machine *machine,
                           const struct model_constants *model)
{
    return model->run_id[0] ? model->run_id : machine->run_id;
}

const char *machine_at_of(const struct machine *machine,
                          const struct model_constants *model)
{
    return model->at[0] ? model->at : machine->at;
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

enum language model_language(const struct model_constants *model)
{
    static const char *const starts[] = {
        [LANGUAGE_CPYTHON] = "cpython", [LANGUAGE_NODE] = "node"};

    if (!model->foreign)
        return LANGUAGE_C;
    for (int i = LANGUAGE_CPYTHON; i <= LANGUAGE_NODE; i++)
        if (!strncmp(model->name, starts[i], strlen(starts[i])))
            return i;
    return LANGUAGE_ANY;
}

/* The middle factor of the models that are asked about; 1: they are not of one
 * other language. */
static double factor_of_language(const struct machine *machine,
                                 const bool *asked)
{
    double factors[CONSTANTS_MODELS_MAX];
    enum language language = LANGUAGE_C;
    int count = 0;

    for (int i = 0; i < machine->model_count; i++) {
        const struct model_constants *m = &machine->models[i];
        enum language own = model_language(m);
        if (!asked[i])
            continue;
        if (own == LANGUAGE_C || own == LANGUAGE_ANY ||
            (language != LANGUAGE_C && language != own))
            return 1;
        language = own;
        if (isfinite(m->of[CONSTANT_WORK_FACTOR].value))
            factors[count++] = m->of[CONSTANT_WORK_FACTOR].value;
    }
    qsort(factors, (size_t)count, sizeof *factors, ascending);
    return count > 0 ? factors[count / 2] : 1;
}

void machine_in_own_time(struct machine *machine, const bool *asked)
{
    double factor = factor_of_language(machine, asked);

    if (factor == 1)
        return;
    for (int i = 0; i < machine->model_count; i++) {
        struct constant *c = &machine->models[i].of[CONSTANT_WORK_FACTOR];
        if (!asked[i])
            continue;
        c->value /= factor;
        c->lo /= factor;
        c->hi /= factor;
    }
    machine->step_ns *= factor;
    machine->own_time = factor;
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
                "{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:i, s:o}",
                "name", model->name, "run_id", machine_run_of(machine, model),
                "at", machine_at_of(machine, model), "discipline",
                discipline_name(model->discipline), "has_workers",
                model->has_workers, "parallel", model->parallel, "offloads",
                model->offloads, "foreign", model->foreign, "dispatches",
                model->dispatches, "token", model->token, "workers",
                model->workers, "constants", constants_json(model)));
    }
    json_t *json = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:b, s:o}",
        "schema_version", SCHEMA_VERSION, "run_id", machine->run_id, "at",
        machine->at, "tool_version", machine->version, "fingerprint",
        machine->fingerprint, "cores", machine->cores, "quantum_ns",
        machine->quantum_ns, "stall_share", machine->stall_share, "stall_ns",
        machine->stall_ns, "step_ns", machine->step_ns, "noisy", machine->noisy,
        "models", models);
    if (machine->untrusted)
        json_object_set_new(json, "untrusted", json_true());
    if (machine->own_time > 0)
        json_object_set_new(json, "own_time", json_real(machine->own_time));
    return json;
}

/* Longer ends than any interval has, so that no figure overflows. */
static const double END_MOST = 1e16;

/* The ends of an interval; without one, both may be missing. */
static void read_interval(struct checked *checked, struct constant *constant)
{
    constant->lo = json_figure_of(checked->object, "lo");
    constant->hi = json_figure_of(checked->object, "hi");
    if (constant->n < 2) {
        if (!isnan(constant->lo) || !isnan(constant->hi))
            checked_refuse(checked, isnan(constant->lo) ? "hi" : "lo",
                           "null, since fewer than 2 values have no interval");
        return;
    }
    if (!(constant->lo <= constant->value && constant->lo >= -END_MOST))
        checked_refuse(checked, "lo", "a number, and at most the value");
    if (!(constant->hi >= constant->value && constant->hi <= END_MOST))
        checked_refuse(checked, "hi", "a number, and at least the value");
}

/* Below zero only as scatter, whose interval holds zero: then it is 0. */
static void read_value(struct checked *checked, enum constant_id id,
                       struct constant *constant)
{
    const struct kind *kind = &kinds[id];
    bool scatter = kind->least == 0 && constant->n > 1 &&
                   json_figure_of(checked->object, "hi") >= 0;

    if (constant->n > 0)
        constant->value = checked_number(
            checked, "value", scatter ? -kind->most : kind->least, kind->most);
    else if (id == CONSTANT_REQUEST)
        checked_refuse(checked, "n", "at least 1");
    else if (!json_is_null(json_object_get(checked->object, "value")))
        checked_refuse(checked, "value", "null, since \"n\" is 0");
    else
        constant->value = NAN;
}

static void read_constant(struct checked *model, enum constant_id id,
                          struct constant *constant)
{
    struct checked constants = *model, checked;

    constants.object = json_object_get(model->object, "constants");
    const json_t *json = json_object_get(constants.object, constant_name(id));
    if (!json_is_object(json)) {
        checked_refuse(&constants, constant_name(id),
                       "a value with its interval");
        model->wrong = true;
        return;
    }
    checked = checked_file(json, model->why, model->why_size);
    snprintf(checked.of, sizeof checked.of, "%s of %.60s", constant_name(id),
             model->of);
    constant->n = (int)checked_whole(&checked, "n", 0, 1000000);
    if (!checked.wrong)
        read_value(&checked, id, constant);
    if (!checked.wrong)
        read_interval(&checked, constant);
    if (!checked.wrong)
        *constant = constant_settled(id, *constant);
    model->wrong = checked.wrong;
}

static enum discipline read_discipline(struct checked *checked)
{
    enum discipline found =
        discipline_find(json_text_of(checked->object, "discipline"));

    if (found == DISCIPLINES)
        checked_refuse(checked, "discipline",
                       "unknown, alone, worker, thread, process or loop");
    return found == DISCIPLINES ? DISCIPLINE_UNKNOWN : found;
}

/* The run of a model's constants; files of older versions have one run for
 * all. */
static void read_run(struct checked *checked, const struct machine *machine,
                     struct model_constants *model)
{
    if (json_object_get(checked->object, "run_id") ||
        json_object_get(checked->object, "at")) {
        checked_text(checked, "run_id", model->run_id, sizeof model->run_id);
        checked_time(checked, "at", model->at, sizeof model->at);
        return;
    }
    strcpy(model->run_id, machine->run_id);
    strcpy(model->at, machine->at);
}

static bool read_model(struct checked *checked, const struct machine *machine,
                       struct model_constants *model)
{
    checked_text(checked, "name", model->name, sizeof model->name);
    if (machine_model(machine, model->name))
        checked_refuse(checked, "name", "another than that of each other row");
    read_run(checked, machine, model);
    model->discipline = read_discipline(checked);
    model->has_workers = checked_flag(checked, "has_workers");
    model->parallel = checked_flag(checked, "parallel");
    model->offloads = checked_flag(checked, "offloads");
    model->foreign = checked_flag(checked, "foreign");
    model->dispatches = checked_flag(checked, "dispatches");
    model->token = checked_flag(checked, "token");
    model->workers = (int)checked_whole(checked, "workers", 0, 100000);
    for (int i = 0; i < CONSTANTS && !checked->wrong; i++)
        read_constant(checked, i, &model->of[i]);
    return !checked->wrong;
}

/* A stop or a turn of nanoseconds would be simulated for hours. */
static const double STOP_LEAST_NS = 1e3, STOP_MOST_NS = 1e10, STALL_MOST = 0.98;

static void read_turns(struct checked *checked, struct machine *machine)
{
    machine->stall_share =
        checked_number(checked, "stall_share", 0, STALL_MOST);
    machine->stall_ns = checked_number(
        checked, "stall_ns", machine->stall_share > 0 ? STOP_LEAST_NS : 0,
        STOP_MOST_NS);
    machine->quantum_ns =
        checked_number(checked, "quantum_ns", 0, STOP_MOST_NS);
    if (machine->quantum_ns > 0 && machine->quantum_ns < STOP_LEAST_NS)
        checked_refuse(checked, "quantum_ns", "0, or at least 1000");
}

int machine_read(const json_t *json, struct machine *machine, char *why,
                 size_t why_size)
{
    struct checked checked = checked_file(json, why, why_size);
    const json_t *row;
    size_t i;

    *machine = (struct machine){0};
    checked_whole(&checked, "schema_version", SCHEMA_VERSION, SCHEMA_VERSION);
    checked_text(&checked, "run_id", machine->run_id, sizeof machine->run_id);
    checked_time(&checked, "at", machine->at, sizeof machine->at);
    checked_text(&checked, "tool_version", machine->version,
                 sizeof machine->version);
    checked_text(&checked, "fingerprint", machine->fingerprint,
                 sizeof machine->fingerprint);
    machine->cores = (int)checked_whole(&checked, "cores", 1, SIMULATION_CORES);
    read_turns(&checked, machine);
    machine->step_ns = checked_number(&checked, "step_ns", 0, 1e6);
    machine->noisy = checked_flag(&checked, "noisy");
    if (json_object_get(json, "untrusted"))
        machine->untrusted = checked_flag(&checked, "untrusted");
    if (json_object_get(json, "own_time"))
        machine->own_time = checked_number(&checked, "own_time", 1e-3, 1e5);
    const json_t *models =
        checked_list(&checked, "models", 1, CONSTANTS_MODELS_MAX);
    if (checked.wrong)
        return -EINVAL;
    json_array_foreach (models, i, row) {
        struct checked model = checked_row(row, "models", i, why, why_size);
        if (!read_model(&model, machine, &machine->models[i]))
            return -EINVAL;
        machine->model_count++;
    }
    return 0;
}
