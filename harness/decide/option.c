/* SPDX-License-Identifier: MIT */
#include "option.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/machine/parallel.h"
#include "harness/predict/effort.h"

static const double NS_PER_S = 1e9, MIB = 1024 * 1024;

/* The rate of a service's busiest minute over its mean, where nothing else is
 * known. */
static const double PEAK = 1.3;

/* Shares of a limit, and of the cores, up to which differences hardly count;
 * and what stands for them without a limit. */
static const double LIMIT_SHARE = 0.25, CORES_SHARE = 0.05, FLOOR_NS = 1e6,
                    FLOOR_MIB = 16;

const char *driver_name(enum driver driver)
{
    static const char *const names[DRIVERS] = {
        [DRIVER_THROUGHPUT] = "throughput",
        [DRIVER_LATENCY] = "latency",
        [DRIVER_CPU] = "cpu",
        [DRIVER_MEMORY] = "memory",
        [DRIVER_ISOLATION] = "isolation",
        [DRIVER_LIBRARIES] = "libraries",
        [DRIVER_SKILLS] = "skills",
        [DRIVER_DEBUGGABILITY] = "debuggability",
    };
    return names[driver];
}

enum driver driver_find(const char *name)
{
    int driver = 0;

    while (driver < DRIVERS && strcmp(driver_name(driver), name) != 0)
        driver++;
    return driver;
}

struct wishes wishes_standard(const struct service *service)
{
    bool open = service->rate_per_s > 0;

    return (struct wishes){
        .peak = open ? PEAK : 1,
        .weights = {[DRIVER_THROUGHPUT] = open ? 0 : 0.35,
                    [DRIVER_LATENCY] = 0.35,
                    [DRIVER_CPU] = 0.35,
                    [DRIVER_MEMORY] = 0.3},
    };
}

/* By what a crash takes along; every other model of Troika loses all. */
static const struct {
    const char *model;
    double isolation;
} isolations[] = {
    {"process-per-request", 5},
    {"process-pool", 4},
    {"process-loops", 3},
    {"cpython-processes", 4},
    {"cpython-asyncio-processes", 3},
    {"node-cluster", 3},
};

static double standard_isolation(const struct model_constants *model)
{
    for (size_t i = 0; i < sizeof isolations / sizeof *isolations; i++)
        if (!strcmp(isolations[i].model, model->name))
            return isolations[i].isolation;
    return model->foreign ? NAN : 1;
}

double wishes_score(const struct wishes *wishes,
                    const struct model_constants *model, enum driver driver)
{
    for (int i = 0; i < wishes->score_count; i++)
        if (wishes->scores[i].driver == driver &&
            !strcmp(wishes->scores[i].model, model->name))
            return wishes->scores[i].value;
    return driver == DRIVER_ISOLATION ? standard_isolation(model) : NAN;
}

bool wishes_allow(const struct wishes *wishes,
                  const struct model_constants *model)
{
    for (int d = DRIVERS_MEASURED; d < DRIVERS; d++)
        if (wishes->least[d] > 0 &&
            !(wishes_score(wishes, model, d) >= wishes->least[d]))
            return false;
    return true;
}

struct service matter_peak(const struct matter *matter)
{
    struct service service = *matter->service;

    service.rate_per_s *= matter->wishes->peak;
    return service;
}

bool matter_check(const struct service *service, const struct wishes *wishes,
                  char *why, size_t why_size)
{
    struct matter matter = {.service = service, .wishes = wishes};
    struct service peak = matter_peak(&matter);
    char reason[1024];

    if (service_check(&peak, reason, sizeof reason))
        return true;
    snprintf(why, why_size, "at the peak, %s times the load (--peak): %s",
             digits_of(wishes->peak, 3).text, reason);
    return false;
}

struct figures figures_of(const struct service *service,
                          const struct forecast *f)
{
    bool open = service->rate_per_s > 0;
    bool overload = open && f->load >= FORECAST_OVERLOAD;
    double latency_ns =
        service->limit_ns > 0 ? f->limit_ns.value : f->p99_ns.value;

    return (struct figures){
        .of = {[DRIVER_THROUGHPUT] = f->rate_per_s,
               [DRIVER_LATENCY] = overload       ? INFINITY
                                  : f->simulated ? latency_ns
                                                 : NAN,
               [DRIVER_CPU] = f->rate_per_s * f->request_cpu_ns / NS_PER_S,
               [DRIVER_MEMORY] = f->memory_bytes},
        .memory_most_bytes = f->memory_most_bytes,
    };
}

