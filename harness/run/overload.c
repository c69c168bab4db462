/* SPDX-License-Identifier: MIT
 *
 * One short closed loop a model, a trial like any other, like the first step
 * of a search; repeated twice at most while a gate says that it was disturbed.
 * Then it counts all the same, as the rate is what is asked for and no figure,
 * and the run says so.
 */
#include "overload.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "harness/base/json.h"
#include "harness/experiment/entrants.h"
#include "harness/experiment/json_cell.h"
#include "harness/figures/metric.h"
#include "harness/search/trial.h"

struct reached {
    double per_s; /* 0: it did not answer */
    bool valid;
    char why[160];
};

/* Returns 0, or -EINTR when it was stopped. */
static int reach(struct run *run, const struct experiment *experiment,
                 const struct load_point *cell, int i, struct reached *reached)
{
    struct load_point point = *cell;
    struct trial_spec spec = attempt_spec(run, experiment, &point, i);
    struct search_trial *trial = calloc(1, sizeof *trial);
    int result = !trial ? -ENOMEM : 0;

    point.recovery_ns = 0;
    *reached = (struct reached){0};
    for (int turn = 0; turn < SEARCH_ATTEMPTS && result == 0 && !reached->valid;
         turn++) {
        struct search_step step = {0};

        result = search_trial_run(&spec, 0, turn, trial);
        if (result == 0)
            search_trial_judge(&trial->plan, &trial->trial, trial->gates,
                               trial->gate_count, &step);
        reached->valid = result == 0 && step.verdict == SEARCH_PASS;
        if (result == 0 && (reached->valid || reached->per_s <= 0))
            reached->per_s = step.achieved_per_s;
        snprintf(reached->why, sizeof reached->why, "%s", step.why);
        search_trial_free(trial);
    }
    free(trial);
    return result == -EINTR ? -EINTR : 0;
}

/* All models, and the quickest; a new reference, or NULL when stopped. */
static json_t *measure(struct run *run, const struct experiment *experiment,
                       const struct load_point *point)
{
    json_t *told = json_object();
    const char *quickest = "";
    struct reached reached, best = {0};

    for (int i = 0; i < EXPERIMENT_MODELS_MAX && point->models[i]; i++) {
        if (entrants_is_copy(point->models[i]))
            continue;
        if (reach(run, experiment, point, i, &reached) < 0) {
            json_decref(told);
            return NULL;
        }
        json_object_set_new(told, point->models[i],
                            reached.per_s > 0 ? json_real(reached.per_s)
                                              : json_null());
        if (reached.per_s > best.per_s) {
            best = reached;
            quickest = point->models[i];
        }
    }
    return json_pack("{s:f, s:s, s:b, s:o, s:o}", "per_s", best.per_s, "model",
                     quickest, "valid", best.valid, "why",
                     best.valid || best.why[0] == '\0' ? json_null()
                                                       : json_string(best.why),
                     "models", told);
}

/* Whether two load points as run.json has them differ in their rate alone. */
static bool alike(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"section", "query", "workers",
                                       "backend_workers"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!json_equal(json_object_get(a, keys[i]),
                        json_object_get(b, keys[i])))
            return false;
    return json_equal(
        json_object_get(json_object_get(a, "load"), "connections"),
        json_object_get(json_object_get(b, "load"), "connections"));
}

/* From a run that is resumed, or of an earlier load point that differs in its
 * rate alone. */
static json_t *known_of(int number, const json_t *stored)
{
    const json_t *row = json_array_get(stored, (size_t)number);
    json_t *known = json_object_get(row, "capacity");

    for (int i = 0; !known && i < number; i++)
        if (alike(json_array_get(stored, (size_t)i), row))
            known =
                json_object_get(json_array_get(stored, (size_t)i), "capacity");
    return json_incref(known);
}

static void tell(struct run *run, const struct load_point *point,
                 const json_t *known)
{
    const char *why = json_string_of(known, "why");
    char rate[32], whole[32];

    metric_format("rate_per_s", point->rate_per_s, rate, sizeof rate);
    metric_format("rate_per_s", json_number_of(known, "per_s"), whole,
                  sizeof whole);
    results_say(&run->results,
                "rate of %s: %s, %g times the %s that %s reaches%s%s",
                point->id, rate, point->rate_of_capacity, whole,
                json_string_of(known, "model"), why ? "; disturbed: " : "",
                why ? why : "");
}

static int set_rate(struct run *run, const struct experiment *experiment,
                    int number, struct load_point *point, const json_t *stored)
{
    json_t *row = json_array_get(stored, (size_t)number);
    json_t *known = known_of(number, stored);

    if (!known)
        known = measure(run, experiment, point);
    if (!known)
        return -EINTR;
    /* With no answer at all the trials say why, at whatever rate. */
    point->rate_per_s =
        point->rate_of_capacity * fmax(json_number_of(known, "per_s"), 1);
    json_object_set_new(row, "capacity", known);
    json_object_set_new(row, "load", json_load(point));
    tell(run, point, known);
    return 0;
}

int overload_measure(struct run *run)
{
    json_t *experiments = json_object_get(run->json, "experiments");

    for (int i = 0; i < run->plan.experiment_count; i++) {
        struct experiment *experiment = run->plan.experiments[i];
        const json_t *stored = json_object_get(
            json_array_get(experiments, (size_t)i), "load_points");

        for (int j = 0; j < experiment->load_point_count; j++) {
            struct load_point *point = &experiment->load_points[j];

            if (point->rate_of_capacity > 0 && point->models[0] &&
                set_rate(run, experiment, j, point, stored) < 0)
                return -EINTR;
        }
    }
    return 0;
}
