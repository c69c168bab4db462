/* SPDX-License-Identifier: MIT
 *
 * Only the targets that are named are read in full: whether one can run here is
 * asked of an interpreter, which takes a moment.
 */
#include "shipped_targets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/tree.h"
#include "harness/server/models.h"
#include "target_section.h"
#include "value.h"

static const char FOLDER[] = "models/servers";

static bool is_in_list(const char *list, const char *name)
{
    char item[64], why[256];

    while (value_next(&list, item, sizeof item, why, sizeof why) > 0)
        if (!strcmp(item, name))
            return true;
    return false;
}

/* Whether a list of models, or the baseline, has the name; without a file all
 * names are asked for. */
static bool is_named(const struct ini_file *ini, const char *name)
{
    if (!ini)
        return true;
    for (int i = 0; i < ini->entry_count; i++)
        if ((!strcmp(ini->entries[i].key, "models") ||
             !strcmp(ini->entries[i].key, "baseline")) &&
            is_in_list(ini->entries[i].value, name))
            return true;
    return false;
}

/* Adds those of one file that are named and not there yet. */
static int add_file(const struct reader *reader, const char *folder,
                    const char *file)
{
    char path[PATH_MAX];
    struct reader shipped = *reader;
    struct ini_file ini;

    if ((size_t)snprintf(path, sizeof path, "%s/%s.ini", folder, file) >=
        sizeof path) {
        snprintf(reader->why, reader->why_size, "the path is too long: %s",
                 folder);
        return -ENAMETOOLONG;
    }
    int result = ini_read(path, &ini, reader->why, reader->why_size);
    shipped.path = path;
    shipped.ini = &ini;
    for (int i = 0; i < ini.section_count && result == 0; i++) {
        const char *name = target_section_name(&ini.sections[i]);

        if (name && is_named(reader->ini, name) &&
            !models_find(reader->models, name))
            result = target_section_read(&shipped, i, folder);
    }
    ini_free(&ini);
    return result;
}

int shipped_targets_add(const struct reader *reader)
{
    char folder[PATH_MAX], **files = NULL;
    int result = 0;

    if (tree_source(FOLDER, folder, sizeof folder) == 0)
        files = tree_names(folder, ".ini");
    for (int i = 0; files && files[i] && result == 0; i++)
        result = add_file(reader, folder, files[i]);
    tree_names_free(files);
    return result;
}

int shipped_targets_read(const struct model_info *models,
                         struct experiment **experiment, char *why,
                         size_t why_size)
{
    struct reader reader = {.why = why, .why_size = why_size};

    *experiment = calloc(1, sizeof **experiment);
    if (!*experiment) {
        snprintf(why, why_size, "out of memory");
        return -ENOMEM;
    }
    for (int i = 0; i < MODELS_MAX && models[i].name; i++)
        (*experiment)->models[i] = models[i];
    reader.experiment = *experiment;
    reader.models = (*experiment)->models;
    int result = shipped_targets_add(&reader);
    if (result < 0) {
        free(*experiment);
        *experiment = NULL;
    }
    return result;
}