struct figures figures_scaled(const struct figures *figures,
                              const double *ratio)
{
    struct figures scaled = *figures;

    scaled.of[DRIVER_THROUGHPUT] *= ratio[QUANTITY_THROUGHPUT];
    scaled.of[DRIVER_LATENCY] *= ratio[QUANTITY_P99];
    scaled.of[DRIVER_CPU] *= ratio[QUANTITY_CPU];
    scaled.of[DRIVER_MEMORY] *= ratio[QUANTITY_MEMORY];
    scaled.memory_most_bytes *= ratio[QUANTITY_MEMORY];
    return scaled;
}

void candidate_correct(const struct candidate *option, struct figures *figures)
{
    double ratio[QUANTITIES];

    if (!option->measured)
        return;
    for (int q = 0; q < QUANTITIES; q++)
        ratio[q] = option->found.n[q] > 0 ? option->found.ratio[q] : 1;
    *figures = figures_scaled(figures, ratio);
    if (option->found.overloaded)
        figures->of[DRIVER_LATENCY] = INFINITY;
}

bool figures_fit(const struct service *service, const struct figures *figures)
{
    double latency_ns = figures->of[DRIVER_LATENCY];

    if (isinf(latency_ns))
        return false;
    if (service->limit_ns > 0 && !(latency_ns < service->limit_ns))
        return false;
    return service->memory_bytes <= 0 ||
           figures->memory_most_bytes <= service->memory_bytes;
}

void figures_known(const struct figures *figures, const bool *fits, int count,
                   bool *known)
{
    for (int d = 0; d < DRIVERS_MEASURED; d++) {
        known[d] = true;
        for (int i = 0; i < count; i++)
            if (fits[i] && !isfinite(figures[i].of[d]))
                known[d] = false;
    }
}

static double floor_of(const struct service *service, enum driver driver)
{
    switch (driver) {
    case DRIVER_LATENCY:
        return service->limit_ns > 0 ? LIMIT_SHARE * service->limit_ns
                                     : FLOOR_NS;
    case DRIVER_CPU:
        return CORES_SHARE * service->cores;
    case DRIVER_MEMORY:
        return service->memory_bytes > 0 ? LIMIT_SHARE * service->memory_bytes
                                         : FLOOR_MIB * MIB;
    default:
        return 0;
    }
}

double figures_burden(const struct service *service,
                      const struct figures *figures, const double *weights,
                      const bool *known)
{
    double burden = 0;

    for (int d = 0; d < DRIVERS_MEASURED; d++) {
        double sign = d == DRIVER_THROUGHPUT ? -1 : 1;
        if (weights[d] > 0 && known[d])
            burden +=
                sign * weights[d] * log(figures->of[d] + floor_of(service, d));
    }
    return burden;
}

double scores_burden(const struct wishes *wishes,
                     const struct model_constants *model, const double *weights)
{
    double burden = 0;

    for (int d = DRIVERS_MEASURED; d < DRIVERS; d++) {
        double score = wishes_score(wishes, model, d);
        /* What nobody scored stands in the middle. */
        if (weights[d] > 0)
            burden -= weights[d] * log((isfinite(score) ? score : 3) / 5);
    }
    return burden;
}

/* Fewer workers, if those that are needed do not fit into the memory. */
static int workers_in_memory(const struct service *peak,
                             const struct forecast *f)
{
    double each = constant_of(f->model, CONSTANT_MEMORY_WORKER, 0);
    double over = f->memory_most_bytes - peak->memory_bytes;

    if (peak->memory_bytes <= 0 || !(over > 0) || !(each > 0))
        return f->workers;
    int fewer = f->workers - (int)ceil(fmin(over / each, f->workers));
    return fewer > 1 ? fewer : 1;
}

/* A number of workers that nobody could look for is a guess, which says nothing
 * of the model. */
static bool forecast_with(const struct matter *matter,
                          const struct service *service, int workers,
                          struct candidate *option)
{
    struct precision precision = matter->precision;
    struct forecast *f = &option->peak;
    char text[400], *why = option->why;

    precision.budget = FORECAST_REQUESTS;
    if (forecast_surely(service, matter->machine, option->model, workers,
                        &precision, f, why, sizeof option->why) < 0)
        return false;
    if (f->beyond > 0)
        snprintf(option->why, sizeof option->why, "no latency: %s",
                 effort_text(service, f->beyond, matter->precision.requests,
                             text, sizeof text));
    return f->beyond <= 0;
}

