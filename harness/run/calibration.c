/* SPDX-License-Identifier: MIT
 *
 * A capacity is measured by a short closed loop for each model, which is a
 * trial like the first step of a search. While a gate finds the trial disturbed
 * it is repeated, at most twice. A disturbed rate counts all the same, since it
 * only sets the load and is no figure; run.json says that it was disturbed.
 *
 * A warm-up is judged by rates of work, since latencies are noisy by nature. A
 * server that does not settle while it is watched may settle later, or the
 * machine is not quiet: the run says so and goes on with the longest warm-up
 * that was watched.
 */
#include "calibration.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "harness/base/json.h"
#include "harness/experiment/entrants.h"
#include "harness/experiment/json_cell.h"
#include "harness/experiment/modes.h"
#include "harness/figures/metric.h"
#include "harness/search/trial.h"
#include "harness/trial/inspection.h"
#include "harness/trial/steps.h"

static const int64_t STEP_NS = 200000000, SERIES_NS = 100000000;
static const double ALIKE = 0.1;
static const double FAULTS_GRAIN = 64, TASKS_GRAIN = 2;

enum { WAITS_MIN = 5 };

/* A load point to calibrate. */
struct subject {
    struct run *run;
    struct experiment *experiment;
    struct load_point *point;
    int number;         /* of the load point in its experiment */
    const json_t *rows; /* of the experiment's load points in run.json */
};

static json_t *row_of(const struct subject *subject, int number)
{
    return json_array_get(subject->rows, (size_t)number);
}

/* Calibrates each load point that has models, until one is stopped. */
static int for_each(struct run *run,
                    int (*calibrate)(const struct subject *subject))
{
    const json_t *experiments = json_object_get(run->json, "experiments");

    for (int i = 0; i < run->plan.experiment_count; i++) {
        struct subject subject = {.run = run,
                                  .experiment = run->plan.experiments[i]};

        subject.rows = json_object_get(json_array_get(experiments, (size_t)i),
                                       "load_points");
        for (int j = 0; j < subject.experiment->load_point_count; j++) {
            subject.number = j;
            subject.point = &subject.experiment->load_points[j];
            if (subject.point->models[0] && calibrate(&subject) < 0)
                return -EINTR;
        }
    }
    return 0;
}

/* The value known for the load point: its own, if the run was resumed, or that
 * of an earlier load point with which it can be shared. A new reference, or
 * NULL. */
static json_t *known_of(const struct subject *subject, const char *key,
                        bool (*shared)(const struct subject *subject,
                                       int earlier))
{
    json_t *known = json_object_get(row_of(subject, subject->number), key);

    for (int i = 0; !known && i < subject->number; i++)
        if (shared(subject, i))
            known = json_object_get(row_of(subject, i), key);
    return json_incref(known);
}

struct reached {
    double per_s; /* 0: the server did not answer */
    bool valid;
    char why[160];
};

/* The rate that one model reaches. Returns 0, or -EINTR if stopped. */
static int reach(const struct subject *subject, int model,
                 struct reached *reached)
{
    struct load_point point = *subject->point;
    struct trial_spec spec =
        attempt_spec(subject->run, subject->experiment, &point, model);
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

/* The rates of all models and the highest of them, as run.json has them. NULL:
 * stopped. */
static json_t *measure_capacity(const struct subject *subject)
{
    const struct load_point *point = subject->point;
    json_t *rates = json_object();
    const char *quickest = "";
    struct reached reached, best = {0};

    for (int i = 0; i < EXPERIMENT_MODELS_MAX && point->models[i]; i++) {
        if (entrants_is_copy(point->models[i]))
            continue;
        if (reach(subject, i, &reached) < 0) {
            json_decref(rates);
            return NULL;
        }
        json_object_set_new(rates, point->models[i],
                            json_finite_if(reached.per_s, reached.per_s > 0));
        if (reached.per_s > best.per_s) {
            best = reached;
            quickest = point->models[i];
        }
    }
    return json_pack("{s:f, s:s, s:b, s:s?, s:o}", "per_s", best.per_s, "model",
                     quickest, "valid", best.valid, "why",
                     best.valid || best.why[0] == '\0' ? NULL : best.why,
                     "models", rates);
}

/* Whether an earlier load point differs in its rate alone. */
static bool shares_capacity(const struct subject *subject, int earlier)
{
    static const char *const keys[] = {"section", "query", "workers",
                                       "backend_workers", "cpu_quota"};
    const json_t *a = row_of(subject, earlier),
                 *b = row_of(subject, subject->number);

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!json_equal(json_object_get(a, keys[i]),
                        json_object_get(b, keys[i])))
            return false;
    return json_equal(
        json_object_get(json_object_get(a, "load"), "connections"),
        json_object_get(json_object_get(b, "load"), "connections"));
}

