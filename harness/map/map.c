/* SPDX-License-Identifier: MIT */
#include "map.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "harness/arithmetic/statistics.h"

/* Of the standard axes and levels. */
static const double DECADES = 1e3, DECADE = 10, LEVEL_STEP = 4;

enum { STANDARD_POINTS = 13 };

const char *map_none_name(enum map_none none)
{
    static const char *const names[] = {
        [MAP_WON] = "",
        [MAP_MEMORY] = "memory",
        [MAP_LIMIT] = "limit",
        [MAP_OVERLOAD] = "overload",
        [MAP_UNKNOWN] = "not known",
    };
    return names[none];
}

struct map_axis map_axis_of(double low_ns, double high_ns, int count)
{
    struct map_axis axis = {.count = count};

    for (int i = 0; i < count; i++)
        axis.of_ns[i] = count == 1
                            ? low_ns
                            : low_ns * pow(high_ns / low_ns, i / (count - 1.0));
    return axis;
}

struct map_axis map_axis_standard(double low_ns, double own_ns)
{
    while (own_ns > 0 && own_ns < low_ns)
        low_ns /= DECADE;
    while (own_ns > low_ns * DECADES)
        low_ns *= DECADE;
    return map_axis_of(low_ns, low_ns * DECADES, STANDARD_POINTS);
}

struct map_levels map_levels_standard(const struct service *service)
{
    bool open = service->rate_per_s > 0;
    double load = open ? service->rate_per_s : service->connections;
    double quarter = load / LEVEL_STEP;
    int more = (int)(service->cores * LEVEL_STEP);
    struct map_levels levels = {
        .loads = {open ? quarter : fmax(1, round(quarter)), load,
                  load * LEVEL_STEP},
        .load_count = 3,
        .cores = {service->cores,
                  more > SIMULATION_CORES ? SIMULATION_CORES : more},
    };
    levels.core_count = levels.cores[1] > levels.cores[0] ? 2 : 1;
    return levels;
}

int map_cell_count(const struct map *map)
{
    return map->levels.core_count * map->levels.load_count * map->wait.count *
           map->cpu.count;
}

struct map_cell *map_cell_at(const struct map *map, int core, int load,
                             int wait, int cpu)
{
    int at = (core * map->levels.load_count + load) * map->wait.count + wait;

    return &map->cells[at * map->cpu.count + cpu];
}

static struct service service_of(const struct map *map, int core, int load,
                                 int wait, int cpu)
{
    struct service service = *map->matter.service;

    service.wait_ns = map->wait.of_ns[wait];
    service.cpu_ns = map->cpu.of_ns[cpu];
    service.cores = map->levels.cores[core];
    if (service.rate_per_s > 0)
        service.rate_per_s = map->levels.loads[load];
    else
        service.connections = (int)map->levels.loads[load];
    if (service.calls < 1)
        service.calls = 1;
    return service;
}

int map_nearest(const double *values, int count, double value)
{
    int nearest = 0;

    for (int i = 1; i < count; i++)
        if (fabs(log(values[i] / value)) < fabs(log(values[nearest] / value)))
            nearest = i;
    return nearest;
}

static enum map_none none_of(const struct service *service,
                             const struct candidate *option)
{
    double latency_ns = option->figures.of[DRIVER_LATENCY];

    if (option->why[0] || isnan(latency_ns))
        return MAP_UNKNOWN;
    if (isinf(latency_ns))
        return option->peak.law == LAW_MEMORY ? MAP_MEMORY : MAP_OVERLOAD;
    if (service->limit_ns > 0 && !(latency_ns < service->limit_ns))
        return MAP_LIMIT;
    return service->memory_bytes > 0 && option->peak.on_memory == KEPT_UNKNOWN
               ? MAP_UNKNOWN
               : MAP_MEMORY;
}

static struct map_option option_of(const struct candidate *option,
                                   double least_burden)
{
    const double *of = option->figures.of;
    bool overload = isinf(of[DRIVER_LATENCY]);

    if (option->why[0])
        return (struct map_option){false, 0, NAN, NAN, NAN, NAN, NAN};
    return (struct map_option){
        .fits = option->fits,
        .workers = option->workers,
        .regret = option->fits ? exp(option->burden - least_burden) - 1 : NAN,
        .latency_ns = of[DRIVER_LATENCY],
        .throughput_per_s = overload ? NAN : of[DRIVER_THROUGHPUT],
        .busy_cores = overload ? NAN : of[DRIVER_CPU],
        .memory_bytes = overload ? NAN : of[DRIVER_MEMORY],
    };
}

