/* SPDX-License-Identifier: MIT */
#include "validation.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "harness/screen/table.h"

int validation_judge(struct validation *v, const json_t *trials)
{
    int status = rows_make(&v->questions, trials, &v->rows);

    if (status == 0)
        status = scores_make(&v->questions, &v->rows, &v->scores);
    if (status == 0)
        status = baselines_make(&v->questions, &v->rows, &v->baselines);
    if (status == 0)
        goals_make(&v->scores, &v->baselines, &v->goals);
    return status;
}

void validation_free(struct validation *v)
{
    rows_free(&v->rows);
    baselines_free(&v->baselines);
    questions_free(&v->questions);
}

/* The cost of a request, measured again among the services, beside that which
 * was calibrated: how far the machine has drifted. */
static json_t *drift_json(const struct validation *v, const json_t *trials)
{
    json_t *list = json_array();

    for (int m = 0; m < v->questions.model_count; m++) {
        const struct model_constants *model = v->questions.models[m];
        const struct constant *c = &model->of[CONSTANT_REQUEST];
        double sum_ns = 0;
        const json_t *trial;
        int n = 0;
        size_t i;
        json_array_foreach (trials, i, trial) {
            char why[160];
            double ns = metric_of(metric_find("cpu_per_request_ns"), trial, why,
                                  sizeof why);
            if (json_text_is(trial, "load_point", "hello") &&
                json_text_is(json_object_get(trial, "cell"), "model",
                             model->name) &&
                json_true_of(trial, "valid") && isfinite(ns)) {
                sum_ns += ns;
                n++;
            }
        }
        if (n > 0)
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:{s:f, s:o, s:o, s:i}, s:f}",
                                "model", model->name, "constant",
                                constant_name(CONSTANT_REQUEST), "calibrated",
                                "value", c->value, "lo",
                                json_finite_if(c->lo, c->n > 1), "hi",
                                json_finite_if(c->hi, c->n > 1), "n", c->n,
                                "measured", sum_ns / n));
    }
    return list;
}

/* Whose constants the forecasts were made from: those of a model that is
 * calibrated again later were not validated. */
static json_t *constants_json(const struct validation *v)
{
    const struct machine *machine = &v->questions.machine;
    json_t *list = json_array();

    for (int m = 0; m < v->questions.model_count; m++) {
        const struct model_constants *model = v->questions.models[m];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s}", "model", model->name, "run_id",
                            machine_run_of(machine, model), "at",
                            machine_at_of(machine, model)));
    }
    return list;
}

json_t *validation_json(const struct validation *v, const json_t *run,
                        const json_t *trials)
{
    const struct machine *machine = &v->questions.machine;

    return json_pack(
        "{s:i, s:I, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:b, s:i, s:o, s:o, "
        "s:o, s:o, s:o, s:O, s:O, s:o, s:o}",
        "schema_version", 1, "seed", (json_int_t)v->seed, "machine",
        machine->run_id, "machine_at", machine->at, "noisy", machine->noisy,
        "fingerprint",
        json_text_of(json_object_get(run, "environment"), "fingerprint"), "at",
        json_text_of(run, "started_at"), "run_id", json_text_of(run, "run_id"),
        "kind", validation_is_full(v) ? "full" : "quick", "afterwards",
        v->afterwards, "cores", machine->cores, "constants", constants_json(v),
        "services", questions_services_json(&v->questions), "residuals",
        rows_json(&v->rows), "errors", scores_json(&v->scores), "baselines",
        baselines_json(&v->baselines), "choices", v->baselines.choices,
        "workers", v->baselines.workers, "drift", drift_json(v, trials),
        "goals", goals_json(&v->goals));
}

static void print_share(FILE *file, double share)
{
    if (isfinite(share))
        fprintf(file, " %7.1f %%", 100 * share);
    else
        fprintf(file, " %9s", "-");
}

static void print_error(const struct score *score, FILE *file)
{
    const struct errors *e = &score->errors;

    fprintf(file, "  %-24s %4d", score->group, e->n);
    print_share(file, e->median);
    print_share(file, e->p90);
    print_share(file, e->bias);
    print_share(file, e->within);
    print_share(file, e->covered);
    fputc('\n', file);
}

/* A table for each quantity. */
static void print_errors(const struct validation *v)
{
    const char *quantity = "";
    struct table_text table = {0};
    FILE *file = stdout;

    for (int i = 0; i < v->scores.score_count; i++) {
        const struct score *score = &v->scores.scores[i];
        if (strcmp(quantity, quantity_name(score->quantity)) != 0) {
            quantity = quantity_name(score->quantity);
            table_close(&table);
            puts("");
            file = table_open(&table, stdout);
            fprintf(file, "%-26s %4s %9s %9s %9s %9s %9s\n", quantity, "n",
                    "median", "p90", "bias", "x/1.25", "in band");
        }
        print_error(score, file);
    }
    table_close(&table);
}

static void print_baselines(const struct validation *v)
{
    struct table_text table;

    puts("");
    FILE *file = table_open(&table, stdout);
    fprintf(file, "%-18s %-18s %4s %9s %9s %9s\n", "rule", "of", "n", "median",
            "p90", "right");
    for (int i = 0; i < v->baselines.count; i++) {
        const struct baseline *b = &v->baselines.rows[i];
        fprintf(file, "%-18s %-18s %4d", b->name, b->of, b->n);
        print_share(file, b->median);
        print_share(file, b->p90);
        print_share(file, b->right);
        fputc('\n', file);
    }
    table_close(&table);
}

/* Services of which something could be judged. */
static int services_measured(const struct validation *v)
{
    bool seen[HELD_OUT_MAX] = {false};
    int count = 0;

    for (int i = 0; i < v->rows.count; i++)
        if (v->rows.rows[i].judged)
            seen[v->rows.rows[i].question->service] = true;
    for (int s = 0; s < HELD_OUT_MAX; s++)
        count += seen[s];
    return count;
}

bool validation_is_full(const struct validation *v)
{
    return services_measured(v) >= VALIDATION_FULL;
}

void validation_print(const struct validation *v)
{
    int services = services_measured(v);
    static const char *const states[] = {
        [GOAL_MET] = "met",
        [GOAL_MISSED] = "MISSED",
        [GOAL_NOT_JUDGED] = "not judged",
    };

    print_errors(v);
    print_baselines(v);
    puts("");
    for (int i = 0; i < v->goals.count; i++) {
        const struct goal *goal = &v->goals.rows[i];
        printf("%-10s", states[goal->state]);
        print_share(stdout, goal->seen);
        printf("  n %4d  %s%s%s\n", goal->n, goal->words,
               *goal->why ? ": " : "", goal->why);
    }
    if (v->afterwards)
        puts("the forecasts were made after the measurements: they prove "
             "nothing");
    else if (!validation_is_full(v))
        printf(
            "%d service%s prove%s nothing: 59 without a miss show that 95 %% "
            "are right (--full)\n",
            services, digits_plural(services), services == 1 ? "s" : "");
}
