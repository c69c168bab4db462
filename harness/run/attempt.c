/* SPDX-License-Identifier: MIT
 *
 * A trial is repeated, at most twice, if a gate withholds a figure that the
 * load point asks for and if the cause may pass: a gate that also failed in the
 * attempt before, or in the cell's previous trial, has a cause that lasts. The
 * last attempt is the trial itself; the others stay beside it.
 *
 * If other processes disturbed an attempt, the run waits until the machine is
 * quiet by the doctor's limit, twice in a row, since a compiler pauses between
 * two files.
 */
#include "attempt.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ceiling.h"
#include "harness/arithmetic/statistics.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/experiment/entrants.h"
#include "harness/figures/metric.h"
#include "harness/machine/noise.h"
#include "harness/trial/drift.h"
#include "harness/trial/slices.h"
#include "harness/trial/trial_run.h"
#include "live.h"
#include "models/runtime/base/clock.h"
#include "trial_json.h"

enum { ATTEMPTS = 3, SPEEDS_MIN = 3, NAME_SIZE = 400, PATH_SIZE = 1000 };

/* A run may lose this much time to other users of the machine, or half of its
 * announced time if that is more. */
static const int64_t LOST_NS = INT64_C(60000000000);

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

/* "~" before an estimate of memory, ">= " if a part is missing. */
static const char *memory_mark(const json_t *trial)
{
    bool lower_bound;
    double share = metric_error_share(metric_find("memory_total_bytes"), trial,
                                      &lower_bound);

    return lower_bound ? ">= " : share > 0 ? "~" : "";
}

/* The time left: the plan's estimate, and as much beyond it as the trials took
 * so far, repeated attempts included. */
static int64_t eta_ns(const struct run *run,
                      const struct planned_trial *planned)
{
    int64_t eta = plan_eta_ns(&run->plan, planned->order);

    if (run->done > 0)
        eta += run->extra_ns / run->done *
               (run->plan.trial_count - planned->order);
    return eta > 0 ? eta : 0;
}

/* Says which figures are withheld, and names each gate once. */
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

