/* SPDX-License-Identifier: MIT
 *
 * A map of winners: the best model for each wait and CPU time of a service, at
 * several loads and numbers of cores. All else is as the service says. A cell
 * is decided as harness/decide decides, from the figures without their bands.
 */
#pragma once

#include "harness/decide/choice.h"
#include "harness/predict/bands.h"

enum { MAP_POINTS_MAX = 33, MAP_LEVELS_MAX = 8, MAP_DOTS_MAX = 512 };

/* An axis in equal factors. */
struct map_axis {
    double of_ns[MAP_POINTS_MAX];
    int count;
};

/* Loads are rates (1/s) if the service has a rate, and connections otherwise.
 */
struct map_levels {
    double loads[MAP_LEVELS_MAX];
    int load_count;
    int cores[MAP_LEVELS_MAX];
    int core_count;
};

/* Why a cell has no winner. The order is that of how near one is. */
enum map_none {
    MAP_WON,
    MAP_MEMORY,   /* the limit is kept, and there is too little memory */
    MAP_LIMIT,    /* the rate is carried, and the limit is missed */
    MAP_OVERLOAD, /* the rate is carried by no model */
    MAP_UNKNOWN,  /* nothing could be forecast */
};

/* "overload" */
const char *map_none_name(enum map_none none);

struct map_option {
    bool fits;
    int workers; /* 0: none to set */
    /* The share by which the burden exceeds the least one of those that fit;
     * NAN: the option does not fit. */
    double regret;
    double latency_ns; /* INFINITY: overload; NAN: not known */
    double throughput_per_s, busy_cores, memory_bytes; /* NAN: not known */
};

struct map_cell {
    int best; /* of the models; -1: none */
    enum map_none none;
    double lead; /* regret of the second; NAN: no other fits */
    struct map_option of[OPTIONS_MAX];
};

/* A service that was validated: where it lies, and how far off its forecasts
 * were. */
struct map_dot {
    int service; /* its number */
    double wait_ns, cpu_ns, in_flight;
    /* The factor by which throughput and p99 were off, the median over models;
     * NAN: not judged. */
    double throughput_off, p99_off;
};

struct map {
    struct matter matter;
    struct map_axis wait, cpu;
    struct map_levels levels;
    struct map_cell *cells; /* map_cell_at */
    struct map_dot dots[MAP_DOTS_MAX];
    int dot_count;
    /* The hull of the validated services; NAN: there are none. */
    double least_wait_ns, most_wait_ns, least_cpu_ns, most_cpu_ns;
};

/* Points from `low` to `high`, both included. */
struct map_axis map_axis_of(double low_ns, double high_ns, int count);

/* The standard axis: three decades in four steps each, from 1 ms (waits) and
 * 10 us (CPU) on, moved by whole decades until the service's own value lies
 * inside. */
struct map_axis map_axis_standard(double low_ns, double own_ns);

/* A quarter of the service's load, that, and four times that; its cores, and
 * four times as many. */
struct map_levels map_levels_standard(const struct service *service);

int map_cell_count(const struct map *map);
struct map_cell *map_cell_at(const struct map *map, int core, int load,
                             int wait, int cpu);

/* The point of the axis that is nearest in logarithms. */
int map_nearest(const double *values, int count, double value);

/* Fills the cells of a map whose matter, axes and levels are set; `told` is
 * called after each row of cells with how many of all are done, and may be
 * NULL. Returns 0 or -ENOMEM. map_free may be called after any result. */
int map_make(struct map *map, void (*told)(int done, int all));

/* Sets dots and hull. */
void map_validated(struct map *map, const struct bands *bands);

void map_free(struct map *map);
