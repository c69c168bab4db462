/* SPDX-License-Identifier: MIT
 *
 * Lists models/ beside this program, asks each file with --describe, and adds
 * the models that the source tree has but the build has not. Everything is
 * allocated once and kept until the program ends.
 */
#include "models.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/capture.h"
#include "harness/base/json.h"
#include "harness/base/tree.h"
#include "settings.h"

/* An interpreter on a busy machine may take seconds to start. */
static const int64_t DESCRIBE_LIMIT_NS = 10000000000;

static struct model_info list[MODELS_MAX + 1];
static int count;

/* Copies a text for the life of the program. */
static const char *keep(const char *text)
{
    char *copy = strdup(text);

    /* cppcheck-suppress memleak; kept on purpose */
    return copy ? copy : "";
}

static void __attribute__((format(printf, 2, 3)))
refuse(struct model_info *model, const char *format, ...)
{
    char reason[512];
    va_list values;

    va_start(values, format);
    vsnprintf(reason, sizeof reason, format, values);
    va_end(values);
    model->available = false;
    model->reason = keep(reason);
}

static const char *joined(const json_t *array)
{
    char text[256] = "";
    size_t index, used = 0;
    json_t *item;

    json_array_foreach (array, index, item)
        if (json_is_string(item) && used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
                                     used ? ", " : "", json_string_value(item));
    return keep(text);
}

static const char *const *names_of(const json_t *array)
{
    const char **names;
    size_t index, used = 0;
    json_t *item;

    if (!json_is_array(array))
        return NULL;
    names = calloc(json_array_size(array) + 1, sizeof *names);
    if (!names)
        return NULL;
    json_array_foreach (array, index, item)
        if (json_is_string(item))
            names[used++] = keep(json_string_value(item));
    return names;
}

static enum discipline discipline_of(const json_t *described)
{
    enum discipline found =
        discipline_find(json_text_of(described, "discipline"));
    return found == DISCIPLINES ? DISCIPLINE_UNKNOWN : found;
}

static void fill(struct model_info *model, const json_t *described)
{
    const json_t *workers = json_object_get(described, "workers_default");
    const json_t *parameters = json_object_get(described, "parameters");
    const json_t *runtime = json_object_get(described, "runtime");
    char *dump =
        json_is_array(parameters) ? json_dumps(parameters, JSON_COMPACT) : NULL;

    model->summary = keep(json_text_of(described, "summary"));
    model->task = keep(json_text_of(described, "task"));
    model->discipline = discipline_of(described);
    model->flags = joined(json_object_get(described, "flags"));
    model->parameters = dump ? dump : "[]";
    model->settings = settings_table(parameters);
    if (json_is_object(runtime))
        model->runtime = json_dumps(runtime, JSON_COMPACT);
    model->yardstick = json_true_of(described, "yardstick");
    model->has_workers = json_is_integer(workers);
    model->workers_default = json_integer_value(workers) > 0 &&
                                     json_integer_value(workers) <= INT_MAX
                                 ? (int)json_integer_value(workers)
                                 : 0;
    model->only = names_of(json_object_get(described, "only"));
    model->available = true;
}

void models_take_description(struct model_info *model, const char *text)
{
    json_error_t error;
    json_t *described = json_loads(text, 0, &error);
    const char *name = json_text_of(described, "model");

    if (!json_is_object(described))
        refuse(model, "%s --describe did not print a JSON object (%s)",
               model->path, error.text);
    else if (strcmp(name, model->name) != 0)
        refuse(model,
               "%s --describe says that it is \"%s\"; a model is named after "
               "its file",
               model->path, name);
    else
        fill(model, described);
    json_decref(described);
}

static void ask(struct model_info *model)
{
    const char *argv[] = {model->path, "--describe", NULL};
    char text[16384];
    int status = capture(argv, DESCRIBE_LIMIT_NS, text, sizeof text);

    model->unasked = false;
    if (status != 0) {
        refuse(model, "%s --describe %s%s; run it by hand to see why",
               model->path, status > 0 ? "exited with an error" : "failed: ",
               status > 0 ? "" : strerror(-status));
        return;
    }
    models_take_description(model, text);
}

