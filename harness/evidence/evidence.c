/* SPDX-License-Identifier: MIT */
#include "evidence.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/statistics.h"
#include "harness/base/json.h"
#include "harness/predict/checked.h"

enum { SCHEMA_VERSION = 1 };

/* Largest values that a stored figure may have: a day, a terabyte. */
static const double NS_MOST = 86400e9, OTHER_MOST = 1e12;

const struct evidence_model *evidence_find(const struct evidence *evidence,
                                           const char *name, int workers)
{
    for (int i = 0; i < evidence->count; i++)
        if (!strcmp(evidence->of[i].name, name) &&
            (evidence->place[0] || evidence->of[i].workers == workers))
            return &evidence->of[i];
    return NULL;
}

struct evidence_model *evidence_put(struct evidence *evidence, const char *name,
                                    int workers)
{
    const struct evidence_model *there = evidence_find(evidence, name, workers);

    if (there)
        return &evidence->of[there - evidence->of];
    if (evidence->count == EVIDENCE_MODELS_MAX)
        return NULL;
    struct evidence_model *model = &evidence->of[evidence->count++];
    *model = (struct evidence_model){.workers = workers};
    snprintf(model->name, sizeof model->name, "%s", name);
    return model;
}

/* log(measured / forecast) of a trial; NAN: one of both is not there. */
static double error_of(const struct evidence_trial *trial,
                       enum quantity quantity)
{
    double measured = trial->measured[quantity];
    double forecast = trial->forecast[quantity];

    return measured > 0 && forecast > 0 ? log(measured / forecast) : NAN;
}

static void find(const struct evidence_model *model, enum quantity quantity,
                 struct evidence_found *found)
{
    double sum = 0, squares = 0, level = 0;
    int n = 0, levels = 0;

    for (int i = 0; i < model->count; i++) {
        double error = error_of(&model->trials[i], quantity);
        double measured = model->trials[i].measured[quantity];
        if (measured > 0) {
            level += log(measured);
            levels++;
        }
        if (!isfinite(error))
            continue;
        sum += error;
        n++;
    }
    found->n[quantity] = n;
    found->measured[quantity] = levels > 0 ? exp(level / levels) : NAN;
    found->ratio[quantity] = n > 0 ? exp(sum / n) : NAN;
    found->factor[quantity] = NAN;
    if (n < 2)
        return;
    for (int i = 0; i < model->count; i++) {
        double error = error_of(&model->trials[i], quantity);
        if (isfinite(error))
            squares += (error - sum / n) * (error - sum / n);
    }
    double next = sqrt(squares / (n - 1) * (1 + 1.0 / n));
    found->factor[quantity] = exp(statistics_t_quantile(0.95, n - 1) * next);
}

struct evidence_found evidence_found(const struct evidence_model *model)
{
    struct evidence_found found = {0};

    for (int q = 0; q < QUANTITIES; q++)
        find(model, q, &found);
    for (int i = 0; i < model->count; i++)
        found.overloads += model->trials[i].overloaded;
    found.overloaded = 2 * found.overloads > model->count;
    return found;
}

const struct evidence_trial *evidence_at(const struct evidence_model *model,
                                         int block)
{
    for (int i = 0; i < model->count; i++)
        if (model->trials[i].block == block)
            return &model->trials[i];
    return NULL;
}

double evidence_ratio(const struct evidence_trial *trial,
                      const struct evidence_found *found,
                      enum quantity quantity, double otherwise)
{
    double error = error_of(trial, quantity);

    if (isfinite(error))
        return exp(error);
    return found->n[quantity] > 0 ? found->ratio[quantity] : otherwise;
}

static json_t *figures_json(const double *of)
{
    json_t *figures = json_object();

    for (int q = 0; q < QUANTITIES; q++)
        json_object_set_new(figures, quantity_name(q), json_finite(of[q]));
    return figures;
}

static json_t *model_json(const struct evidence_model *model)
{
    json_t *trials = json_array();

    for (int i = 0; i < model->count; i++)
        json_array_append_new(
            trials,
            json_pack("{s:i, s:b, s:o, s:o}", "block", model->trials[i].block,
                      "overloaded", model->trials[i].overloaded, "measured",
                      figures_json(model->trials[i].measured), "forecast",
                      figures_json(model->trials[i].forecast)));
    return json_pack("{s:s, s:i, s:i, s:o, s:o, s:o}", "model", model->name,
                     "workers", model->workers, "invalid", model->invalid,
                     "reason", json_text_if(model->why), "unknown",
                     json_text_if(model->unknown), "trials", trials);
}

