/* SPDX-License-Identifier: MIT
 *
 * One function per object of the format (docs/results.md).
 */
#include "run_json.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/experiment/entrants.h"
#include "harness/experiment/json_cell.h"
#include "harness/gate/gate.h"
#include "harness/machine/placement.h"

enum { PATH_SIZE = 1024 };

static json_t *json_profile(const struct profile *profile)
{
    bool limited = profile->limit_text[0] != '\0';

    if (!profile->given)
        return json_null();
    return json_pack(
        "{s:o, s:I, s:I, s:i, s:o, s:o, s:o, s:o}", "name",
        json_text(profile->name), "wait_ns", (json_int_t)profile->wait_ns,
        "cpu_ns", (json_int_t)profile->cpu_ns, "connections",
        profile->connections, "limit", json_text_if(profile->limit_text),
        "limit_percentile", json_finite_if(profile->limit_percentile, limited),
        "limit_ns", limited ? json_integer(profile->limit_ns) : json_null(),
        "memory_bytes", json_positive(profile->memory_bytes));
}

json_t *run_json_beside(const struct beside *beside)
{
    if (!beside->workload)
        return json_null();
    return json_pack("{s:s, s:o, s:f, s:i}", "workload", beside->workload->name,
                     "query", json_query(beside->workload, &beside->arguments),
                     "rate_per_s", beside->rate_per_s, "connections",
                     beside->connections);
}

static json_t *json_models_of(const struct load_point *point)
{
    json_t *list = json_array();

    for (int i = 0; i < EXPERIMENT_MODELS_MAX && point->models[i]; i++)
        if (!entrants_is_copy(point->models[i]))
            json_array_append_new(list, json_string(point->models[i]));
    return list;
}

/* The models' own flags in the experiment file, by model. */
static json_t *json_settings_of(const struct load_point *point)
{
    json_t *object = json_object();

    for (int i = 0; i < EXPERIMENT_MODELS_MAX && point->models[i]; i++)
        if (!entrants_is_copy(point->models[i]) &&
            point->model_settings[i][0] != '\0')
            json_object_set_new(object, point->models[i],
                                json_string(point->model_settings[i]));
    return object;
}

json_t *run_json_load_point(const struct load_point *point)
{
    const struct workload *workload = point->workload->workload;

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:o, s:I, s:I, s:I, "
        "s:I, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o}",
        "id", point->id, "section", point->section, "workload",
        point->workload->name, "kind", workload_kind_name(workload->kind),
        "query", json_query(point->workload, &point->arguments), "parameters",
        json_parameters(workload->parameters, &point->arguments), "load",
        json_load(point), "latency_kind",
        point->mode == LOAD_OPEN ? "response" : "service", "placement",
        placement_name(point->placement), "workers",
        json_positive(point->workers), "warmup_ns",
        (json_int_t)point->warmup_ns, "window_ns", (json_int_t)point->window_ns,
        "timeout_ns", (json_int_t)point->timeout_ns, "wait_ns",
        (json_int_t)workload->wait_ns(&point->arguments), "classes",
        workload->heavy != NULL, "updates", workload->counts_updates, "slo",
        json_text_if(point->slo.text), "beside",
        run_json_beside(&point->beside), "models", json_models_of(point),
        "settings", json_settings_of(point), "backend_workers",
        json_positive(point->backend_workers), "cpu_quota",
        json_finite_if(point->cpu_quota, point->cpu_quota > 0));
}

static json_t *json_experiment(const struct experiment *experiment)
{
    json_t *points = json_array();

    for (int i = 0; i < experiment->load_point_count; i++)
        json_array_append_new(points,
                              run_json_load_point(&experiment->load_points[i]));
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:f, s:f, s:b, s:i, s:o, s:o, s:o, s:o, "
        "s:o}",
        "name", experiment->name, "title", json_text(experiment->title),
        "question", json_text(experiment->question), "baseline",
        json_text_if(experiment->baseline), "base",
        json_text_if(experiment->base), "margin", experiment->margin,
        "latency_margin", experiment->latency_margin, "noise_floor",
        experiment->noise_floor, "blocks", experiment->blocks, "headline",
        json_text_if(experiment->headline), "home",
        experiment->target_count > 0 ? json_text(experiment->targets[0].home)
                                     : json_null(),
        "left_out", json_text_if(experiment->left_out), "profile",
        json_profile(&experiment->profile), "load_points", points);
}

static json_t *json_planned(const struct plan *plan,
                            const struct planned_trial *trial)
{
    const struct load_point *point = plan_point(plan, trial);

    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "trial_id", trial->id,
                     "experiment", plan->experiments[trial->experiment]->name,
                     "load_point", point->id, "model",
                     point->models[trial->model], "block", trial->block,
                     "order", trial->order);
}

void run_json_add_plan(json_t *run, const struct plan *plan, int from)
{
    json_t *list = json_object_get(run, "plan");

    for (int i = from; i < plan->trial_count; i++)
        json_array_append_new(list, json_planned(plan, &plan->trials[i]));
}

