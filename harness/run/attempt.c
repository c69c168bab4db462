/* SPDX-License-Identifier: MIT
 *
 * A trial of which a gate withholds what is asked for is repeated at most
 * twice, if it can come out differently: the gate that failed in the attempt
 * before, or in the cell's last trial, fails for a cause that lasts. The last
 * attempt is the trial itself, the others stay beside it.
 */
#include "attempt.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "busy.h"
#include "ceiling.h"
#include "harness/arithmetic/statistics.h"
#include "harness/base/json.h"
#include "harness/experiment/entrants.h"
#include "harness/figures/metric.h"
#include "harness/trial/drift.h"
#include "harness/trial/slices.h"
#include "harness/trial/trial_run.h"
#include "models/runtime/base/clock.h"
#include "trial_json.h"

enum { ATTEMPTS = 3, NAME_SIZE = 400 };

static double figure(const json_t *trial, const char *name)
{
    const struct metric *metric = metric_find(name);
    char why[256];

    return metric_applies(metric, trial)
               ? metric_of(metric, trial, why, sizeof why)
               : NAN;
}

static const char *shown(const json_t *trial, const char *name, char *text,
                         size_t size)
{
    double value = figure(trial, name);

    return isfinite(value) ? metric_format(name, value, text, size) : "n/a";
}

/* "~" before memory that is an estimate, ">= " where a part is missing. */
static const char *memory_mark(const json_t *trial)
{
    bool lower_bound;
    double share = metric_error_share(metric_find("memory_total_bytes"), trial,
                                      &lower_bound);

    return lower_bound ? ">= " : share > 0 ? "~" : "";
}

/* The time that is left by the plan, and what trials took beyond it so far,
 * repeated attempts included. */
static int64_t eta_ns(const struct run *run, const struct plan_trial *planned)
{
    int64_t eta = plan_eta_ns(&run->plan, planned->order);

    if (run->done > 0)
        eta += run->extra_ns / run->done *
               (run->plan.trial_count - planned->order);
    return eta > 0 ? eta : 0;
}

/* Says which figures are missing, and names each gate once. */
static void say_withheld(struct run *run, const json_t *trial)
{
    const json_t *list = json_object_get(trial, "withheld"), *row;
    const char *last = "";
    size_t i;

    json_array_foreach (list, i, row) {
        const char *words = json_string_of(row, "words");

        if (words && strcmp(words, last) != 0)
            results_say(&run->results, "  withheld, from %s on: %s",
                        json_string_of(row, "figure"), words);
        last = words ? words : last;
    }
}

static void say_trial(struct run *run, const struct plan_trial *planned,
                      const json_t *trial, bool last)
{
    const struct load_point *point = plan_point(&run->plan, planned);
    char rate[32], tail[32], cpu[32], memory[32], left[64], drift[768];
    bool has_p99 = isfinite(figure(trial, "latency_p99_ns"));
    const char *by = figures_bound(trial, FIGURE_THROUGHPUT);

    if (!json_true_of(trial, "valid")) {
        results_say(&run->results,
                    "%d/%d block %d %s %s attempt %d INVALID: %s",
                    planned->order, run->plan.trial_count, planned->block,
                    point->models[planned->model], point->id,
                    (int)json_integer_of(trial, "attempt"),
                    json_string_of(trial, "reason"));
        return;
    }
    if (!last) {
        results_say(&run->results,
                    "%d/%d block %d %s %s attempt %d, again:", planned->order,
                    run->plan.trial_count, planned->block,
                    point->models[planned->model], point->id,
                    (int)json_integer_of(trial, "attempt"));
        say_withheld(run, trial);
        return;
    }
    results_say(
        &run->results,
        "%d/%d block %d %s %s %s%s %s %s cpu/req %s mem %s%s ETA %s%s%s",
        planned->order, run->plan.trial_count, planned->block,
        point->models[planned->model], point->id, by ? ">= " : "",
        shown(trial, "throughput_per_s", rate, sizeof rate),
        has_p99 ? "p99" : "mean",
        shown(trial, has_p99 ? "latency_p99_ns" : "latency_mean_ns", tail,
              sizeof tail),
        shown(trial, "cpu_per_request_ns", cpu, sizeof cpu), memory_mark(trial),
        shown(trial, "memory_total_bytes", memory, sizeof memory),
        plan_duration(eta_ns(run, planned), left, sizeof left),
        by ? ", the limit was " : "", by ? by : "");
    say_withheld(run, trial);
    if (json_object_get(trial, "drift"))
        results_say(&run->results, "  %s",
                    trial_drift_words(json_object_get(trial, "drift"), drift,
                                      sizeof drift));
}