static void say_trial(struct run *run, const struct planned_trial *planned,
                      const json_t *trial, bool last)
{
    char name[PLAN_NAME_MAX], rate[32], tail[32], cpu[32], memory[32], left[64],
        drift[768];
    bool has_p99 = isfinite(figure(trial, "latency_p99_ns"));
    const char *by = figures_bound(trial, FIGURE_THROUGHPUT);

    plan_name(&run->plan, planned, name, sizeof name);
    if (run->live)
        live_trial(run->live, run, planned, trial, last, eta_ns(run, planned));
    if (!json_true_of(trial, "valid")) {
        results_say(&run->results, "%s attempt %d INVALID: %s", name,
                    (int)json_integer_of(trial, "attempt"),
                    json_string_of(trial, "reason"));
        return;
    }
    if (!last) {
        results_say(&run->results, "%s attempt %d, again:", name,
                    (int)json_integer_of(trial, "attempt"));
        say_withheld(run, trial);
        return;
    }
    (run->live ? results_note : results_say)(
        &run->results, "%s %s%s %s %s cpu/req %s mem %s%s ETA %s%s%s", name,
        by ? ">= " : "", shown(trial, "throughput_per_s", rate, sizeof rate),
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

/* Whether the trial has a latency: a trial that was not carried out has none,
 * nor has a closed loop in which connections made too few rounds. */
static bool has_latency(const json_t *json)
{
    const json_t *latency = json_object_get(json, "latency");

    return latency && !json_is_false(json_object_get(latency, "turned_over"));
}

int attempt_store(struct run *run, const struct planned_trial *planned,
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
        results_complain(&run->results, "troika bench: %s", why);
    return result;
}

struct trial_spec attempt_spec(struct run *run,
                               const struct experiment *experiment,
                               const struct load_point *point, int model)
{
    return (struct trial_spec){
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

/* The usual speed of the machine in a cell, with which a trial's own speed is
 * compared: the median of platform.speed_per_us in the cell's valid trials, or
 * 0 if there are fewer than three. Other cells do not count, because a busy
 * neighbouring hyperthread is part of a cell's load and slows the reference
 * work too. The trials' JSON is used, so that a resumed run finds the same
 * speed. */
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
    if (count < SPEEDS_MIN)
        return 0;
    qsort(speeds, (size_t)count, sizeof *speeds, statistics_ascending);
    return speeds[count / 2];
}

void attempt_planned_spec(struct run *run, const struct planned_trial *planned,
                          int attempt, struct model_info *entrant,
                          struct trial_spec *spec)
{
    const struct experiment *experiment =
        run->plan.experiments[planned->experiment];
    const struct load_point *point = plan_point(&run->plan, planned);
    const char *name = point->models[planned->model];

    *spec = attempt_spec(run, experiment, point, planned->model);
    *entrant = *spec->model;
    entrant->name = name; /* of the copy, if the entrant is one */
    spec->model = entrant;
    spec->seed = plan_seed(run->plan.seed, experiment->name,
                           point->sequence[0] ? point->sequence : point->id,
                           planned->block);
    spec->usual_speed =
        usual_speed(run->trials, experiment->name, point->id, name);
    spec->id = planned->id;
    spec->attempt = attempt;
    spec->predictions = run->results.predictions;
}

/* Trials that are carried out together. */
struct together {
    int count;
    const struct planned_trial *planned; /* the first of `count` */
    struct model_info entrants[EXPERIMENT_MODELS_MAX];
    struct trial_spec specs[EXPERIMENT_MODELS_MAX];
    struct trial *trials[EXPERIMENT_MODELS_MAX];
    json_t *json[EXPERIMENT_MODELS_MAX];
    json_t **before; /* the previous attempt at each, or the previous trial of
                        its cell; or NULL */
};

static int carry_out(struct run *run, struct together *together, int attempt)
{
    for (int i = 0; i < together->count; i++) {
        together->trials[i] = calloc(1, sizeof(struct trial));
        if (!together->trials[i])
            return -ENOMEM;
        attempt_planned_spec(run, &together->planned[i], attempt,
                             &together->entrants[i], &together->specs[i]);
    }
    if (together->specs[0].point->slicing.count > 0)
        slices_run(together->specs, together->trials, together->count);
    else
        trial_run(&together->specs[0], together->trials[0]);
    for (int i = 0; i < together->count; i++)
        if (together->trials[i]->end == TRIAL_STOPPED)
            return -EINTR;
    return 0;
}

/* The latest finished trial of the same cell; borrowed, or NULL. */
static json_t *latest(const struct run *run,
                      const struct planned_trial *planned)
{
    const struct experiment *experiment =
        run->plan.experiments[planned->experiment];
    const struct load_point *point = plan_point(&run->plan, planned);

    for (size_t i = json_array_size(run->trials); i-- > 0;) {
        json_t *trial = json_array_get(run->trials, i);

        if (figures_are_of(trial, experiment->name, point->id,
                           point->models[planned->model]))
            return trial;
    }
    return NULL;
}

/* Judges the trials. Returns 1 if this attempt is the last one: nothing is
 * withheld, or another attempt would come out alike, or none is left. Returns 0
 * if the trials are to be repeated; -ENOMEM. */
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
                       &together->specs[i], trial);
        count = gate_judge(&together->specs[i], trial, gates);
        json =
            trial_json(run->results.run_id, &run->plan, &together->planned[i],
                       &together->specs[i], trial, gates, count);
        together->json[i] = json;
        if (!json)
            return -ENOMEM;
        if (gate_lasting(gates, count))
            json_object_set_new(json, "lasting", json_true());
        again |= gate_worth_repeating(together->specs[i].point, gates, count,
                                      together->before[i]);
        json_decref(together->before[i]);
        together->before[i] = json_incref(json);
    }
    return !again || attempt >= ATTEMPTS || run->again;
}

/* One attempt. Returns 1 if it is the last one, 0 to try again, or a negative
 * errno: -EINTR stopped, others: not stored. */