/* A limit that a request misses before any model does anything; nothing need
 * be simulated to know that. */
static bool hopeless(const struct service *service)
{
    return service->limit_ns > 0 &&
           service->limit_ns <= service->wait_ns + service->cpu_ns &&
           service->cv_wait <= 0 && service->cv_cpu <= 0;
}

static void make_cell(const struct map *map, const struct service *service,
                      struct map_cell *cell)
{
    struct candidate options[OPTIONS_MAX];
    struct matter matter = map->matter;
    int count = matter.model_count;

    *cell = (struct map_cell){.best = -1, .none = MAP_UNKNOWN, .lead = NAN};
    matter.service = service;
    if (hopeless(service)) {
        struct candidate missed = {.why = "the limit is below wait and CPU"};
        for (int m = 0; m < count; m++)
            cell->of[m] = option_of(&missed, NAN);
        cell->none = MAP_LIMIT;
        return;
    }
    options_make(&matter, options);
    cell->best = options_best(options, count);
    double least = cell->best < 0 ? NAN : options[cell->best].burden;
    bool unknown = false;
    for (int m = 0; m < count; m++) {
        enum map_none none = none_of(service, &options[m]);
        cell->of[m] = option_of(&options[m], least);
        if (none < cell->none)
            cell->none = none;
        unknown |= none == MAP_UNKNOWN;
        if (m != cell->best && options[m].fits)
            cell->lead = fmin(isnan(cell->lead) ? INFINITY : cell->lead,
                              cell->of[m].regret);
    }
    /* One of which nothing is known might have won. */
    if (cell->best >= 0)
        cell->none = MAP_WON;
    else if (unknown)
        cell->none = MAP_UNKNOWN;
}

int map_make(struct map *map, void (*told)(int done, int all))
{
    const struct map_levels *levels = &map->levels;
    int all = map_cell_count(map), done = 0;

    map->cells = calloc((size_t)all, sizeof *map->cells);
    if (!map->cells)
        return -ENOMEM;
    for (int core = 0; core < levels->core_count; core++)
        for (int load = 0; load < levels->load_count; load++)
            for (int wait = 0; wait < map->wait.count; wait++) {
                for (int cpu = 0; cpu < map->cpu.count; cpu++, done++) {
                    struct service service =
                        service_of(map, core, load, wait, cpu);
                    make_cell(map, &service,
                              map_cell_at(map, core, load, wait, cpu));
                }
                if (told)
                    told(done, all);
            }
    return 0;
}

/* The median factor by which the quantity was off, over the models. */
static double off_by(const struct bands *bands, int service,
                     enum quantity quantity)
{
    double off[4 * OPTIONS_MAX];
    size_t count = 0;

    for (int i = 0; i < bands->residual_count; i++) {
        const struct residual *r = &bands->residuals[i];
        if (r->service == service && r->quantity == quantity &&
            count < sizeof off / sizeof *off)
            off[count++] = fabs(r->log_error);
    }
    if (count == 0)
        return NAN;
    qsort(off, count, sizeof *off, statistics_ascending);
    return exp((off[(count - 1) / 2] + off[count / 2]) / 2);
}

static void widen(double value, double *least, double *most)
{
    *least = fmin(isnan(*least) ? value : *least, value);
    *most = fmax(isnan(*most) ? value : *most, value);
}

void map_validated(struct map *map, const struct bands *bands)
{
    /* Services were validated by the CPU time of their work in C. */
    double own_time = map->matter.machine->own_time;
    double in_c = own_time > 0 ? own_time : 1;

    map->dot_count = 0;
    map->least_wait_ns = map->most_wait_ns = NAN;
    map->least_cpu_ns = map->most_cpu_ns = NAN;
    for (int i = 0; i < bands->service_count && i < MAP_DOTS_MAX; i++) {
        const struct validated_service *s = &bands->services[i];
        map->dots[map->dot_count++] = (struct map_dot){
            .service = s->number,
            .wait_ns = s->of[BAND_WAIT],
            .cpu_ns = in_c * s->of[BAND_CPU],
            .in_flight = s->of[BAND_CONNECTIONS],
            .throughput_off = off_by(bands, s->number, QUANTITY_THROUGHPUT),
            .p99_off = off_by(bands, s->number, QUANTITY_P99),
        };
        widen(s->of[BAND_WAIT], &map->least_wait_ns, &map->most_wait_ns);
        widen(in_c * s->of[BAND_CPU], &map->least_cpu_ns, &map->most_cpu_ns);
    }
}

void map_free(struct map *map)
{
    free(map->cells);
    map->cells = NULL;
}