json_t *evidence_json(const struct evidence *evidence)
{
    json_t *runs = json_array(), *models = json_array();

    for (int i = 0; i < evidence->run_count; i++)
        json_array_append_new(runs, json_text(evidence->runs[i]));
    for (int i = 0; i < evidence->count; i++)
        json_array_append_new(models, model_json(&evidence->of[i]));
    return json_pack("{s:i, s:o, s:o, s:f, s:i, s:b, s:o}", "schema_version",
                     SCHEMA_VERSION, "runs", runs, "place",
                     json_text_if(evidence->place), "percentile",
                     evidence->percentile, "connections", evidence->connections,
                     "shared", evidence->shared, "models", models);
}

static void read_figures(const json_t *trial, const char *member, size_t index,
                         double *of, bool *wrong, char *why, size_t why_size)
{
    const json_t *figures = json_object_get(trial, member);
    struct checked checked = checked_row(figures, member, index, why, why_size);

    for (int q = 0; q < QUANTITIES && !checked.wrong; q++) {
        bool time = q == QUANTITY_CPU || q == QUANTITY_P50 || q == QUANTITY_P99;
        of[q] = checked_number_or_null(&checked, quantity_name(q), 0,
                                       time ? NS_MOST : OTHER_MOST);
    }
    *wrong |= checked.wrong;
}

static bool read_trials(const json_t *list, struct evidence_model *model,
                        char *why, size_t why_size)
{
    const json_t *row;
    bool wrong = false;
    size_t i;

    json_array_foreach (list, i, row) {
        struct evidence_trial *trial = &model->trials[model->count];
        struct checked checked = checked_row(row, "trials", i, why, why_size);
        trial->block = (int)checked_whole(&checked, "block", 1, 1000);
        trial->overloaded = checked_flag(&checked, "overloaded");
        wrong |= checked.wrong;
        if (!wrong)
            read_figures(row, "measured", i, trial->measured, &wrong, why,
                         why_size);
        if (!wrong)
            read_figures(row, "forecast", i, trial->forecast, &wrong, why,
                         why_size);
        if (wrong)
            return false;
        model->count++;
    }
    return true;
}

static bool read_model(const json_t *row, size_t index,
                       struct evidence *evidence, char *why, size_t why_size)
{
    struct checked checked = checked_row(row, "models", index, why, why_size);
    struct evidence_model *model = &evidence->of[evidence->count++];

    checked_text(&checked, "model", model->name, sizeof model->name);
    model->workers = (int)checked_whole(&checked, "workers", 0, 100000);
    model->invalid = (int)checked_whole(&checked, "invalid", 0, 1000);
    const json_t *trials =
        checked_list(&checked, "trials", 0, EVIDENCE_BLOCKS_MAX);
    if (checked.wrong)
        return false;
    snprintf(model->why, sizeof model->why, "%s", json_text_of(row, "reason"));
    snprintf(model->unknown, sizeof model->unknown, "%s",
             json_text_of(row, "unknown"));
    return read_trials(trials, model, why, why_size);
}

static bool read_runs(const json_t *list, struct evidence *evidence)
{
    const json_t *run;
    size_t i;

    json_array_foreach (list, i, run) {
        if (!json_is_string(run) ||
            json_string_length(run) >= sizeof evidence->runs[0])
            return false;
        strcpy(evidence->runs[evidence->run_count++], json_string_value(run));
    }
    return true;
}

int evidence_read(const json_t *json, struct evidence *evidence, char *why,
                  size_t why_size)
{
    struct checked checked = checked_file(json, why, why_size);
    const json_t *row;
    size_t i;

    *evidence = (struct evidence){0};
    checked_whole(&checked, "schema_version", SCHEMA_VERSION, SCHEMA_VERSION);
    snprintf(evidence->place, sizeof evidence->place, "%s",
             json_text_of(json, "place"));
    evidence->percentile = checked_number(&checked, "percentile", 1, 99.99999);
    evidence->connections =
        (int)checked_whole(&checked, "connections", 1, 1000000);
    evidence->shared = checked_flag(&checked, "shared");
    const json_t *runs = checked_list(&checked, "runs", 0, EVIDENCE_RUNS_MAX);
    const json_t *models =
        checked_list(&checked, "models", 0, EVIDENCE_MODELS_MAX);
    if (!checked.wrong && !read_runs(runs, evidence))
        checked_refuse(&checked, "runs", "names of runs");
    if (checked.wrong)
        return -EINVAL;
    json_array_foreach (models, i, row)
        if (!read_model(row, i, evidence, why, why_size))
            return -EINVAL;
    return 0;
}