/* The command of a target, its file and version; null for a model of ours. */
static json_t *json_target(const struct target *target)
{
    char version[256];

    if (!target)
        return json_null();
    target_version(target, version, sizeof version);
    json_t *served = json_array();
    for (int i = 0; target->workloads[i]; i++)
        json_array_append_new(served, json_string(target->workloads[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:b}", "command",
                     json_text(target->command), "path",
                     json_text(target->asking.urls[0].path), "version",
                     json_text_if(version), "workloads", served, "discipline",
                     discipline_name(target->discipline), "slots",
                     json_text_if(target->law.text), "gil", target->gil);
}

static json_t *json_model(const struct model_info *model)
{
    json_t *parameters = json_loads(model->parameters, 0, NULL);

    return json_pack("{s:o, s:s, s:s, s:o, s:b, s:o, s:o, s:o}", "summary",
                     json_text(model->summary), "task", model->task, "flags",
                     model->flags, "runtime", models_runtime(model),
                     "yardstick", model->yardstick, "workers_default",
                     model->has_workers ? json_integer(model->workers_default)
                                        : json_null(),
                     "parameters", parameters ? parameters : json_array(),
                     "target", json_target(model->target));
}

/* The models that the plan names; a copy is not a model of its own. */
static json_t *json_models(const struct plan *plan)
{
    json_t *object = json_object();

    for (int i = 0; i < plan->trial_count; i++) {
        const struct planned_trial *trial = &plan->trials[i];
        const struct experiment *experiment =
            plan->experiments[trial->experiment];
        const char *name = plan_point(plan, trial)->models[trial->model];
        const struct model_info *model =
            entrants_is_copy(name) ? NULL
                                   : models_find(experiment->models, name);

        if (model && !json_object_get(object, name))
            json_object_set_new(object, name, json_model(model));
    }
    return object;
}

/* The meaning of each gate, for readers of the trials. */
static json_t *json_gates(void)
{
    struct gate_about about[GATES_MAX];
    int count = gate_all(about);
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:s}", "id", about[i].id,
                            "fails_when", about[i].fails_when, "figures",
                            figures_json(about[i].figures), "effect",
                            effect_name(about[i].effect)));
    return list;
}

json_t *run_json(const char *run_id, const char *command,
                 const struct plan *plan, json_t *environment)
{
    json_t *experiments = json_array(), *run;

    for (int i = 0; i < plan->experiment_count; i++)
        json_array_append_new(experiments,
                              json_experiment(plan->experiments[i]));
    run = json_pack(
        "{s:i, s:s, s:s, s:s, s:o, s:o, s:n, s:b, s:n, s:I, s:o, s:o, s:[], "
        "s:o, s:o, s:[], s:[], s:[], s:o}",
        "schema_version", 1, "run_id", run_id, "tool_version", version(),
        "variant", version_variant(), "command", json_text(command),
        "started_at", json_time(time(NULL)), "ended_at", "complete", 0,
        "interrupted", "seed", (json_int_t)plan->seed, "experiments",
        experiments, "models", json_models(plan), "plan", "environment",
        environment, "gates", json_gates(), "ceilings", "summary",
        "comparisons", "tally",
        json_pack("{s:i, s:i, s:i, s:i}", "planned", plan->trial_count, "done",
                  0, "valid", 0, "invalid", 0));
    if (run)
        run_json_add_plan(run, plan, 0);
    return run;
}

/* Copies the figures, so that a report needs the run alone. */
static json_t *json_primitives(const json_t *stored, const char *path)
{
    const char *name = strrchr(path, '/');
    json_t *rows = json_array(), *row;
    size_t i;

    json_array_foreach (json_object_get(stored, "primitives"), i, row)
        json_array_append_new(
            rows,
            json_pack("{s:O, s:O, s:O, s:O}", "name",
                      json_object_get(row, "name"), "median_ns",
                      json_object_get(row, "median_ns"), "lower_quartile_ns",
                      json_object_get(row, "lower_quartile_ns"),
                      "upper_quartile_ns",
                      json_object_get(row, "upper_quartile_ns")));
    return json_pack("{s:s, s:O, s:o}", "file", name ? name + 1 : path,
                     "started_at", json_object_get(stored, "started_at"),
                     "primitives", rows);
}

void run_json_add_primitives(const char *directory, json_t *run)
{
    char pattern[PATH_SIZE];
    const char *mine =
        json_text_of(json_object_get(run, "environment"), "fingerprint");
    json_t *found = NULL;
    glob_t files = {0};

    /* The names contain the time, so the last in order is the newest. */
    snprintf(pattern, sizeof pattern, "%s/../primitives-*.json", directory);
    if (glob(pattern, 0, NULL, &files) == 0)
        for (size_t i = files.gl_pathc; i-- > 0 && !found;) {
            json_t *stored = json_load_file(files.gl_pathv[i], 0, NULL);

            if (mine[0] != '\0' &&
                json_text_is(json_object_get(stored, "environment"),
                             "fingerprint", mine))
                found = json_primitives(stored, files.gl_pathv[i]);
            json_decref(stored);
        }
    globfree(&files);
    if (found)
        json_object_set_new(run, "primitives", found);
    else if (!json_object_get(run, "primitives"))
        json_object_set_new(run, "primitives", json_null());
}
