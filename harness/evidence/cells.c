/* SPDX-License-Identifier: MIT */
#include "cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/statistics.h"
#include "harness/base/json.h"
#include "harness/validate/reading.h"
#include "taken.h"

static const double NS_PER_S = 1e9;

/* Requests of a forecast beside a cell. */
enum { REQUESTS = 20000 };

/* The payload of a workload that has no parameter for it. */
static const double PAYLOAD = 80;

/* Workloads whose work is in the models: calls to a backend, one after another,
 * and a loop of steps. `each`: the delay is that of each call. */
static const struct work {
    const char *workload;
    bool calls, steps, each, after;
} works[] = {
    {.workload = "hello"},
    {.workload = "fetch", .calls = true, .each = true},
    {.workload = "spin", .steps = true},
    {.workload = "mixed", .calls = true, .steps = true, .after = true},
    {.workload = "service", .calls = true, .steps = true},
};

static const struct work *work_of(const char *workload)
{
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (!strcmp(works[i].workload, workload))
            return &works[i];
    return NULL;
}

static const json_t *point_of(const json_t *run, const json_t *trial)
{
    const json_t *experiment =
        json_row_of(json_object_get(run, "experiments"), "name",
                    json_text_of(trial, "experiment"));

    return json_row_of(json_object_get(experiment, "load_points"), "id",
                       json_text_of(trial, "load_point"));
}

static double number(const json_t *object, const char *key, double otherwise)
{
    double value = json_figure_of(object, key);
    return isfinite(value) ? value : otherwise;
}

static void take_work(const struct work *work, const json_t *parameters,
                      const struct machine *machine, struct service *p)
{
    double calls = work->calls ? number(parameters, "calls", 1) : 0;
    double delay_ns = number(parameters, "delay_ns", 0);
    double steps = work->steps ? number(parameters, "steps", 0) : 0;

    p->wait_ns = calls > 0 ? delay_ns * (work->each ? calls : 1) : 0;
    p->calls = p->wait_ns > 0 ? (int)calls : 0;
    p->cpu_ns = steps * machine->step_ns;
    p->cpu_after_calls = work->after;
    p->payload_bytes = number(parameters, "size_bytes", PAYLOAD);
    p->cv_wait = number(parameters, "cv_wait", 0) / 100;
    p->cv_cpu = number(parameters, "cv_cpu", 0) / 100;
}

/* False for a load that no forecast knows. */
static bool take_load(const json_t *load, struct service *p)
{
    const char *mode = json_text_of(load, "mode");
    const char *arrivals = json_text_of(load, "arrivals");
    bool open = !strcmp(mode, "open");

    p->connections = (int)json_integer_of(load, "connections");
    p->burst = 1;
    if (open) {
        p->rate_per_s = number(load, "rate_per_s", 0);
        if (!strncmp(arrivals, "burst:", 6))
            p->burst = atoi(arrivals + 6);
        return p->rate_per_s > 0 && p->burst > 0 &&
               (p->burst > 1 || !strcmp(arrivals, "poisson"));
    }
    p->think_ns = number(load, "think_ns", 0);
    return p->connections > 0 &&
           (!strcmp(mode, "closed") || !strcmp(mode, "slice"));
}

static int cpus_of(const json_t *run)
{
    const json_t *environment = json_object_get(run, "environment");

    int usable = (int)json_integer_of(environment, "cpus_usable");

    return usable > 0 ? usable : (int)json_integer_of(environment, "cpus");
}

const char *cells_fingerprint(const json_t *run)
{
    const char *text =
        json_text_of(json_object_get(run, "environment"), "fingerprint");

    return text[0] ? text : "unknown";
}

/* Clients who ask again at once, equal waits, and all work behind them: such
 * requests stay bunched or stay apart, as they began, and in one regime half as
 * many are served as in the other (docs/method/forecasts.md, the convoy). No
 * forecast tells which it was. */
