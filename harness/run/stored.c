/* SPDX-License-Identifier: MIT */
#include "stored.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 2048, SCHEMA_VERSION = 1, ATTEMPTS_MAX = 99 };

enum shape { BOOLEAN, INTEGER, NUMBER_OR_NULL, OBJECT_OR_NULL, OBJECT };

/* What every reader of trials relies on. */
static const struct {
    const char *key;
    enum shape shape;
} shapes[] = {
    {"complete", BOOLEAN},
    {"valid", BOOLEAN},
    {"block", INTEGER},
    {"attempt", INTEGER},
    {"cell", OBJECT},
    {"window_ns", NUMBER_OR_NULL},
    {"requests", OBJECT_OR_NULL},
    {"throughput_per_s", NUMBER_OR_NULL},
    {"latency", OBJECT_OR_NULL},
    {"memory", OBJECT_OR_NULL},
    {"cpu", OBJECT_OR_NULL},
    {"tasks", OBJECT_OR_NULL},
};

static const char *const shape_names[] = {
    [BOOLEAN] = "true or false",
    [INTEGER] = "a whole number",
    [NUMBER_OR_NULL] = "a number or null",
    [OBJECT_OR_NULL] = "an object or null",
    [OBJECT] = "an object",
};

static bool has_shape(const json_t *value, enum shape shape)
{
    switch (shape) {
    case BOOLEAN:
        return json_is_boolean(value);
    case INTEGER:
        return json_is_integer(value);
    case NUMBER_OR_NULL:
        return value == NULL || json_is_null(value) ||
               (json_is_number(value) && json_number_value(value) >= 0);
    case OBJECT_OR_NULL:
        return value == NULL || json_is_null(value) || json_is_object(value);
    case OBJECT:
        return json_is_object(value);
    }
    return false;
}

json_t *stored_json(const char *path, bool *exists, char *why, size_t why_size)
{
    FILE *file = fopen(path, "re");
    struct stat status;
    json_error_t error;
    json_t *value;

    if (exists != NULL)
        *exists = file != NULL || errno != ENOENT;
    if (file == NULL) {
        snprintf(why, why_size, "%s: cannot be read: %s", path,
                 strerror(errno));
        return NULL;
    }
    value = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL && fstat(fileno(file), &status) == 0 &&
        status.st_size == 0)
        snprintf(why, why_size, "%s: the file is empty", path);
    else if (value == NULL)
        snprintf(why, why_size, "%s:%d:%d: the file is damaged: %s", path,
                 error.line, error.column, error.text);
    fclose(file);
    return value;
}

/* Whether `key` has the same text or number in both. */
static bool agrees(const json_t *trial, const json_t *row, const char *key)
{
    return json_equal(json_object_get(trial, key), json_object_get(row, key));
}

static bool check(const char *path, const json_t *trial, const json_t *row,
                  char *why, size_t why_size)
{
    static const char *const same[] = {"trial_id", "experiment", "load_point",
                                       "block"};
    const json_t *version = json_object_get(trial, "schema_version");

    if (json_integer_value(version) != SCHEMA_VERSION) {
        snprintf(why, why_size,
                 "%s: schema_version is not %d: the file is damaged, or of "
                 "another version of troika",
                 path, SCHEMA_VERSION);
        return false;
    }
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (!agrees(trial, row, same[i])) {
            snprintf(why, why_size,
                     "%s: the file is damaged: its %s is not that of the plan",
                     path, same[i]);
            return false;
        }
    if (!json_equal(json_object_get(json_object_get(trial, "cell"), "model"),
                    json_object_get(row, "model"))) {
        snprintf(why, why_size,
                 "%s: the file is damaged: its cell.model is not that of the "
                 "plan",
                 path);
        return false;
    }
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (!has_shape(json_object_get(trial, shapes[i].key),
                       shapes[i].shape)) {
            snprintf(why, why_size, "%s: the file is damaged: %s is not %s",
                     path, shapes[i].key, shape_names[shapes[i].shape]);
            return false;
        }
    return true;
}

/* Reads trials/ID`suffix`.json. */
static enum stored read_file(const char *directory, const json_t *row,
                             const char *suffix, json_t **trial, char *why,
                             size_t why_size)
{
    const char *id = json_string_value(json_object_get(row, "trial_id"));
    char path[PATH_SIZE];
    bool exists;

    *trial = NULL;
    if (id == NULL || strchr(id, '/') != NULL) {
        snprintf(why, why_size,
                 "%.1024s/run.json: the file is damaged: its plan has a row "
                 "without a trial_id",
                 directory);
        return STORED_DAMAGED;
    }
    snprintf(path, sizeof(path), "%.1024s/trials/%.512s%s.json", directory, id,
             suffix);
    *trial = stored_json(path, &exists, why, why_size);
    if (!exists)
        return STORED_NONE;
    if (*trial != NULL && check(path, *trial, row, why, why_size))
        return STORED_WHOLE;
    json_decref(*trial);
    *trial = NULL;
    return STORED_DAMAGED;
}

enum stored stored_trial(const char *directory, const json_t *row,
                         json_t **trial, char *why, size_t why_size)
{
    enum stored found = read_file(directory, row, "", trial, why, why_size);

    if (found != STORED_WHOLE ||
        json_is_true(json_object_get(*trial, "complete")))
        return found;
    json_decref(*trial);
    *trial = NULL;
    return STORED_NONE;
}

/* The attempts before the one that became the trial. */
static int damaged_attempts(const char *directory, const json_t *row,
                            void (*tell)(const char *why, void *context),
                            void *context)
{
    char suffix[32], why[PATH_SIZE + 512];
    json_t *trial;
    int damaged = 0;

    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
        snprintf(suffix, sizeof(suffix), ".attempt%d", attempt);
        switch (read_file(directory, row, suffix, &trial, why, sizeof(why))) {
        case STORED_NONE:
            return damaged;
        case STORED_DAMAGED:
            damaged++;
            tell(why, context);
            break;
        case STORED_WHOLE:
            json_decref(trial);
        }
    }
    return damaged;
}

struct stored_problems stored_all(const char *directory, const json_t *run,
                                  json_t *trials,
                                  void (*tell)(const char *why, void *context),
                                  void *context)
{
    struct stored_problems problems = {0};
    char why[PATH_SIZE + 512];
    const json_t *row;
    json_t *trial;
    size_t i;

    json_array_foreach(json_object_get(run, "plan"), i, row)
    {
        const char *id = json_string_value(json_object_get(row, "trial_id"));

        switch (stored_trial(directory, row, &trial, why, sizeof(why))) {
        case STORED_WHOLE:
            json_array_append_new(trials, trial);
            break;
        case STORED_DAMAGED:
            problems.damaged_trials++;
            tell(why, context);
            break;
        case STORED_NONE:
            if (problems.missing++ == 0)
                snprintf(problems.first_missing, sizeof(problems.first_missing),
                         "%s", id ? id : "");
        }
        if (id != NULL)
            problems.damaged_attempts +=
                damaged_attempts(directory, row, tell, context);
    }
    return problems;
}
