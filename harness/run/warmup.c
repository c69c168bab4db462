/* SPDX-License-Identifier: MIT
 *
 * Rates of work are watched and not latencies, which are noisy by nature. A
 * server that does not settle while it is watched may do so later, or the
 * machine is not quiet: the run says so and goes on with the longest warm-up
 * that was looked at.
 */
#include "warmup.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/experiment/entrants.h"
#include "harness/experiment/modes.h"
#include "harness/figures/metric.h"
#include "harness/trial/inspection.h"
#include "harness/trial/steps.h"

static const int64_t STEP_NS = 200000000, SERIES_NS = 100000000;
static const double ALIKE = 0.1;
static const double FAULTS_GRAIN = 64, TASKS_GRAIN = 2;

enum { WAITS_MIN = 5 };

static bool alike(const double *values, double grain, double chance)
{
    double mean = 0, off = 0;

    for (int i = 0; i < WARMUP_SAME; i++)
        mean += values[i] / WARMUP_SAME;
    for (int i = 0; i < WARMUP_SAME; i++)
        off = fmax(off, fabs(values[i] - mean));
    return off <= fmax(fmax(ALIKE, chance) * mean, grain);
}

int warmup_settled(const struct warmup_steps *steps)
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

/* From the load's first request on. */
static bool watch(struct stage *stage, int64_t start_ns,
                  struct warmup_steps *steps)
{
    struct meter_sample before, now;
    int64_t faults = inspection_faults(stage->server.meter), last = faults;

    meter_sample(stage->server.meter, &before);
    for (int i = 0; i < WARMUP_STEPS; i++, before = now, last = faults) {
        if (!stage_sleep_until(stage, start_ns + (i + 1) * STEP_NS))
            return false;
        meter_sample(stage->server.meter, &now);
        faults = inspection_faults(stage->server.meter);
        steps->cpu_ns[i] = (double)(now.cpu_user_ns + now.cpu_system_ns -
                                    before.cpu_user_ns - before.cpu_system_ns);
        steps->faults[i] = faults < 0 ? 0 : (double)(faults - last);
        steps->tasks[i] = now.threads + now.processes;
    }
    return true;
}

static void count(const struct load_result *load, struct warmup_steps *steps)
{
    const int each = (int)(STEP_NS / SERIES_NS);

    for (int i = 0; i < load->series_count && i < each * WARMUP_STEPS; i++)
        steps->requests[i / each] += load->series[i];
}

/* The model's settling time; -EINTR stopped, other errors: it cannot be
 * watched, and its trials will say why. */
static int64_t settle_ns(struct run *run, const struct experiment *experiment,
                         const struct load_point *point, int i)
{
    struct load_point all = *point;
    struct trial_plan plan = attempt_of(run, experiment, &all, i);
    struct trial *trial = calloc(1, sizeof *trial);
    struct stage stage = {.plan = &plan, .trial = trial};
    struct warmup_steps steps = {0};
    int64_t start_ns = -ENOMEM;

    if (!trial)
        return -ENOMEM;
    all.warmup_ns = 0;
    all.window_ns = WARMUP_STEPS * STEP_NS;
    placement_split(all.placement, &trial->cpus);
    if (stage_take_cpus(trial) >= 0 && stage_prepare(&stage) >= 0 &&
        stage_start_server(&stage) >= 0 && stage_check(&stage) >= 0 &&
        stage_start_loads(&stage) >= 0 && stage_open(&stage) >= 0)
        start_ns = stage_begin(&stage);
    trial->end = start_ns >= 0 && watch(&stage, start_ns, &steps) &&
                         stage_collect(&stage, stage.load, &trial->load) >= 0
                     ? TRIAL_DONE
                     : TRIAL_FAILED;
    if (trial->end == TRIAL_DONE)
        count(trial->load, &steps);
    start_ns = trial->end == TRIAL_DONE ? warmup_settled(&steps) * STEP_NS
               : stage_stopped(&stage)  ? -EINTR
                                        : -EIO;
    stage_finish(&stage);
    trial_free(trial);
    free(trial);
    return start_ns;
}

/* All models of the point; the longest, with each in `told`. */
static int64_t measure(struct run *run, const struct experiment *experiment,
                       const struct load_point *point, json_t *told)
{
    int64_t longest = 0;

    for (int i = 0; i < EXPERIMENT_MODELS_MAX && point->models[i]; i++) {
        int64_t ns;

        if (entrants_is_copy(point->models[i]))
            continue;
        ns = settle_ns(run, experiment, point, i);
        if (ns >= WARMUP_STEPS * STEP_NS) /* other work may have come by */
            ns = settle_ns(run, experiment, point, i);
        if (ns == -EINTR)
            return ns;
        json_object_set_new(told, point->models[i],
                            ns < 0 ? json_null() : json_integer(ns));
        longest = ns > longest ? ns : longest;
    }
    return longest;
}

/* Half-way between two waves of answers, for a window cuts waves at random. */
static int64_t choose(const struct load_point *point, int64_t settled_ns)
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

/* The warm-up known for the point's workload: its own, from a run that is
 * resumed, or an earlier point's, for rate and mode are no matter. */
static json_t *known_of(const struct experiment *experiment, int number,
                        const json_t *stored)
{
    const struct load_point *points = experiment->load_points;
    json_t *known =
        json_object_get(json_array_get(stored, (size_t)number), "calibration");

    for (int i = 0; !known && i < number; i++)
        if (points[i].workload == points[number].workload)
            known = json_object_get(json_array_get(stored, (size_t)i),
                                    "calibration");
    return json_incref(known);
}

static void tell(struct run *run, const struct load_point *point,
                 int64_t settled_ns)
{
    char text[64];

    metric_format("warmup_ns", (double)point->warmup_ns, text, sizeof text);
    results_say(&run->results, "warm-up of %s: %s%s", point->id, text,
                settled_ns >= WARMUP_STEPS * STEP_NS
                    ? "; a server did not settle while it was watched: is "
                      "the machine quiet?"
                    : "");
}

static int calibrate_point(struct run *run, const struct experiment *experiment,
                           int number, struct load_point *point,
                           const json_t *stored)
{
    json_t *row = json_array_get(stored, (size_t)number);
    json_t *known = known_of(experiment, number, stored);
    int64_t settled_ns;

    if (!known) {
        json_t *models = json_object();

        settled_ns = measure(run, experiment, point, models);
        if (settled_ns == -EINTR) {
            json_decref(models);
            return -EINTR;
        }
        known = json_pack("{s:I, s:o}", "settled_ns", (json_int_t)settled_ns,
                          "models", models);
    }
    settled_ns = json_integer_of(known, "settled_ns");
    point->warmup_ns = choose(point, settled_ns);
    json_object_set_new(row, "calibration", known);
    json_object_set_new(row, "warmup_ns", json_integer(point->warmup_ns));
    tell(run, point, settled_ns);
    return 0;
}

int warmup_calibrate(struct run *run)
{
    json_t *experiments = json_object_get(run->json, "experiments");

    for (int i = 0; i < run->plan.experiment_count; i++) {
        struct experiment *experiment = run->plan.experiments[i];
        const json_t *stored = json_object_get(
            json_array_get(experiments, (size_t)i), "load_points");

        for (int j = 0;
             experiment->calibrate_warmup && j < experiment->load_point_count;
             j++) {
            struct load_point *point = &experiment->load_points[j];

            if (point->models[0] && !point->search &&
                modes_have(modes_of(point), CELL_WINDOW) &&
                calibrate_point(run, experiment, j, point, stored) < 0)
                return -EINTR;
        }
    }
    return 0;
}
