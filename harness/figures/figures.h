/* SPDX-License-Identifier: MIT
 *
 * The figures that a trial tells. A gate names those that it can spoil, a
 * metric is of one of them, and a stored trial names those that are withheld:
 * all by this one list.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

enum gate_figure {
    FIGURE_THROUGHPUT = 1 << 0, /* answers per second */
    FIGURE_LATENCY =
        1 << 1,             /* response times (open loop), else service times */
    FIGURE_CPU = 1 << 2,    /* CPU per request */
    FIGURE_MEMORY = 1 << 3, /* under load */
    FIGURE_IDLE_MEMORY = 1 << 4, /* of connections that are open, before the
                                    load */
    FIGURE_BESIDE = 1 << 5,      /* a second load's times */
    FIGURE_RECOVERY = 1 << 6,    /* the time to recover from an overload */
    /* Everything that takes time: what disturbs the machine. */
    FIGURES_TIMED = FIGURE_THROUGHPUT | FIGURE_LATENCY | FIGURE_CPU |
                    FIGURE_BESIDE | FIGURE_RECOVERY,
    /* Everything that is read while the load is on. */
    FIGURES_LOADED = FIGURES_TIMED | FIGURE_MEMORY,
    FIGURES_ALL = FIGURES_LOADED | FIGURE_IDLE_MEMORY,
};

/* What a failed gate does to its figures. */
enum gate_effect {
    EFFECT_WITHHELD, /* they are wrong, and are not given */
    EFFECT_LEVEL,    /* rates and times are wrong, their ratios to another
                        model's under the same disturbance are not */
    EFFECT_BOUND,    /* the server was not the limit: what is seen is the least
                        that it can do */
};

/* "throughput", "latency", ... of a single figure; "all" of all. */
const char *figure_name(unsigned figure);

/* "latency, cpu": a set, for a person. Returns text. */
char *figures_words(unsigned figures, char *text, size_t size);

/* The names of a set as a JSON array. */
json_t *figures_json(unsigned figures);

/* "withheld", "level", "bound". */
const char *effect_name(enum gate_effect effect);

/* Whether a stored trial is of this cell. */
bool figures_are_of(const json_t *trial, const char *experiment,
                    const char *load_point, const char *model);

/* Whether one of `figures` is withheld from a stored trial, `level` including
 * those whose level alone is; if so, *words says why (borrowed). */
bool figures_withheld(const json_t *trial, unsigned figures, bool level,
                      const char **words);

/* What bounded one of a stored trial's `figures` ("generator", "Redis"), or
 * NULL. */
const char *figures_bound(const json_t *trial, unsigned figures);