static void forecast_option(const struct matter *matter,
                            struct candidate *option)
{
    struct service peak = matter_peak(matter);

    bool made = forecast_with(matter, &peak, matter->workers, option);
    option->figures = figures_of(&peak, &option->peak);
    if (!made)
        return;
    option->workers = option->peak.workers;
    const struct forecast needed = option->peak;
    int fewer = workers_in_memory(&peak, &needed);
    if (option->model->has_workers && matter->workers == 0 &&
        fewer < option->workers) {
        option->cramped = true;
        option->workers = fewer;
        if (!forecast_with(matter, &peak, fewer, option))
            return;
    }
    /* Workers that do not carry the load are no answer. */
    if (option->cramped && peak.rate_per_s > 0 &&
        option->peak.load >= FORECAST_OVERLOAD) {
        option->peak = needed;
        option->workers = needed.workers;
        option->cramped = false;
    }
    option->figures = figures_of(&peak, &option->peak);
}

struct making {
    const struct matter *matter;
    struct candidate *options;
};

/* Holds the forecast against what was measured. An overload that was forecast
 * and did not come has no ratio, but a latency. */
static void see(const struct matter *matter, struct candidate *option)
{
    if (matter->evidence)
        option->tried = evidence_find(matter->evidence, option->model->name,
                                      option->workers);
    option->forecast = option->figures;
    if (option->why[0] || !option->tried || option->tried->count == 0)
        return;
    option->measured = option->tried;
    option->found = evidence_found(option->measured);
    candidate_correct(option, &option->figures);
    double *latency_ns = &option->figures.of[DRIVER_LATENCY];
    if (isinf(*latency_ns) && !option->found.overloaded &&
        isfinite(option->found.measured[QUANTITY_P99]))
        *latency_ns = option->found.measured[QUANTITY_P99];
}

static void make_one(int index, void *data)
{
    struct making *making = data;
    struct candidate *option = &making->options[index];

    *option = (struct candidate){.model = making->matter->models[index]};
    forecast_option(making->matter, option);
    see(making->matter, option);
}

void options_make(const struct matter *matter, struct candidate *options)
{
    struct making making = {matter, options};
    const double *weights = matter->wishes->weights;
    struct service peak = matter_peak(matter);
    struct figures figures[OPTIONS_MAX] = {0};
    bool fits[OPTIONS_MAX] = {false}, known[DRIVERS_MEASURED];

    parallel_run(matter->model_count, make_one, &making);
    for (int i = 0; i < matter->model_count; i++) {
        options[i].fits = !options[i].why[0] &&
                          figures_fit(&peak, &options[i].figures) &&
                          wishes_allow(matter->wishes, options[i].model);
        fits[i] = options[i].fits;
        figures[i] = options[i].figures;
    }
    figures_known(figures, fits, matter->model_count, known);
    for (int i = 0; i < matter->model_count; i++)
        options[i].burden =
            figures_burden(&peak, &figures[i], weights, known) +
            scores_burden(matter->wishes, options[i].model, weights);
}

/* Requests that show whether limits are kept, but for those that are near. */
enum { USUAL_REQUESTS = 8000 };

struct looking {
    const struct matter *matter;
    const struct candidate *options;
    bool fits[OPTIONS_MAX];
};

static void look_usually(int index, void *data)
{
    struct looking *looking = data;
    const struct matter *matter = looking->matter;
    const struct candidate *option = &looking->options[index];
    struct precision precision = matter->precision;
    struct forecast f;
    char why[256];

    precision.budget = precision.requests;
    if (precision.requests > USUAL_REQUESTS)
        precision.requests = USUAL_REQUESTS;
    if (option->why[0] || !wishes_allow(matter->wishes, option->model) ||
        forecast_make(matter->service, matter->machine, option->model,
                      option->workers, &precision, &f, why, sizeof why) < 0 ||
        f.beyond > 0)
        return;
    struct figures figures = figures_of(matter->service, &f);
    looking->fits[index] = figures_fit(matter->service, &figures);
}

bool options_kept_usually(const struct matter *matter,
                          const struct candidate *options)
{
    struct looking looking = {matter, options, {false}};
    bool kept = false;

    parallel_run(matter->model_count, look_usually, &looking);
    for (int i = 0; i < matter->model_count; i++)
        kept |= looking.fits[i];
    return kept;
}

int options_best(const struct candidate *options, int count)
{
    int best = -1;

    for (int i = 0; i < count; i++)
        if (options[i].fits &&
            (best < 0 || options[i].burden < options[best].burden))
            best = i;
    return best;
}
