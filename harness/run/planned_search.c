/* SPDX-License-Identifier: MIT
 *
 * For the plan, the results and the statistics a search is one trial, although
 * each of its steps is a trial with a server of its own. A search with a step
 * that stays invalid is an invalid trial. No search is repeated, since its
 * steps were.
 */
#include "planned_search.h"

#include <errno.h>
#include <stdlib.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/experiment/json_cell.h"
#include "harness/search/rows.h"
#include "harness/search/search.h"
#include "harness/search/trial.h"
#include "live.h"
#include "trial_json.h"

/* One model's search. */
struct entry {
    const struct planned_trial *planned;
    struct model_info model;
    struct trial_spec spec;
    json_t *json;      /* of the step that stands for the trial */
    double rate_per_s; /* of that step */
    bool passed;       /* whether that step passed */
};

struct group {
    struct run *run;
    struct entry *entries;
    struct search *searches;
    int count;
    const struct search_group *steps;
    const char *names[EXPERIMENT_MODELS_MAX];
};

bool planned_search_is(const struct run *run,
                       const struct planned_trial *planned)
{
    return plan_point(&run->plan, planned)->search;
}

/* Keeps the step if it is to stand for the trial: the fastest step that passed,
 * or the last step as long as none has passed. */
static void keep(struct group *group, struct entry *entry,
                 const struct search_trial *done,
                 const struct search_step *step)
{
    bool passed = step->verdict == SEARCH_PASS && step->rate_per_s > 0;

    if (entry->passed && !(passed && step->rate_per_s > entry->rate_per_s))
        return;
    json_decref(entry->json);
    entry->json = trial_json(group->run->results.run_id, &group->run->plan,
                             entry->planned, &done->plan, &done->trial,
                             done->gates, done->gate_count);
    entry->rate_per_s = step->rate_per_s;
    entry->passed = passed;
}

/* The time left, by the plan; of the searches under way, by their steps. */
static int64_t eta_ns(const struct group *group)
{
    const struct planned_trial *first = group->entries[0].planned;
    int last = first->order - 1 + group->count;
    int64_t own_ns =
        group->count * plan_trial_ns(plan_point(&group->run->plan, first));

    return plan_eta_ns(&group->run->plan, last) +
           (int64_t)((double)own_ns * (1 - search_rows_share(group->steps)));
}

/* Draws the steps until now, while the next one runs. */
static void show_steps(const struct group *group)
{
    if (group->run->live)
        live_search(group->run->live, group->run, group->steps, group->names,
                    eta_ns(group));
}

static int take_step(void *context, int who, int turn, struct search_step *step)
{
    struct group *group = context;
    struct entry *entry = &group->entries[who];
    const struct search *search = &group->searches[who];
    struct search_trial *trial = calloc(1, sizeof *trial);

    show_steps(group);
    int result = !trial ? -ENOMEM
                        : search_trial_run(&entry->spec, search->rate_per_s,
                                           turn, trial);

    if (result == 0) {
        search_trial_judge(&trial->plan, &trial->trial, trial->gates,
                           trial->gate_count, step);
        keep(group, entry, trial, step);
        /* On a terminal a step that went well is in the state alone. */
        (group->run->live && step->verdict != SEARCH_INVALID ? results_note
                                                             : results_say)(
            &group->run->results, "block %d %s %s %s %s: %s%s%s",
            entry->planned->block, entry->spec.model->name,
            entry->spec.point->id, search_phase_name(search->phase),
            digits_whole(step->rate_per_s > 0 ? step->rate_per_s
                                              : step->achieved_per_s,
                         "/s")
                .text,
            search_verdict_name(step->verdict), step->why[0] ? ": " : "",
            step->why);
    }
    if (trial)
        search_trial_free(trial);
    free(trial);
    return result;
}

/* Completes the JSON of the step that stands for the trial: load, result and
 * validity are those of the search. */
static void finish(struct entry *entry, const struct search *search)
{
    const struct load_point *point = entry->spec.point;
    const char *limit =
        search_trial_bound(point, search->ceiling_per_s) ? "connections" : NULL;
    json_t *cell = json_object_get(entry->json, "cell");
    char reason[256];

    json_object_set_new(cell, "load", json_load(point));
    json_object_set_new(entry->json, "capacity",
                        search_json(search, &point->slo, limit));
    json_object_set_new(entry->json, "valid", json_boolean(!search->failed));
    json_object_set_new(entry->json, "reason", json_null());
    /* The gates have judged the search's steps one by one. */
    json_object_set_new(entry->json, "withheld", json_array());
    if (!search->failed)
        return;
    snprintf(reason, sizeof reason, "a step of the search stayed invalid: %s",
             search->count > 0 ? search->steps[search->count - 1].why : "");
    json_object_set_new(entry->json, "reason", json_text(reason));
}

static void begin(struct group *group,
                  const struct planned_trial *const *planned)
{
    for (int i = 0; i < group->count; i++) {
        struct entry *entry = &group->entries[i];

        entry->planned = planned[i];
        attempt_planned_spec(group->run, planned[i], 1, &entry->model,
                             &entry->spec);
        /* Earlier trials of the cell had other rates, and the machine other
         * speeds. */
        entry->spec.usual_speed = 0;
        group->names[i] = entry->spec.model->name;
    }
}

static void say(const struct group *group, int who)
{
    const struct entry *entry = &group->entries[who];
    struct search_result result;
    char name[PLAN_NAME_MAX];

    search_judge(&group->searches[who], &result);
    results_say(&group->run->results, "%s %s: %s%s, conservative %s",
                plan_name(&group->run->plan, entry->planned, name, sizeof name),
                entry->spec.point->slo.text,
                group->searches[who].failed ? "INVALID, "
                : result.cannot_meet        ? "cannot meet it, "
                : result.at_least           ? "at least "
                                            : "",
                digits_whole(result.estimate_per_s, "/s").text,
                digits_whole(result.conservative_per_s, "/s").text);
}

static int store_all(struct group *group)
{
    int result = 0;

    for (int i = 0; i < group->count && result == 0; i++) {
        struct entry *entry = &group->entries[i];

        finish(entry, &group->searches[i]);
        result = !entry->json ? -ENOMEM
                              : attempt_store(group->run, entry->planned,
                                              entry->json, NULL, true);
        if (result < 0)
            break;
        json_array_append(group->run->trials, entry->json);
        if (group->run->live)
            live_trial(group->run->live, group->run, entry->planned,
                       entry->json, true, eta_ns(group));
        say(group, i);
    }
    return result;
}

int planned_search_do(struct run *run,
                      const struct planned_trial *const *planned, int count)
{
    struct group group = {
        .run = run,
        .entries = calloc((size_t)count, sizeof *group.entries),
        .searches = calloc((size_t)count, sizeof *group.searches),
        .count = count};
    struct search_group steps = {group.searches, count, take_step, &group};
    int result = -ENOMEM;

    group.steps = &steps;
    if (group.entries && group.searches) {
        begin(&group, planned);
        result = search_group_run(&steps);
        if (result == 0)
            result = store_all(&group);
        for (int i = 0; i < count; i++)
            json_decref(group.entries[i].json);
    }
    free(group.entries);
    free(group.searches);
    return result;
}