static bool has_regimes(const struct work *work, const struct service *service)
{
    return work->after && service->rate_per_s <= 0;
}

bool cells_service(const json_t *run, const json_t *trial,
                   const struct machine *machine, struct service *service,
                   int *workers)
{
    const json_t *cell = json_object_get(trial, "cell");
    const json_t *point = point_of(run, trial);
    const struct work *work = work_of(json_text_of(cell, "workload"));
    int cpus = cpus_of(run);

    *service = (struct service){0};
    *workers = (int)json_integer_of(cell, "workers");
    if (!work || !point || cpus < 1 ||
        !json_is_null(json_object_get(point, "beside")) ||
        !take_load(json_object_get(cell, "load"), service) ||
        has_regimes(work, service))
        return false;
    take_work(work, json_object_get(cell, "parameters"), machine, service);
    service->backend_workers = (int)json_integer_of(point, "backend_workers");
    service->cores = json_text_is(cell, "placement", "shared") ? cpus
                     : cpus > 1                                ? cpus / 2
                                                               : 1;
    return true;
}

static const struct model_constants *model_of(const json_t *trial,
                                              const struct machine *machine)
{
    return machine_model(machine,
                         json_text_of(json_object_get(trial, "cell"), "model"));
}

/* The time of a step of work: the median of the trials that measured it bare.
 */
static void scale_step(const json_t *trials, struct machine *machine)
{
    size_t count = json_array_size(trials), i;
    double *steps_ns = calloc(count + 1, sizeof *steps_ns);
    const json_t *trial;
    int n = 0;

    if (!steps_ns)
        return;
    json_array_foreach (trials, i, trial) {
        const json_t *cell = json_object_get(trial, "cell");
        const struct work *work = work_of(json_text_of(cell, "workload"));
        double steps = number(json_object_get(cell, "parameters"), "steps", 0);
        double per_s = json_figure_in(trial, "bare", "per_s");
        double processes = json_figure_in(trial, "bare", "processes");
        if (work && work->steps && steps > 0 && per_s > 0 && processes > 0)
            steps_ns[n++] = processes / per_s * NS_PER_S / steps;
    }
    qsort(steps_ns, (size_t)n, sizeof *steps_ns, statistics_ascending);
    if (n > 0)
        machine->step_ns = steps_ns[n / 2];
    free(steps_ns);
}

/* What the request costs beside the work, measured over forecast; NAN: the
 * trial does not tell, since most of its CPU is the work. */
static double overhead_of(const json_t *run, const json_t *trial,
                          const struct machine *machine)
{
    const struct model_constants *model = model_of(trial, machine);
    double cpu_ns = taken_figure(trial, QUANTITY_CPU);
    struct service p;
    struct forecast f;
    char why[256];
    int workers;

    if (!model || !(cpu_ns > 0) ||
        !cells_service(run, trial, machine, &p, &workers) ||
        forecast_make(&p, machine, model, workers,
                      &(struct precision){.requests = 0}, &f, why,
                      sizeof why) < 0)
        return NAN;
    double work_ns = p.cpu_ns * constant_of(model, CONSTANT_WORK_FACTOR, 1);
    return work_ns > cpu_ns / 2
               ? NAN
               : (cpu_ns - work_ns) / (f.request_cpu_ns - work_ns);
}

/* Constants that are times of this machine's CPU. */
static const enum constant_id times[] = {
    CONSTANT_REQUEST,    CONSTANT_CALL_FIRST, CONSTANT_CALL, CONSTANT_BYTE,
    CONSTANT_CONNECTION, CONSTANT_WAKE,       CONSTANT_PEER, CONSTANT_PATH,
    CONSTANT_LAG,        CONSTANT_CALL_PATH,
};

static void scale_model(struct model_constants *model, double factor)
{
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct constant *c = &model->of[times[i]];
        c->value *= factor;
        c->lo *= factor;
        c->hi *= factor;
    }
}

