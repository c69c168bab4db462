/* SPDX-License-Identifier: MIT */
#include "stored.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/json.h"
#include "harness/figures/figures.h"

enum { PATH_SIZE = 2048, SCHEMA_VERSION = 1, ATTEMPTS_MAX = 99 };

/* Of blocks and attempts: more than any run has. */
enum { ORDINAL_MAX = 1000000 };

/* More requests than any trial has; five such counts can be added up. */
static const json_int_t COUNT_MAX = (json_int_t)1 << 53;

enum shape { BOOLEAN, ORDINAL, NUMBER_OR_NULL, OBJECT_OR_NULL, OBJECT };

/* Members that every reader of trials relies on. */
static const struct {
    const char *key;
    enum shape shape;
} shapes[] = {
    {"complete", BOOLEAN},
    {"valid", BOOLEAN},
    {"block", ORDINAL},
    {"attempt", ORDINAL},
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
    [ORDINAL] = "a whole number from 1 to a million",
    [NUMBER_OR_NULL] = "a number or null",
    [OBJECT_OR_NULL] = "an object or null",
    [OBJECT] = "an object",
};

static bool has_shape(const json_t *value, enum shape shape)
{
    switch (shape) {
    case BOOLEAN:
        return json_is_boolean(value);
    case ORDINAL:
        return json_is_integer(value) && json_integer_value(value) >= 1 &&
               json_integer_value(value) <= ORDINAL_MAX;
    case NUMBER_OR_NULL:
        return !value || json_is_null(value) ||
               (json_is_number(value) && json_number_value(value) >= 0);
    case OBJECT_OR_NULL:
        return !value || json_is_null(value) || json_is_object(value);
    case OBJECT:
        return json_is_object(value);
    }
    return false;
}

json_t *stored_json(const char *path, bool *exists, char *why, size_t why_size)
{
    /* Without O_NONBLOCK, opening a pipe that nobody writes to would wait for
     * ever. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    FILE *file = NULL;

    if (exists)
        *exists = fd >= 0 || errno != ENOENT;
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
        snprintf(why, why_size, "%s: it is not a regular file", path);
        close(fd);
        return NULL;
    }
    if (fd >= 0)
        file = fdopen(fd, "r");
    if (!file) {
        snprintf(why, why_size, "%s: cannot be read: %s", path,
                 strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!value && fstat(fileno(file), &status) == 0 && status.st_size == 0)
        snprintf(why, why_size, "%s: the file is empty", path);
    else if (!value)
        snprintf(why, why_size, "%s:%d:%d: the file is damaged: %s", path,
                 error.line, error.column, error.text);
    fclose(file);
    return value;
}

struct checking {
    const char *path;
    char *why;
    size_t why_size;
};

/* Says that the file is damaged, and why. Returns false. */
static bool __attribute__((format(printf, 2, 3)))
refuse(const struct checking *checking, const char *format, ...)
{
    int used = snprintf(checking->why, checking->why_size,
                        "%s: the file is damaged: ", checking->path);
    va_list arguments;
    va_start(arguments, format);
    if (used >= 0 && (size_t)used < checking->why_size)
        vsnprintf(checking->why + used, checking->why_size - (size_t)used,
                  format, arguments);
    va_end(arguments);
    return false;
}

/* Whether the trial is that of this row of the plan, and of this run. */
static bool check_planned(const struct checking *checking, const json_t *trial,
                          const json_t *run, const json_t *row)
{
    static const char *const same[] = {"trial_id", "experiment", "load_point",
                                       "block"};
    const json_t *cell = json_object_get(trial, "cell");
    const json_t *id = json_object_get(run, "run_id");
    const json_t *experiment =
        json_row_of(json_object_get(run, "experiments"), "name",
                    json_text_of(row, "experiment"));
    const json_t *query =
        json_object_get(json_row_of(json_object_get(experiment, "load_points"),
                                    "id", json_text_of(row, "load_point")),
                        "query");

    if (id && !json_equal(json_object_get(trial, "run_id"), id))
        return refuse(checking, "its run_id is not that of run.json");
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (!json_equal(json_object_get(trial, same[i]),
                        json_object_get(row, same[i])))
            return refuse(checking, "its %s is not that of the plan", same[i]);
    if (!json_equal(json_object_get(cell, "model"),
                    json_object_get(row, "model")))
        return refuse(checking, "its cell.model is not that of the plan");
    if (json_is_string(query) &&
        !json_equal(json_object_get(cell, "query"), query))
        return refuse(checking, "its cell.query is not that of its load point");
    return true;
}

static bool is_told_gone(const json_t *trial, const char *figure)
{
    const json_t *bound =
        json_object_get(json_object_get(trial, "bound"), "figures");

    if (json_row_of(json_object_get(trial, "withheld"), "figure", figure))
        return true;
    const json_t *name;
    size_t i;
    json_array_foreach (bound, i, name) {
        if (json_is_string(name) && !strcmp(json_string_value(name), figure))
            return true;
    }
    return false;
}

/* Whether one of the gate's figures is told as withheld or bounded. A gate may
 * take fewer figures than the table of the run says, and each figure is told
 * with the first gate that takes it. */
static bool took_a_figure(const json_t *trial, const json_t *run,
                          const json_t *gate)
{
    const json_t *about = json_row_of(json_object_get(run, "gates"), "id",
                                      json_text_of(gate, "id"));
    const json_t *figures = json_object_get(about, "figures");

    for (unsigned one = 1; json_array_size(figures) == 0 && one <= FIGURES_ALL;
         one <<= 1)
        if (is_told_gone(trial, figure_name(one)))
            return true;
    const json_t *figure;
    size_t i;
    json_array_foreach (figures, i, figure) {
        if (json_is_string(figure) &&
            is_told_gone(trial, json_string_value(figure)))
            return true;
    }
    return false;
}

static bool check_counts(const struct checking *checking,
                         const json_t *requests)
{
    static const char *const ends[] = {"ok", "wrong", "http_error", "io_error",
                                       "timeout"};
    const json_t *scheduled = json_object_get(requests, "scheduled");
    json_int_t sum = 0;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const json_t *count = json_object_get(requests, ends[i]);
        json_int_t n = json_integer_value(count);

        if (count && !json_is_null(count) &&
            (!json_is_integer(count) || n < 0 || n > COUNT_MAX))
            return refuse(checking, "requests.%s is not a count", ends[i]);
        sum += n;
    }
    if (json_is_integer(scheduled) && json_integer_value(scheduled) != sum)
        return refuse(checking,
                      "valid is true, but %lld requests were scheduled and "
                      "%lld are accounted for",
                      (long long)json_integer_value(scheduled), (long long)sum);
    return true;
}

