/* SPDX-License-Identifier: MIT */
#include "newest.h"

#include <stdio.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/predict/bands.h"

/* Up to what only says how it came out. */
static size_t goal_length(const char *words)
{
    return strcspn(words, ";");
}

/* -1: it has no such goal, as one of another version of the program. */
static json_int_t judged_of(const json_t *validation, const char *words)
{
    const json_t *goal;
    size_t i, length = goal_length(words);

    json_array_foreach (json_object_get(validation, "goals"), i, goal) {
        const char *own = json_text_of(goal, "goal");
        if (goal_length(own) == length && !strncmp(own, words, length))
            return json_integer_of(goal, "n");
    }
    return -1;
}

/* Whether forecasts could have bands from it. */
static bool is_whole(const json_t *stored)
{
    struct bands bands = {0};
    char why[400];
    bool whole = stored && bands_read(stored, &bands, why, sizeof why) == 0;

    bands_free(&bands);
    return whole;
}

bool newest_replaces(const json_t *stored, const json_t *fresh, char *why,
                     size_t why_size)
{
    const char *before = json_text_of(stored, "at");
    const char *at = json_text_of(fresh, "at");
    const json_t *goal;
    size_t i;

    if (!is_whole(stored))
        return true;
    if (strcmp(at, before) < 0) {
        snprintf(why, why_size, "it is of %s, and that of %s is newer", at,
                 before);
        return false;
    }
    json_array_foreach (json_object_get(stored, "goals"), i, goal) {
        const char *words = json_text_of(goal, "goal");
        if (json_integer_of(goal, "n") > 0 && judged_of(fresh, words) == 0) {
            snprintf(why, why_size,
                     "it judged nothing for the goal \"%.*s\", and that of %s "
                     "judged %lld",
                     (int)goal_length(words), words, before,
                     (long long)json_integer_of(goal, "n"));
            return false;
        }
    }
    return true;
}