/* Whether the trial has a latency: a load that has not gone round has none,
 * and one that was not carried out has no load. */
static bool has_latency(const json_t *json)
{
    const json_t *latency = json_object_get(json, "latency");

    return latency && !json_is_false(json_object_get(latency, "turned_over"));
}

int attempt_store(struct run *run, const struct plan_trial *planned,
                  const json_t *json, const struct load_result *load, bool last)
{
    char name[NAME_SIZE], why[2048] = "";
    bool open = plan_point(&run->plan, planned)->mode == LOAD_OPEN;
    int attempt = (int)json_integer_of(json, "attempt");
    int result = 0;

    if (load && last && has_latency(json)) {
        snprintf(name, sizeof name, "trials/%s.hgrm", planned->id);
        result = results_write_hgrm(&run->results, name,
                                    open ? &load->response : &load->service,
                                    why, sizeof why);
    }
    snprintf(name, sizeof name,
             last ? "trials/%s.json" : "trials/%s.attempt%d.json", planned->id,
             attempt);
    if (result == 0)
        result = results_write_json(&run->results, name, json, why, sizeof why);
    if (result < 0)
        fprintf(stderr, "troika bench: %s\n", why);
    return result;
}

struct trial_plan attempt_of(struct run *run,
                             const struct experiment *experiment,
                             const struct load_point *point, int model)
{
    return (struct trial_plan){
        .point = point,
        .model = entrants_model(experiment->models, point->models[model]),
        .workers = point->model_workers[model],
        .settings = point->model_settings[model],
        .seed = run->plan.seed,
        .backend = &run->backend,
        .stores = run->stores,
        .store_addresses = experiment->store_addresses,
        .metronome = run->metronome,
        .stop = run->stop,
    };
}

/* How fast the machine usually was in a cell, which a trial's own speed is held
 * to: the median of platform.speed_per_us in its valid trials, 0 when there are
 * fewer than three. Of the same cell, because a busy neighbouring hyperthread
 * is part of the load, and slows the reference work as well. From the trials'
 * JSON, so that it holds for a resumed run as well. */
static double usual_speed(const json_t *trials, const char *experiment,
                          const char *load_point, const char *model)
{
    double speeds[EXPERIMENT_BLOCKS_MAX];
    int count = 0;
    size_t i;
    json_t *trial;

    json_array_foreach (trials, i, trial) {
        const json_t *speed =
            json_object_get(json_object_get(trial, "platform"), "speed_per_us");

        if (count < EXPERIMENT_BLOCKS_MAX && json_is_number(speed) &&
            json_true_of(trial, "valid") &&
            figures_are_of(trial, experiment, load_point, model))
            speeds[count++] = json_number_value(speed);
    }
    if (count < 3)
        return 0;
    qsort(speeds, (size_t)count, sizeof *speeds, statistics_ascending);
    return speeds[count / 2];
}

void attempt_plan(struct run *run, const struct plan_trial *planned,
                  int attempt, struct model_info *entrant,
                  struct trial_plan *plan)
{
    const struct experiment *experiment =
        run->plan.experiments[planned->experiment];
    const struct load_point *point = plan_point(&run->plan, planned);
    const char *name = point->models[planned->model];

