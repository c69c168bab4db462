/* SPDX-License-Identifier: MIT
 *
 * `models = all` is every contender in C that has the workload. In a list, a
 * name that does not exist is an error. The cell has kept the lines with flags
 * of models; here they are matched with its models. The table that a model gave
 * with --describe decides whether a value is good.
 */
#include "entrants.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/names.h"
#include "value.h"

/* The row of this model's flag that the key begins with, or -1. */
static int row_of(const struct model_info *model, const char *key)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(key, "."), key);
    return parameters_find(model->settings, name);
}

bool entrants_have_setting(const struct reader *reader, const char *key)
{
    for (const struct model_info *m = reader->models; m->name; m++)
        if (row_of(m, key) >= 0)
            return true;
    return false;
}

int entrants_setting_names(const struct reader *reader, const char **names,
                           int count, int most)
{
    for (const struct model_info *m = reader->models; m->name; m++)
        for (const struct parameter *p = m->settings;
             p && p->name && count < most; p++)
            names[count++] = p->name;
    return count;
}

/* The entry that sets the flag: the last one that names the model, else the
 * last one that names none; or NULL. The defaults come before the entries of
 * the cell. */
static const struct ini_entry *deciding(const struct reader *reader,
                                        const struct cell *cell,
                                        const struct model_info *model, int row)
{
    const struct ini_entry *found = NULL;
    bool found_named = false;

    for (int i = 0; i < cell->setting_count; i++) {
        const struct ini_entry *entry =
            &reader->ini->entries[cell->settings[i]];
        const char *dot = strchr(entry->key, '.');

        if (row_of(model, entry->key) != row ||
            (dot && strcmp(dot + 1, model->name) != 0) || (!dot && found_named))
            continue;
        found = entry;
        found_named = dot != NULL;
    }
    return found;
}

/* Collects the flags that the cell sets for this model into a choice
 * (settings.h). Returns 0 or -EINVAL. */
static int choose_settings(const struct reader *reader, const struct cell *cell,
                           const struct model_info *model,
                           char choice[SETTINGS_TEXT_MAX])
{
    const struct parameter *table = model->settings;
    size_t used = 0;

    choice[0] = '\0';
    char why[256];
    for (int row = 0; row < parameters_count(table); row++) {
        const char *given[PARAMETERS_MAX] = {NULL};
        const struct ini_entry *entry = deciding(reader, cell, model, row);
        struct arguments arguments;

        if (!entry)
            continue;
        given[row] = entry->value;
        if (parameters_parse(table, given, &arguments, why, sizeof why) < 0)
            return reader_fail(reader, entry->line, "of the model %s, %s",
                               model->name, why);
        used += (size_t)snprintf(choice + used, SETTINGS_TEXT_MAX - used,
                                 "%s%s=%s", used > 0 ? "&" : "",
                                 table[row].name, entry->value);
        if (used >= SETTINGS_TEXT_MAX)
            return reader_fail(reader, entry->line,
                               "too many flags for the model %s", model->name);
    }
    return 0;
}

/* Whether one of the load point's models has the flag. */
static bool is_of_use(const struct reader *reader,
                      const struct load_point *point, const char *key)
{
    for (int i = 0; point->models[i]; i++)
        if (row_of(models_find(reader->models, point->models[i]), key) >= 0)
            return true;
    return false;
}

static int check_named(const struct reader *reader,
                       const struct ini_entry *entry, const char *name)
{
    const struct model_info *model = reader_model(reader, entry->line, name);

    if (!model)
        return -EINVAL;
    if (model->available && row_of(model, entry->key) < 0)
        return reader_fail(reader, entry->line, "the model %s has no \"%.*s\"",
                           name, (int)strcspn(entry->key, "."), entry->key);
    return 0;
}

/* Refuses flags that no model of the finished load point has, and names of
 * models that do not exist or lack the flag. Returns 0 or -EINVAL. */
static int check_settings(const struct reader *reader, const struct cell *cell,
                          const struct load_point *point)
{
    int result = 0;

    for (int i = 0; i < cell->setting_count && result == 0; i++) {
        const struct ini_entry *entry =
            &reader->ini->entries[cell->settings[i]];
        const char *dot = strchr(entry->key, '.');

        if (dot)
            result = check_named(reader, entry, dot + 1);
        else if (entry->line > cell->line &&
                 !is_of_use(reader, point, entry->key))
            result = reader_fail(reader, entry->line,
                                 "\"%s\" has no meaning here: none of the "
                                 "cell's models has it",
                                 entry->key);
    }
    return result;
}

struct choice {
    const struct reader *reader;
    const struct cell *cell;
    struct load_point *point;
    int count;
};