/* Checks a trial that is called valid for contradictions. */
static bool check_valid(const struct checking *checking, const json_t *trial,
                        const json_t *run)
{
    static const char *const needed[] = {"throughput_per_s", "requests",
                                         "memory", "cpu"};

    if (!json_true_of(trial, "complete"))
        return refuse(checking, "valid is true, but complete is not");
    size_t i;
    for (i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const json_t *value = json_object_get(trial, needed[i]);

        if (!value || json_is_null(value))
            return refuse(checking, "valid is true, but there is no %s",
                          needed[i]);
    }
    const json_t *gate;
    json_array_foreach (json_object_get(trial, "gates"), i, gate) {
        const char *id = json_string_of(gate, "id");

        if (!json_true_of(gate, "ok") && !took_a_figure(trial, run, gate))
            return refuse(checking,
                          "valid is true, but gate \"%.64s\" failed, and no "
                          "figure of it is withheld",
                          id ? id : "");
    }
    return check_counts(checking, json_object_get(trial, "requests"));
}

static bool check(const char *path, const json_t *trial, const json_t *run,
                  const json_t *row, char *why, size_t why_size)
{
    const struct checking checking = {path, why, why_size};
    const json_t *version = json_object_get(trial, "schema_version");

    if (json_integer_value(version) != SCHEMA_VERSION) {
        snprintf(why, why_size,
                 "%s: schema_version is not %d: the file is damaged, or of "
                 "another version of troika",
                 path, SCHEMA_VERSION);
        return false;
    }
    if (!check_planned(&checking, trial, run, row))
        return false;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (!has_shape(json_object_get(trial, shapes[i].key), shapes[i].shape))
            return refuse(&checking, "%s is not %s", shapes[i].key,
                          shape_names[shapes[i].shape]);
    return !json_true_of(trial, "valid") || check_valid(&checking, trial, run);
}

/* Reads trials/ID`suffix`.json. */
static enum stored read_file(const char *directory, const json_t *run,
                             const json_t *row, const char *suffix,
                             json_t **trial, char *why, size_t why_size)
{
    const char *id = json_string_of(row, "trial_id");

    *trial = NULL;
    if (!id || strchr(id, '/')) {
        snprintf(why, why_size,
                 "%.1024s/run.json: the file is damaged: its plan has a row "
                 "without a trial_id",
                 directory);
        return STORED_DAMAGED;
    }
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%.1024s/trials/%.512s%s.json", directory, id,
             suffix);
    bool exists;
    *trial = stored_json(path, &exists, why, why_size);
    if (!exists)
        return STORED_NONE;
    if (*trial && check(path, *trial, run, row, why, why_size))
        return STORED_WHOLE;
    json_decref(*trial);
    *trial = NULL;
    return STORED_DAMAGED;
}

enum stored stored_trial(const char *directory, const json_t *run,
                         const json_t *row, json_t **trial, char *why,
                         size_t why_size)
{
    enum stored found =
        read_file(directory, run, row, "", trial, why, why_size);

    if (found != STORED_WHOLE || json_true_of(*trial, "complete"))
        return found;
    json_decref(*trial);
    *trial = NULL;
    return STORED_NONE;
}

/* Checks the attempts before the one that became the trial. Returns how many
 * are damaged. */
static int damaged_attempts(const char *directory, const json_t *run,
                            const json_t *row,
                            void (*tell)(const char *why, void *context),
                            void *context)
{
    int damaged = 0;
    char suffix[32], why[PATH_SIZE + 512];
    json_t *trial;
    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
        snprintf(suffix, sizeof suffix, ".attempt%d", attempt);
        switch (
            read_file(directory, run, row, suffix, &trial, why, sizeof why)) {
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
    json_array_foreach (json_object_get(run, "plan"), i, row) {
        const char *id = json_string_of(row, "trial_id");

        switch (stored_trial(directory, run, row, &trial, why, sizeof why)) {
        case STORED_WHOLE:
            json_array_append_new(trials, trial);
            break;
        case STORED_DAMAGED:
            problems.damaged_trials++;
            tell(why, context);
            break;
        case STORED_NONE:
            if (problems.missing++ == 0)
                snprintf(problems.first_missing, sizeof problems.first_missing,
                         "%s", id ? id : "");
        }
        if (id)
            problems.damaged_attempts +=
                damaged_attempts(directory, run, row, tell, context);
    }
    return problems;
}