    *plan = attempt_of(run, experiment, point, planned->model);
    *entrant = *plan->model;
    entrant->name = name; /* a copy's trials are told apart by it */
    plan->model = entrant;
    plan->seed =
        plan_seed(run->plan.seed, experiment->name, point->id, planned->block);
    plan->usual_speed =
        usual_speed(run->trials, experiment->name, point->id, name);
    plan->id = planned->id;
    plan->attempt = attempt;
    plan->predictions = run->results.predictions;
}

/* Trials that are carried out together. */
struct together {
    int count;
    const struct plan_trial *planned; /* the first; the others follow it */
    struct model_info entrants[EXPERIMENT_MODELS_MAX];
    struct trial_plan plans[EXPERIMENT_MODELS_MAX];
    struct trial *trials[EXPERIMENT_MODELS_MAX];
    json_t *json[EXPERIMENT_MODELS_MAX];
    json_t **before; /* what each came to when it was last tried, or NULL */
};

/* Carries them out. Returns 0 or a negative errno. */
static int carry_out(struct run *run, struct together *together, int attempt)
{
    for (int i = 0; i < together->count; i++) {
        together->trials[i] = calloc(1, sizeof(struct trial));
        if (!together->trials[i])
            return -ENOMEM;
        attempt_plan(run, &together->planned[i], attempt,
                     &together->entrants[i], &together->plans[i]);
    }
    if (together->plans[0].point->slicing.count > 0)
        slices_run(together->plans, together->trials, together->count);
    else
        trial_run(&together->plans[0], together->trials[0]);
    for (int i = 0; i < together->count; i++)
        if (together->trials[i]->end == TRIAL_STOPPED)
            return -EINTR;
    return 0;
}

/* The cell's latest trial that is done; borrowed, or NULL. */
static json_t *latest(const struct run *run, const struct plan_trial *planned)
{
    const struct experiment *experiment =
        run->plan.experiments[planned->experiment];
    const struct load_point *point = plan_point(&run->plan, planned);

    for (size_t i = json_array_size(run->trials); i-- > 0;) {
        json_t *trial = json_array_get(run->trials, i), *cell;
        const char *name, *id, *model;

        cell = json_object_get(trial, "cell");
        name = json_string_of(trial, "experiment");
        id = json_string_of(trial, "load_point");
        model = json_string_of(cell, "model");
        if (name && id && model && !strcmp(name, experiment->name) &&
            !strcmp(id, point->id) &&
            !strcmp(model, point->models[planned->model]))
            return trial;
    }
    return NULL;
}

/* Judges them. Returns 1 when this attempt is the last: nothing is withheld, or
 * none can come out differently, or no attempt is left; 0 when not; or -ENOMEM.
 */
static int judge(struct run *run, struct together *together, int attempt)
{
    struct gate gates[GATES_MAX];
    bool again = false;

    for (int i = 0; i < together->count; i++) {
        struct trial *trial = together->trials[i];
        json_t *json;
        int count;

        trial->ceiling_per_s =
            ceiling_of(json_object_get(run->json, "ceilings"), run->models,
                       &together->plans[i], trial);
        count = gate_judge(&together->plans[i], trial, gates);
        json =
            trial_json(run->results.run_id, &run->plan, &together->planned[i],
                       attempt, &together->plans[i], trial, gates, count);

        together->json[i] = json;
        if (!json)
            return -ENOMEM;
        if (gate_lasting(gates, count))
            json_object_set_new(json, "lasting", json_true());
        again |= gate_worth_repeating(together->plans[i].point, gates, count,
                                      together->before[i]);
        json_decref(together->before[i]);
        together->before[i] = json_incref(json);
    }
    return !again || attempt >= ATTEMPTS || run->again;
}

/* One attempt. Returns 1 when it is the last, 0 to try again, or a negative
 * errno: -EINTR stopped, others not stored. */