static void say_rate(const struct subject *subject, const json_t *known)
{
    const struct load_point *point = subject->point;
    const char *why = json_string_of(known, "why");
    char rate[32], whole[32];

    metric_format("rate_per_s", point->rate_per_s, rate, sizeof rate);
    metric_format("rate_per_s", json_number_of(known, "per_s"), whole,
                  sizeof whole);
    results_say(&subject->run->results,
                "rate of %s: %s, %g times the %s that %s reaches%s%s",
                point->id, rate, point->rate_of_capacity, whole,
                json_string_of(known, "model"), why ? "; disturbed: " : "",
                why ? why : "");
}

static int set_rate(const struct subject *subject)
{
    struct load_point *point = subject->point;
    json_t *row = row_of(subject, subject->number), *known;

    if (point->rate_of_capacity <= 0)
        return 0;
    known = known_of(subject, "capacity", shares_capacity);
    if (!known)
        known = measure_capacity(subject);
    if (!known)
        return -EINTR;
    /* If no model answers at all, the trials say why, whatever the rate. */
    point->rate_per_s =
        point->rate_of_capacity * fmax(json_number_of(known, "per_s"), 1);
    json_object_set_new(row, "capacity", known);
    json_object_set_new(row, "load", json_load(point));
    say_rate(subject, known);
    return 0;
}

static bool alike(const double *values, double grain, double chance)
{
    double mean = 0, off = 0;

    for (int i = 0; i < WARMUP_SAME; i++)
        mean += values[i] / WARMUP_SAME;
    for (int i = 0; i < WARMUP_SAME; i++)
        off = fmax(off, fabs(values[i] - mean));
    return off <= fmax(fmax(ALIKE, chance) * mean, grain);
}

int calibration_settled(const struct warmup_steps *steps)
{
    double cost[WARMUP_STEPS], fewest = INFINITY, tasks = INFINITY;

    for (int i = 0; i < WARMUP_STEPS; i++) {
        cost[i] = steps->cpu_ns[i] / fmax(steps->requests[i], 1);
        fewest = fmin(fewest, fmax(steps->requests[i], 1));
        tasks = fmin(tasks, fmax(steps->tasks[i], 1));
    }
    for (int i = 0; i + WARMUP_SAME <= WARMUP_STEPS; i++)
        if (alike(cost + i, 0, 3 / sqrt(fewest)) &&
            alike(steps->faults + i, FAULTS_GRAIN, 0) &&
            alike(steps->tasks + i, TASKS_GRAIN, 3 / sqrt(tasks)))
            return i;
    return WARMUP_STEPS;
}

/* Watches the server from the load's first request on. False: stopped. */
static bool watch(struct live_trial *live, int64_t start_ns,
                  struct warmup_steps *steps)
{
    struct meter_sample before, now;
    int64_t faults = inspection_faults(live->server.meter), last = faults;

    meter_sample(live->server.meter, &before);
    for (int i = 0; i < WARMUP_STEPS; i++, before = now, last = faults) {
        if (!steps_sleep_until(live, start_ns + (i + 1) * STEP_NS))
            return false;
        meter_sample(live->server.meter, &now);
        faults = inspection_faults(live->server.meter);
        steps->cpu_ns[i] = (double)(now.cpu_user_ns + now.cpu_system_ns -
                                    before.cpu_user_ns - before.cpu_system_ns);
        steps->faults[i] = faults < 0 ? 0 : (double)(faults - last);
        steps->tasks[i] = now.threads + now.processes;
    }
    return true;
}

static void count_requests(const struct load_result *load,
                           struct warmup_steps *steps)
{
    const int each = (int)(STEP_NS / SERIES_NS);

    for (int i = 0; i < load->series_count && i < each * WARMUP_STEPS; i++)
        steps->requests[i / each] += load->series[i];
}

/* The time that one model's server takes to settle. -EINTR: stopped. Another
 * negative value: the server cannot be watched, and its trials will say why. */
