/* SPDX-License-Identifier: MIT
 *
 * Trials of older versions have no `withheld`: a failed gate made the whole
 * trial invalid.
 */
#include "figures.h"

#include <stdio.h>
#include <string.h>

#include "harness/base/json.h"

static const struct {
    unsigned figure;
    const char *name;
} names[] = {
    {FIGURE_THROUGHPUT, "throughput"},
    {FIGURE_LATENCY, "latency"},
    {FIGURE_CPU, "cpu"},
    {FIGURE_MEMORY, "memory"},
    {FIGURE_IDLE_MEMORY, "idle_memory"},
    {FIGURE_BESIDE, "beside"},
    {FIGURE_RECOVERY, "recovery"},
};

enum { NAMES = sizeof names / sizeof names[0] };

const char *figure_name(unsigned figure)
{
    for (int i = 0; i < NAMES; i++)
        if (names[i].figure == figure)
            return names[i].name;
    return "all";
}

char *figures_words(unsigned figures, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    if (figures == FIGURES_ALL)
        snprintf(text, size, "all");
    for (int i = 0; i < NAMES && figures != FIGURES_ALL && used < size; i++)
        if (figures & names[i].figure)
            used += (size_t)snprintf(text + used, size - used, "%s%s",
                                     used > 0 ? ", " : "", names[i].name);
    return text;
}

json_t *figures_json(unsigned figures)
{
    json_t *list = json_array();

    for (int i = 0; i < NAMES; i++)
        if (figures & names[i].figure)
            json_array_append_new(list, json_string(names[i].name));
    return list;
}

const char *effect_name(enum gate_effect effect)
{
    return effect == EFFECT_BOUND   ? "bound"
           : effect == EFFECT_LEVEL ? "level"
                                    : "withheld";
}

bool figures_are_of(const json_t *trial, const char *experiment,
                    const char *load_point, const char *model)
{
    return json_text_is(trial, "experiment", experiment) &&
           json_text_is(trial, "load_point", load_point) &&
           json_text_is(json_object_get(trial, "cell"), "model", model);
}

static bool is_among(unsigned figures, const char *name)
{
    for (int i = 0; i < NAMES; i++)
        if (!strcmp(name, names[i].name))
            return figures & names[i].figure;
    return false;
}

bool figures_withheld(const json_t *trial, unsigned figures, bool level,
                      const char **words)
{
    const json_t *row;
    size_t i;
    json_array_foreach (json_object_get(trial, "withheld"), i, row) {
        const char *effect = json_string_of(row, "effect");

        if (!effect || (!level && !strcmp(effect, effect_name(EFFECT_LEVEL))) ||
            !is_among(figures, json_text_of(row, "figure")))
            continue;
        *words = json_string_of(row, "words");
        return true;
    }
    return false;
}

const char *figures_bound(const json_t *trial, unsigned figures)
{
    const json_t *bound = json_object_get(trial, "bound");

    /* Trials of older versions name no other limit than the generator. */
    if (!bound && json_true_of(trial, "generator_bound"))
        return "generator";
    const json_t *name;
    size_t i;
    json_array_foreach (json_object_get(bound, "figures"), i, name) {
        if (json_is_string(name) && is_among(figures, json_string_value(name)))
            return json_string_of(bound, "by");
    }
    return NULL;
}
