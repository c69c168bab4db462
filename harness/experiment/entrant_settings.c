/* SPDX-License-Identifier: MIT
 *
 * A cell has kept the lines that name a flag of some model; here they meet the
 * models. Values are judged by the table that the model itself described.
 */
#include "entrant_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/names.h"

/* The flag that the key begins with, of this model: its row, or -1. */
static int row_of(const struct model_info *model, const char *key)
{
    char name[64];

    snprintf(name, sizeof(name), "%.*s", (int)strcspn(key, "."), key);
    return parameters_find(model->settings, name);
}

bool entrant_settings_known(const struct reader *reader, const char *key)
{
    for (const struct model_info *m = reader->models; m->name != NULL; m++)
        if (row_of(m, key) >= 0)
            return true;
    return false;
}

int entrant_settings_names(const struct reader *reader, const char **names,
                           int count, int most)
{
    for (const struct model_info *m = reader->models; m->name != NULL; m++)
        for (const struct parameter *p = m->settings;
             p != NULL && p->name != NULL && count < most; p++)
            names[count++] = p->name;
    return count;
}

/* The entry that decides the row: the last that names the model, else the last
 * that names none; or NULL. The cell's own stand behind the defaults. */
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
            (dot != NULL && strcmp(dot + 1, model->name) != 0) ||
            (dot == NULL && found_named))
            continue;
        found = entry;
        found_named = dot != NULL;
    }
    return found;
}

int entrant_settings_choose(const struct reader *reader,
                            const struct cell *cell,
                            const struct model_info *model,
                            char choice[SETTINGS_TEXT_MAX])
{
    const struct parameter *table = model->settings;
    size_t used = 0;
    char why[256];

    choice[0] = '\0';
    for (int row = 0; row < parameters_count(table); row++) {
        const char *given[PARAMETERS_MAX] = {NULL};
        const struct ini_entry *entry = deciding(reader, cell, model, row);
        struct arguments arguments;

        if (entry == NULL)
            continue;
        given[row] = entry->value;
        if (parameters_parse(table, given, &arguments, why, sizeof(why)) < 0)
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
    for (int i = 0; point->models[i] != NULL; i++)
        if (row_of(models_find(reader->models, point->models[i]), key) >= 0)
            return true;
    return false;
}

static int check_named(const struct reader *reader,
                       const struct ini_entry *entry, const char *name)
{
    const struct model_info *model = models_find(reader->models, name);
    const char *names[MODELS_MAX + 1];
    char hint[512];

    models_names(reader->models, names);
    if (model == NULL)
        return reader_fail(reader, entry->line, "no model is named \"%s\"%s",
                           name,
                           names_suggest(name, names, hint, sizeof(hint)));
    if (model->available && row_of(model, entry->key) < 0)
        return reader_fail(reader, entry->line, "the model %s has no \"%.*s\"",
                           name, (int)strcspn(entry->key, "."), entry->key);
    return 0;
}

int entrant_settings_check(const struct reader *reader, const struct cell *cell,
                           const struct load_point *point)
{
    int result = 0;

    for (int i = 0; i < cell->setting_count && result == 0; i++) {
        const struct ini_entry *entry =
            &reader->ini->entries[cell->settings[i]];
        const char *dot = strchr(entry->key, '.');

        if (dot != NULL)
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