static int add(struct choice *choice, const struct model_info *model)
{
    const struct cell_text *own =
        &choice->cell->workers_of[model - choice->reader->models];
    int workers = choice->point->workers;
    char why[256];
    if (own->text && value_count(own->text, 1, CELL_WORKERS_MAX, &workers, why,
                                 sizeof why) < 0)
        return reader_fail(choice->reader, own->line, "\"workers.%s\" %s",
                           model->name, why);
    choice->point->model_workers[choice->count] =
        model->has_workers ? workers : 0;
    choice->point->models[choice->count] = model->name;
    return choose_settings(choice->reader, choice->cell, model,
                           choice->point->model_settings[choice->count++]);
}

static int add_all(struct choice *choice)
{
    const struct model_info *model = choice->reader->models;
    int result = 0;

    for (; model->name && result == 0; model++) {
        if (model->foreign)
            continue;
        if (!model->available)
            reader_leave_out(choice->reader, "%s is left out: %s", model->name,
                             model->reason);
        else if (!model->yardstick &&
                 models_has_workload(model, choice->point->workload->name) &&
                 choice->count < EXPERIMENT_MODELS_MAX - 1)
            result = add(choice, model);
    }
    return result;
}

static int add_named(struct choice *choice, const char *name, int line)
{
    const struct reader *reader = choice->reader;
    const struct model_info *model = reader_model(reader, line, name);
    const char *workload = choice->point->workload->name;

    if (!model)
        return -EINVAL;
    for (int i = 0; i < choice->count; i++)
        if (!strcmp(choice->point->models[i], name))
            return reader_fail(reader, line, "the model %s is listed twice",
                               name);
    if (choice->count == EXPERIMENT_MODELS_MAX - 1)
        return reader_fail(reader, line, "more than %d models",
                           EXPERIMENT_MODELS_MAX - 1);
    if (!model->available) {
        reader_leave_out(reader, "%s is left out: %s", name, model->reason);
        return 0;
    }
    if (!models_has_workload(model, workload)) {
        reader_leave_out(reader, "%s is left out of %s: it has no %s", name,
                         choice->cell->name, workload);
        return 0;
    }
    return add(choice, model);
}

static int add_list(struct choice *choice, const struct cell_text *list)
{
    const char *rest = list->text;
    char name[64], why[256];
    int more;
    while ((more = value_next(&rest, name, sizeof name, why, sizeof why)) > 0) {
        int result = add_named(choice, name, list->line);
        if (result < 0)
            return result;
    }
    if (more < 0)
        return reader_fail(choice->reader, list->line, "\"models\" %s", why);
    return 0;
}

int entrants_choose(const struct reader *reader, const struct cell *cell,
                    struct load_point *point)
{
    struct choice choice = {reader, cell, point, 0};
    const struct cell_text *list = &cell->fixed[CELL_MODELS];
    const struct cell_text *workers = &cell->fixed[CELL_WORKERS];
    bool some_have_workers = false;
    int result;
    if (!list->text || !strcmp(list->text, "all"))
        result = add_all(&choice);
    else
        result = add_list(&choice, list);
    if (result < 0)
        return result;
    point->models[choice.count] = NULL;
    if (choice.count == 0)
        return reader_fail(reader, list->text ? list->line : cell->line,
                           "[cell %s] has no model that can run here%s%s",
                           cell->name,
                           reader->experiment->left_out[0] ? ": " : "",
                           reader->experiment->left_out);
    for (int i = 0; i < choice.count; i++)
        some_have_workers |=
            models_find(reader->models, point->models[i])->has_workers;
    if (workers->text && workers->line > cell->line && !some_have_workers)
        return reader_fail(reader, workers->line,
                           "\"workers\" has no meaning here: none of the "
                           "cell's models has workers to set");
    return check_settings(reader, cell, point);
}

void entrants_add_copies(struct experiment *experiment)
{
    snprintf(experiment->copy, sizeof experiment->copy, "%.62s%c",
             experiment->baseline, ENTRANTS_COPY_MARK);
    for (int i = 0; i < experiment->load_point_count; i++) {
        struct load_point *point = &experiment->load_points[i];
        int n = 0, baseline = -1;

        for (; point->models[n]; n++)
            if (!strcmp(point->models[n], experiment->baseline))
                baseline = n;
        if (baseline < 0 || n >= EXPERIMENT_MODELS_MAX - 1)
            continue;
        point->models[n] = experiment->copy;
        point->model_workers[n] = point->model_workers[baseline];
        memcpy(point->model_settings[n], point->model_settings[baseline],
               SETTINGS_TEXT_MAX);
        point->models[n + 1] = NULL;
    }
}

bool entrants_is_copy(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && name[length - 1] == ENTRANTS_COPY_MARK;
}

const struct model_info *entrants_model(const struct model_info *models,
                                        const char *name)
{
    char model[64];
    snprintf(model, sizeof model, "%.*s",
             (int)(strlen(name) - entrants_is_copy(name)), name);
    return models_find(models, model);
}