static int64_t settle_ns(const struct subject *subject, int model)
{
    struct load_point point = *subject->point;
    struct trial_spec spec =
        attempt_spec(subject->run, subject->experiment, &point, model);
    struct trial *trial = calloc(1, sizeof *trial);
    struct live_trial live;
    struct warmup_steps steps = {0};
    int64_t start_ns = -EIO, result = -EIO;

    if (!trial)
        return -ENOMEM;
    point.warmup_ns = 0;
    point.window_ns = WARMUP_STEPS * STEP_NS;
    if (steps_init(&live, &spec, trial) >= 0 && steps_prepare(&live) >= 0 &&
        steps_start_server(&live) >= 0 && steps_check(&live) >= 0 &&
        steps_start_loads(&live) >= 0 && steps_open(&live) >= 0)
        start_ns = steps_begin(&live);
    if (start_ns >= 0 && watch(&live, start_ns, &steps) &&
        steps_collect(&live, live.load, &trial->load) >= 0) {
        trial->end = TRIAL_DONE;
        count_requests(trial->load, &steps);
        result = calibration_settled(&steps) * STEP_NS;
    } else if (steps_stopped(&live)) {
        result = -EINTR;
    }
    steps_finish(&live);
    trial_free(trial);
    free(trial);
    return result;
}

/* The times of all models and the longest of them, as run.json has them. NULL:
 * stopped. */
static json_t *measure_settling(const struct subject *subject)
{
    const struct load_point *point = subject->point;
    json_t *models = json_object();
    int64_t longest_ns = 0;

    for (int i = 0; i < EXPERIMENT_MODELS_MAX && point->models[i]; i++) {
        int64_t ns;

        if (entrants_is_copy(point->models[i]))
            continue;
        ns = settle_ns(subject, i);
        /* A second try, in case other processes disturbed the first. */
        if (ns >= WARMUP_STEPS * STEP_NS)
            ns = settle_ns(subject, i);
        if (ns == -EINTR) {
            json_decref(models);
            return NULL;
        }
        json_object_set_new(models, point->models[i], json_known(ns));
        longest_ns = ns > longest_ns ? ns : longest_ns;
    }
    return json_pack("{s:I, s:o}", "settled_ns", (json_int_t)longest_ns,
                     "models", models);
}

/* In a closed loop the answers come in waves. A warm-up that ends half-way
 * between two waves keeps the window's edges from cutting a wave. */
static int64_t choose_warmup_ns(const struct load_point *point,
                                int64_t settled_ns)
{
    int64_t wait_ns = point->workload->workload->wait_ns(&point->arguments);
    int64_t least_ns = WAITS_MIN * wait_ns;

    least_ns = settled_ns > least_ns ? settled_ns : least_ns;
    if (least_ns <= point->warmup_ns)
        return point->warmup_ns;
    if (wait_ns > 0 && point->mode == LOAD_CLOSED)
        least_ns = (least_ns + wait_ns / 2) / wait_ns * wait_ns + wait_ns / 2;
    return least_ns;
}

/* Load points of one workload share their warm-up, whatever rate and mode. */
static bool shares_warmup(const struct subject *subject, int earlier)
{
    return subject->experiment->load_points[earlier].workload ==
           subject->point->workload;
}

static int set_warmup(const struct subject *subject)
{
    struct load_point *point = subject->point;
    json_t *row = row_of(subject, subject->number), *known;
    int64_t settled_ns;
    char text[64];

    if (!subject->experiment->calibrate_warmup || point->search ||
        !modes_have(modes_of(point), CELL_WINDOW))
        return 0;
    known = known_of(subject, "calibration", shares_warmup);
    if (!known)
        known = measure_settling(subject);
    if (!known)
        return -EINTR;
    settled_ns = json_integer_of(known, "settled_ns");
    point->warmup_ns = choose_warmup_ns(point, settled_ns);
    json_object_set_new(row, "calibration", known);
    json_object_set_new(row, "warmup_ns", json_integer(point->warmup_ns));
    metric_format("warmup_ns", (double)point->warmup_ns, text, sizeof text);
    results_say(&subject->run->results, "warm-up of %s: %s%s", point->id, text,
                settled_ns >= WARMUP_STEPS * STEP_NS
                    ? "; a server did not settle while it was watched: is "
                      "the machine quiet?"
                    : "");
    return 0;
}

int calibration_do(struct run *run)
{
    int result = for_each(run, set_rate);

    return result == 0 ? for_each(run, set_warmup) : result;
}