/* The median factor of a model's trials; NAN: none tells. */
static double factor_of(const json_t *run, const json_t *trials,
                        const struct machine *machine,
                        const struct model_constants *model)
{
    size_t count = json_array_size(trials), i;
    double *factors = calloc(count + 1, sizeof *factors), factor = NAN;
    const json_t *trial;
    int n = 0;

    if (!factors)
        return NAN;
    json_array_foreach (trials, i, trial)
        if (json_true_of(trial, "valid") && model_of(trial, machine) == model) {
            double one = overhead_of(run, trial, machine);
            if (one > 0 && isfinite(one))
                factors[n++] = one;
        }
    qsort(factors, (size_t)n, sizeof *factors, statistics_ascending);
    if (n > 0)
        factor = factors[n / 2];
    free(factors);
    return factor;
}

int cells_scale(const json_t *run, const json_t *trials,
                struct machine *machine)
{
    double factors[CONSTANTS_MODELS_MAX], known[CONSTANTS_MODELS_MAX];
    int count = 0, cpus = cpus_of(run);

    machine->cores = cpus > 1 ? cpus / 2 : 1;
    scale_step(trials, machine);
    for (int m = 0; m < machine->model_count; m++) {
        factors[m] = factor_of(run, trials, machine, &machine->models[m]);
        if (isfinite(factors[m]))
            known[count++] = factors[m];
    }
    qsort(known, (size_t)count, sizeof *known, statistics_ascending);
    for (int m = 0; m < machine->model_count; m++) {
        struct model_constants *model = &machine->models[m];
        double factor = isfinite(factors[m]) ? factors[m]
                        : count > 0          ? known[count / 2]
                                             : 1;
        scale_model(model, factor);
        snprintf(model->run_id, sizeof model->run_id, "%s",
                 json_text_of(run, "run_id"));
        snprintf(model->at, sizeof model->at, "%s",
                 json_text_of(run, "started_at"));
    }
    snprintf(machine->run_id, sizeof machine->run_id, "%s",
             json_text_of(run, "run_id"));
    snprintf(machine->at, sizeof machine->at, "%s",
             json_text_of(run, "started_at"));
    snprintf(machine->fingerprint, sizeof machine->fingerprint, "%s",
             cells_fingerprint(run));
    return count;
}

/* A cell: the trials of a model at a load point, all blocks. */
struct cell {
    const json_t *first; /* of its trials */
    const struct model_constants *model;
    struct service service;
    int workers;
    double sums[QUANTITIES]; /* of logarithms */
    int counts[QUANTITIES];
};

static bool is_of(const struct cell *cell, const json_t *trial)
{
    return json_text_is(trial, "experiment",
                        json_text_of(cell->first, "experiment")) &&
           json_text_is(trial, "load_point",
                        json_text_of(cell->first, "load_point")) &&
           json_text_is(json_object_get(trial, "cell"), "model",
                        cell->model->name);
}

static void add_trial(struct cell *cell, const json_t *trial)
{
    double measured[QUANTITIES];
    char why[160];

    taken_measured(&cell->service, trial, 99, measured, why, sizeof why);
    for (int q = 0; q < QUANTITIES; q++)
        if (measured[q] > 0) {
            cell->sums[q] += log(measured[q]);
            cell->counts[q]++;
        }
}

/* The cells of the run. Returns how many; the caller frees *cells. */
static int collect(const json_t *run, const json_t *trials,
                   const struct machine *machine, struct cell **cells)
{
    struct cell *list = calloc(json_array_size(trials) + 1, sizeof *list);
    const json_t *trial;
    int count = 0;
    size_t i;

    *cells = list;
    json_array_foreach (trials, i, trial) {
        const struct model_constants *model = model_of(trial, machine);
        int at = 0;
        if (!list || !model || !json_true_of(trial, "valid"))
            continue;
        while (at < count && !is_of(&list[at], trial))
            at++;
        if (at == count) {
            list[at] = (struct cell){.first = trial, .model = model};
            if (!cells_service(run, trial, machine, &list[at].service,
                               &list[at].workers))
                continue;
            count++;
        }
        add_trial(&list[at], trial);
    }
    return count;
}