static int attempt_once(struct run *run, const struct planned_trial *planned,
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
        run->busy |= attempt_was_busy(together->json[i]);
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

/* The path of an attempt's file; attempt 0: of the trial itself. */
static void path_of(const struct run *run, const struct planned_trial *planned,
                    int attempt, char *path, size_t size)
{
    char suffix[32] = "";

    if (attempt > 0)
        snprintf(suffix, sizeof suffix, ".attempt%d", attempt);
    snprintf(path, size, "%s/trials/%s%s.json", run->results.directory,
             planned->id, suffix);
}

/* The number of the next attempt; an interrupted run may have stored some. */
static int next_attempt(const struct run *run,
                        const struct planned_trial *planned)
{
    char path[PATH_SIZE];

    for (int attempt = 1;; attempt++) {
        path_of(run, planned, attempt, path, sizeof path);
        if (access(path, F_OK) < 0)
            return attempt;
    }
}

bool attempt_was_busy(const json_t *trial)
{
    const json_t *gate;
    size_t i;

    json_array_foreach (json_object_get(trial, "gates"), i, gate) {
        if (json_text_is(gate, "id", "foreign_cpu"))
            return json_is_false(json_object_get(gate, "ok"));
    }
    return false;
}

static void say_busy(struct run *run, const struct noise *noise)
{
    char culprits[256], wait[32];

    results_say(&run->results,
                "machine too busy: other processes use %.0f %% of its CPUs "
                "(limit %.0f %%). Top: %s. Waiting for quiet, up to %s",
                100 * noise->foreign_share, 100 * QUIET_FOREIGN_SHARE,
                noise_culprits(noise, culprits, sizeof culprits),
                plan_duration(run->options.wait_ns, wait, sizeof wait));
}

static int give_up(struct run *run, const struct noise *noise, const char *why)
{
    char culprits[256], command[8192];

    results_say(&run->results,
                "stopped: %s. Others use %.0f %% of the CPUs: %s. End them, "
                "then go on: %s",
                why, 100 * noise->foreign_share,
                noise_culprits(noise, culprits, sizeof culprits),
                hint_resume(run->results.directory, command, sizeof command));
    return -EBUSY;
}

/* After an attempt that other processes disturbed: names those that use most
 * and waits until the machine is quiet. Returns 0 then, or at once if no wait
 * is wanted; -EBUSY if the machine stays busy for options.wait_ns, or if the
 * run has lost too much time; -EINTR if the run is to stop. */
static int wait_for_quiet(struct run *run, int64_t attempt_ns)
{
    int64_t start_ns = clock_now_ns(), most_ns = plan_eta_ns(&run->plan, 0) / 2;
    struct noise noise;
    int quiet = 0;

    if (run->options.wait_ns == 0)
        return 0;
    most_ns = most_ns > LOST_NS ? most_ns : LOST_NS;
    for (bool told = false; quiet < 2;) {
        if (noise_measure(&noise) < 0)
            return 0;
        quiet = noise.foreign_share <= QUIET_FOREIGN_SHARE ? quiet + 1 : 0;
        if (*run->stop != 0)
            return -EINTR;
        if (quiet == 0 && !told)
            say_busy(run, &noise);
        told |= quiet == 0;
        if (quiet == 0 && clock_now_ns() - start_ns >= run->options.wait_ns)
            return give_up(
                run, &noise,
                "the machine did not become quiet (--wait-for-quiet)");
        if (!told && quiet > 0)
            break;
    }
    run->busy_ns += clock_now_ns() - start_ns + attempt_ns;
    if (run->busy_ns <= most_ns)
        return 0;
    return give_up(run, &noise,
                   "other processes came and went and cost more than half of "
                   "the announced time");
}

int attempt_do(struct run *run, const struct planned_trial *planned, int count)
{
    json_t *before[EXPERIMENT_MODELS_MAX] = {0};
    int64_t start_ns = clock_now_ns();
    int result = 0, waited = 0;

    for (int i = 0; i < count; i++)
        before[i] = json_incref(latest(run, &planned[i]));
    for (int attempt = next_attempt(run, planned); result == 0; attempt++) {
        int64_t attempt_ns = clock_now_ns();

        result = attempt_once(run, planned, count, attempt, before);
        if (result >= 0 && run->busy)
            waited = wait_for_quiet(run, clock_now_ns() - attempt_ns);
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

/* The index of the finished trial that was planned as this one; -1: none. */
static int index_of(const struct run *run, const struct planned_trial *planned)
{
    const json_t *trial;
    size_t i;

    json_array_foreach (run->trials, i, trial) {
        if (json_text_is(trial, "trial_id", planned->id))
            return (int)i;
    }
    return -1;
}

const json_t *attempt_finished(const struct run *run,
                               const struct planned_trial *planned)
{
    int index = index_of(run, planned);

    return index < 0 ? NULL : json_array_get(run->trials, (size_t)index);
}

/* Renames the trial's file to that of an earlier attempt, and removes the trial
 * from the finished ones. */
static int retire(struct run *run, const struct planned_trial *planned)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    int index = index_of(run, planned);

    if (index < 0)
        return -ENOENT;
    snprintf(from, sizeof from, "%s/trials/%s.hgrm", run->results.directory,
             planned->id);
    unlink(from);
    path_of(run, planned, 0, from, sizeof from);
    path_of(run, planned,
            (int)json_integer_of(json_array_get(run->trials, (size_t)index),
                                 "attempt"),
            to, sizeof to);
    if (rename(from, to) < 0)
        return -errno;
    json_array_remove(run->trials, (size_t)index);
    return 0;
}

int attempt_again(struct run *run, const struct planned_trial *planned,
                  int count)
{
    json_t *before[EXPERIMENT_MODELS_MAX] = {0};
    int result = 0;

    for (int i = 0; i < count && result == 0; i++)
        result = retire(run, &planned[i]);
    run->again = true;
    if (result == 0)
        result = attempt_once(run, planned, count, next_attempt(run, planned),
                              before);
    run->again = false;
    for (int i = 0; i < count; i++)
        json_decref(before[i]);
    return result < 0 ? result : 0;
}