static bool is_listed(const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(list[i].name, name))
            return true;
    return false;
}

static struct model_info *add(const char *name, const char *path)
{
    struct model_info *model = &list[count];

    if (count == MODELS_MAX || is_listed(name))
        return NULL;
    *model = (struct model_info){.name = keep(name),
                                 .path = keep(path),
                                 .summary = "",
                                 .task = "",
                                 .flags = "",
                                 .parameters = "[]"};
    count++;
    return model;
}

static bool is_script(const char *path)
{
    char mark[2] = "";
    FILE *file = fopen(path, "re");
    bool script =
        file && fread(mark, 1, 2, file) == 2 && !memcmp(mark, "#!", 2);

    if (file)
        fclose(file);
    return script;
}

static void add_built(void)
{
    char directory[PATH_MAX], path[2 * PATH_MAX];
    struct stat status;
    char **names;

    if (tree_beside("models", directory, sizeof directory) < 0)
        return;
    names = tree_names(directory, "");
    for (int i = 0; names && names[i]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        /* The folder also has dependency files and directories. */
        if (strchr(names[i], '.') || access(path, X_OK) < 0 ||
            stat(path, &status) < 0 || !S_ISREG(status.st_mode))
            continue;
        struct model_info *model = add(names[i], path);
        if (!model)
            continue;
        model->foreign = model->unasked = model->available = is_script(path);
        if (!model->foreign)
            ask(model);
    }
    tree_names_free(names);
}

static void add_not_built(void)
{
    static const char *const endings[] = {".c", ".py", ".js"};
    char directory[PATH_MAX];

    if (tree_source("models", directory, sizeof directory) < 0)
        return;
    for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++) {
        char **names = tree_names(directory, endings[e]);
        for (int i = 0; names && names[i]; i++) {
            struct model_info *model = add(names[i], "");
            if (!model)
                continue;
            model->foreign = e > 0;
            refuse(model,
                   "not built: %s that it needs is missing, or `make` was not "
                   "run since models/%s%s came (make %s; make)",
                   e > 0 ? "the interpreter" : "a package", names[i],
                   endings[e], e > 0 ? "deps-claims" : "deps");
        }
        tree_names_free(names);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct model_info *)a)->name,
                  ((const struct model_info *)b)->name);
}

const struct model_info *models_all(void)
{
    static bool asked;

    if (!asked) {
        asked = true;
        add_built();
        add_not_built();
        qsort(list, (size_t)count, sizeof list[0], by_name);
    }
    return list;
}

/* Asks a foreign model once, keeps the answer in the list, and copies it to
 * `model`, which may be in a copy of the list that will be freed. */
static void ask_late(struct model_info *model)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(list[i].name, model->name)) {
            if (list[i].unasked)
                ask(&list[i]);
            *model = list[i];
        }
}

const struct model_info *models_find(const struct model_info *models,
                                     const char *name)
{
    for (; models->name; models++)
        if (!strcmp(models->name, name)) {
            if (models->unasked)
                ask_late((struct model_info *)models);
            return models;
        }
    return NULL;
}

bool models_has_flag(const struct model_info *model, const char *flag)
{
    return strstr(model->flags, flag);
}

bool models_has_workload(const struct model_info *model, const char *workload)
{
    if (!model->only)
        return true;
    for (int i = 0; model->only[i]; i++)
        if (!strcmp(model->only[i], workload))
            return true;
    return false;
}

json_t *models_runtime(const struct model_info *model)
{
    json_t *runtime =
        model->runtime ? json_loads(model->runtime, 0, NULL) : NULL;

    return runtime ? runtime : json_null();
}

void models_names(const struct model_info *models, const char **names)
{
    int i;

    for (i = 0; i < MODELS_MAX && models[i].name; i++)
        names[i] = models[i].name;
    names[i] = NULL;
}