static int attempt_once(struct run *run, const struct plan_trial *planned,
                        int count, int attempt, json_t **before)
{
    struct together *together = calloc(1, sizeof *together);
    int result, last = 0;

    if (!together)
        return -ENOMEM;
    together->count = count;
    together->planned = planned;
    together->before = before;
    run->busy = false;
    result = carry_out(run, together, attempt);
    if (result == 0)
        result = last = judge(run, together, attempt);
    for (int i = 0; i < count && result >= 0; i++) {
        result = attempt_store(run, &planned[i], together->json[i],
                               together->trials[i]->load, last);
        run->busy |= busy_was(together->json[i]);
        if (result == 0)
            say_trial(run, &planned[i], together->json[i], last);
        if (result == 0 && last)
            json_array_append(run->trials, together->json[i]);
    }
    for (int i = 0; i < count; i++) {
        json_decref(together->json[i]);
        if (together->trials[i])
            trial_free(together->trials[i]);
        free(together->trials[i]);
    }
    free(together);
    return result < 0 ? result : last;
}

/* After those that an interrupted run has stored. */
static int first_attempt(const struct run *run,
                         const struct plan_trial *planned)
{
    char path[NAME_SIZE + 600];
    int attempt = 1;

    for (;; attempt++) {
        snprintf(path, sizeof path, "%s/trials/%s.attempt%d.json",
                 run->results.directory, planned->id, attempt);
        if (access(path, F_OK) < 0)
            break;
    }
    return attempt;
}

int attempt_do(struct run *run, const struct plan_trial *planned, int count)
{
    json_t *before[EXPERIMENT_MODELS_MAX] = {0};
    int64_t start_ns = clock_now_ns();
    int result = 0, waited = 0;

    for (int i = 0; i < count; i++)
        before[i] = json_incref(latest(run, &planned[i]));
    for (int attempt = first_attempt(run, planned); result == 0; attempt++) {
        int64_t attempt_ns = clock_now_ns();

        result = attempt_once(run, planned, count, attempt, before);
        if (result >= 0 && run->busy)
            waited = busy_wait(run, clock_now_ns() - attempt_ns);
        if (waited < 0)
            result = waited;
    }
    for (int i = 0; i < count; i++)
        json_decref(before[i]);
    run->extra_ns += clock_now_ns() - start_ns -
                     count * plan_trial_ns(plan_point(&run->plan, planned));
    run->done += count;
    return result < 0 ? result : 0;
}

/* The trial's file becomes one of an earlier attempt, and the trial leaves the
 * list. */
static int retire(struct run *run, const struct plan_trial *planned)
{
    char from[NAME_SIZE + 600], to[NAME_SIZE + 600];
    const json_t *trial = NULL, *one;
    size_t at = 0, i;

    json_array_foreach (run->trials, i, one) {
        const char *id = json_string_of(one, "trial_id");

        if (!id || strcmp(id, planned->id) != 0)
            continue;
        trial = one;
        at = i;
    }
    if (!trial)
        return -ENOENT;
    snprintf(from, sizeof from, "%s/trials/%s.hgrm", run->results.directory,
             planned->id);
    unlink(from);
    snprintf(from, sizeof from, "%s/trials/%s.json", run->results.directory,
             planned->id);
    snprintf(to, sizeof to, "%s/trials/%s.attempt%d.json",
             run->results.directory, planned->id,
             (int)json_integer_of(trial, "attempt"));
    if (rename(from, to) < 0)
        return -errno;
    json_array_remove(run->trials, at);
    return 0;
}

int attempt_again(struct run *run, const struct plan_trial *planned, int count)
{
    json_t *before[EXPERIMENT_MODELS_MAX] = {0};
    int result = 0;

    for (int i = 0; i < count && result == 0; i++)
        result = retire(run, &planned[i]);
    run->again = true;
    if (result == 0)
        result = attempt_once(run, planned, count, first_attempt(run, planned),
                              before);
    run->again = false;
    for (int i = 0; i < count; i++)
        json_decref(before[i]);
    return result < 0 ? result : 0;
}