static json_t *residual_json(const struct cell *cell, int number,
                             const struct forecast *f, enum quantity quantity,
                             double forecast)
{
    double measured = cell->counts[quantity] > 0
                          ? exp(cell->sums[quantity] / cell->counts[quantity])
                          : NAN;
    bool judged = measured > 0 && forecast > 0;

    return json_pack(
        "{s:i, s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:b, s:i, s:o}", "service",
        number, "load_point", json_text_of(cell->first, "load_point"), "model",
        cell->model->name, "discipline",
        discipline_name(cell->model->discipline), "workers", cell->workers,
        "quantity", quantity_name(quantity), "forecast", json_finite(forecast),
        "measured", json_finite(measured), "judged", judged, "trials",
        cell->counts[quantity], "load",
        json_finite_if(f->load, cell->service.rate_per_s > 0));
}

static void add_residuals(const struct machine *machine,
                          const struct cell *cell, int number, json_t *list)
{
    struct precision precision = {.requests = REQUESTS, .seed = 1};
    double of[QUANTITIES];
    struct forecast f;
    char why[256];

    if (forecast_make(&cell->service, machine, cell->model, cell->workers,
                      &precision, &f, why, sizeof why) < 0)
        return;
    taken_forecast(&cell->service, &f, of);
    for (int q = 0; q < QUANTITIES; q++)
        if (cell->counts[q] > 0)
            json_array_append_new(list,
                                  residual_json(cell, number, &f, q, of[q]));
}

static json_t *service_json(const struct cell *cell, int number)
{
    const struct service *p = &cell->service;

    return json_pack(
        "{s:i, s:s, s:s, s:f, s:f, s:i, s:i, s:f, s:f, s:f}", "service", number,
        "experiment", json_text_of(cell->first, "experiment"), "load_point",
        json_text_of(cell->first, "load_point"), "wait_ns", p->wait_ns,
        "cpu_ns", p->cpu_ns, "calls", p->calls, "connections", p->connections,
        "payload_bytes", p->payload_bytes, "cv_wait", p->cv_wait, "cv_cpu",
        p->cv_cpu);
}

static json_t *constants_json(const struct machine *machine)
{
    json_t *list = json_array();

    for (int m = 0; m < machine->model_count; m++)
        json_array_append_new(
            list,
            json_pack("{s:s, s:s}", "model", machine->models[m].name, "run_id",
                      machine_run_of(machine, &machine->models[m])));
    return list;
}

/* The number of the cell's load point among the services, which it joins. */
static int number_of(const struct cell *cell, json_t *services)
{
    const json_t *row;
    size_t i;

    json_array_foreach (services, i, row)
        if (json_text_is(row, "experiment",
                         json_text_of(cell->first, "experiment")) &&
            json_text_is(row, "load_point",
                         json_text_of(cell->first, "load_point")))
            return (int)i + 1;
    json_array_append_new(services, service_json(cell, (int)i + 1));
    return (int)i + 1;
}

json_t *cells_validation(const json_t *run, const json_t *trials,
                         const struct machine *machine)
{
    json_t *services = json_array(), *residuals = json_array();
    struct cell *cells;
    int count = collect(run, trials, machine, &cells);

    for (int i = 0; i < count; i++)
        add_residuals(machine, &cells[i], number_of(&cells[i], services),
                      residuals);
    free(cells);
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "schema_version", 1,
        "run_id", json_text_of(run, "run_id"), "machine", machine->run_id,
        "fingerprint", machine->fingerprint, "at",
        json_text_of(run, "started_at"), "cells", true, "constants",
        constants_json(machine), "services", services, "residuals", residuals);
}

