/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "harness/base/json.h"
#include "print.h"

static json_t *numbers(const double *values, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_real(values[i]));
    return list;
}

static json_t *option_json(const struct map_option *option)
{
    return json_pack("{s:i, s:o, s:b, s:o, s:o, s:o, s:o}", "workers",
                     option->workers, "regret", json_finite(option->regret),
                     "overload", isinf(option->latency_ns) != 0, "latency_ns",
                     json_finite(option->latency_ns), "throughput_per_s",
                     json_finite(option->throughput_per_s), "busy_cores",
                     json_finite(option->busy_cores), "memory_bytes",
                     json_finite(option->memory_bytes));
}

static json_t *cell_json(const struct map *map, const struct map_cell *cell)
{
    json_t *options = json_array();

    for (int m = 0; m < map->matter.model_count; m++)
        json_array_append_new(options, option_json(&cell->of[m]));
    return json_pack("{s:o, s:o, s:o, s:o}", "best",
                     cell->best < 0
                         ? json_null()
                         : json_text(map->matter.models[cell->best]->name),
                     "none", json_text_if(map_none_name(cell->none)), "lead",
                     json_finite(cell->lead), "options", options);
}

static json_t *dots_json(const struct map *map)
{
    json_t *list = json_array();

    for (int i = 0; i < map->dot_count; i++) {
        const struct map_dot *dot = &map->dots[i];
        json_array_append_new(
            list, json_pack("{s:i, s:f, s:f, s:f, s:o, s:o}", "service",
                            dot->service, "wait_ns", dot->wait_ns, "cpu_ns",
                            dot->cpu_ns, "connections", dot->in_flight,
                            "throughput_off", json_finite(dot->throughput_off),
                            "p99_off", json_finite(dot->p99_off)));
    }
    return list;
}

static json_t *service_json(const struct map *map)
{
    const struct service *p = map->matter.service;
    bool open = p->rate_per_s > 0;

    return json_pack(
        "{s:f, s:f, s:s, s:f, s:i, s:o, s:o, s:o}", "wait_ns", p->wait_ns,
        "cpu_ns", p->cpu_ns, "load_is", open ? "rate_per_s" : "connections",
        "load", open ? p->rate_per_s : (double)p->connections, "cores",
        p->cores, "limit_ns", json_finite_if(p->limit_ns, p->limit_ns > 0),
        "limit_percentile", json_finite_if(p->limit_percent, p->limit_ns > 0),
        "memory_bytes", json_finite_if(p->memory_bytes, p->memory_bytes > 0));
}

json_t *map_json(const struct map *map, const struct advice *advice)
{
    json_t *models = json_array(), *cores = json_array(), *cells = json_array();
    const struct map_levels *levels = &map->levels;

    for (int m = 0; m < map->matter.model_count; m++)
        json_array_append_new(models, json_text(map->matter.models[m]->name));
    for (int i = 0; i < levels->core_count; i++)
        json_array_append_new(cores, json_integer(levels->cores[i]));
    for (int i = 0; i < map_cell_count(map); i++)
        json_array_append_new(cells, cell_json(map, &map->cells[i]));
    return json_pack(
        "{s:i, s:s, s:s, s:b, s:s, s:o, s:f, s:I, s:I, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o}",
        "schema_version", 1, "machine", map->matter.machine->run_id,
        "measured_at", map->matter.machine->at, "shipped", advice->shipped,
        "doubt", advice->doubt, "validation",
        json_text_if(advice->validated ? advice->bands->run_id : ""), "peak",
        map->matter.wishes->peak, "requests",
        (json_int_t)map->matter.precision.requests, "seed",
        (json_int_t)map->matter.precision.seed, "service", service_json(map),
        "models", models, "wait_ns", numbers(map->wait.of_ns, map->wait.count),
        "cpu_ns", numbers(map->cpu.of_ns, map->cpu.count), "loads",
        numbers(levels->loads, levels->load_count), "cores", cores, "dots",
        dots_json(map), "cells", cells);
}
