/* SPDX-License-Identifier: MIT
 *
 * The figures that a trial gives. One list names them for the gates, which say
 * what they can spoil, for the metrics, each of which belongs to one figure,
 * and for stored trials, which say what is withheld.
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
    FIGURE_IDLE_MEMORY = 1 << 4, /* of open connections, before the load */
    FIGURE_BESIDE = 1 << 5,      /* a second load's times */
    FIGURE_RECOVERY = 1 << 6,    /* the time to recover from an overload */
    /* Figures that a disturbance of the machine changes. */
    FIGURES_TIMED = FIGURE_THROUGHPUT | FIGURE_LATENCY | FIGURE_CPU |
                    FIGURE_BESIDE | FIGURE_RECOVERY,
    /* Figures that are read under load. */
    FIGURES_LOADED = FIGURES_TIMED | FIGURE_MEMORY,
    FIGURES_ALL = FIGURES_LOADED | FIGURE_IDLE_MEMORY,
};

/* The effect of a failed gate on its figures. */
enum gate_effect {
    EFFECT_WITHHELD, /* they are wrong and not given */
    EFFECT_LEVEL, /* rates and times are wrong, but not their ratios to those of
                     another model under an equal disturbance */
    EFFECT_BOUND, /* the server was not the limit: it can do at least this */
};

/* "throughput", "latency", ... for a single figure; "all" for all of them. */
const char *figure_name(unsigned figure);

/* A set of figures for a person: "latency, cpu". Returns text. */
char *figures_words(unsigned figures, char *text, size_t size);

/* The names of a set as a JSON array. */
json_t *figures_json(unsigned figures);

/* "withheld", "level", "bound". */
const char *effect_name(enum gate_effect effect);

/* Whether a stored trial belongs to this cell. */
bool figures_are_of(const json_t *trial, const char *experiment,
                    const char *load_point, const char *model);

/* Whether one of `figures` is withheld from a stored trial. With `level`,
 * figures of which only the level is withheld count too. *words is then the
 * reason (borrowed). */
bool figures_withheld(const json_t *trial, unsigned figures, bool level,
                      const char **words);

/* The limit that bounded one of a stored trial's `figures` ("generator",
 * "Redis"), or NULL. */
const char *figures_bound(const json_t *trial, unsigned figures);