/* The factor by which a quantity differs, or by which requests at once and
 * their work do; below `floor` no two values differ. */
static double apart(double a, double b, double floor)
{
    double high = fmax(fmax(a, b), floor), low = fmax(fmin(a, b), floor);
    return high / low;
}

static const double NEAR = 1.25, WAIT_FLOOR_NS = 1e6, CPU_FLOOR_NS = 1e5,
                    PAYLOAD_FLOOR = 4096;

/* The largest factor; INFINITY where one has what the other has not. */
static double distance(const struct service *cell, const struct service *p)
{
    if ((cell->rate_per_s > 0) != (p->rate_per_s > 0) ||
        (cell->wait_ns > 0) != (p->wait_ns > 0) || cell->cores != p->cores ||
        cell->burst != p->burst || cell->think_ns != p->think_ns ||
        cell->backend_workers != p->backend_workers)
        return INFINITY;
    const double factors[] = {
        p->rate_per_s > 0 ? apart(cell->rate_per_s, p->rate_per_s, 1)
                          : apart(cell->connections, p->connections, 1),
        apart(cell->wait_ns, p->wait_ns, WAIT_FLOOR_NS),
        apart(cell->cpu_ns, p->cpu_ns, CPU_FLOOR_NS),
        p->wait_ns > 0 ? apart(cell->calls, p->calls, 1) : 1,
        apart(cell->payload_bytes, p->payload_bytes, PAYLOAD_FLOOR),
        apart(1 + cell->cv_wait, 1 + p->cv_wait, 1),
        apart(1 + cell->cv_cpu, 1 + p->cv_cpu, 1),
    };
    double most = 1;
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++)
        most = fmax(most, factors[i]);
    return most;
}

/* The load point that is nearest, "" if none is near. */
static const char *nearest(const json_t *run, const json_t *trials,
                           const char *experiment,
                           const struct service *service,
                           const struct machine *machine)
{
    const char *found = "";
    double least = NEAR;
    const json_t *trial;
    struct service cell;
    int workers;
    size_t i;

    json_array_foreach (trials, i, trial) {
        if (!json_text_is(trial, "experiment", experiment) ||
            !cells_service(run, trial, machine, &cell, &workers))
            continue;
        double far = distance(&cell, service);
        if (far < least || (far <= least && !found[0])) {
            least = far;
            found = json_text_of(trial, "load_point");
        }
    }
    return found;
}

void cells_evidence(const json_t *run, const json_t *trials,
                    const char *experiment, const struct service *service,
                    const struct machine *machine, struct evidence *evidence)
{
    const char *point = nearest(run, trials, experiment, service, machine);
    struct precision precision = {.requests = REQUESTS, .seed = 1};
    const json_t *trial;
    size_t i;

    *evidence = (struct evidence){
        .percentile = service->limit_ns > 0 ? service->limit_percent : 99};
    snprintf(evidence->place, sizeof evidence->place, "%s", point);
    json_take_text(run, "run_id", evidence->runs[evidence->run_count++],
                   sizeof evidence->runs[0]);
    json_array_foreach (trials, i, trial) {
        const struct model_constants *model = model_of(trial, machine);
        struct taken taken = {
            .machine = machine, .model = model, .precision = precision};
        if (!point[0] || !model ||
            !json_text_is(trial, "experiment", experiment) ||
            !json_text_is(trial, "load_point", point) ||
            !cells_service(run, trial, machine, &taken.service, &taken.workers))
            continue;
        taken.service.limit_ns = service->limit_ns;
        taken.service.limit_percent = service->limit_percent;
        evidence->connections = taken.service.connections;
        evidence->shared =
            json_text_is(json_object_get(trial, "cell"), "placement", "shared");
        taken_add(&taken, trial, (int)json_integer_of(trial, "block"),
                  evidence);
    }
}
