/* SPDX-License-Identifier: MIT */
#include "selection.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/names.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/ini.h"
#include "harness/experiment/value.h"

static const char EXPERIMENT[] = "calibrate";

/* What suits programs in C does not suit what may be a hundred times slower, or
 * compiles itself while it runs. */
static const struct {
    const char *key, *instead_of, *value; /* instead_of: NULL for any */
} for_others[] = {
    /* Of what the model reaches, by a measurement before the run. */
    {"rate", "16000/s", "0.3x"},
    {"rate", NULL, "0.1x"},
    /* Else the last requests outlast the pause between two slices. Two amounts,
     * since work is what one costs more than the other. */
    {"steps", "65k", "20k"},
    {"steps", "200k", "60k"},
    {"warmup", NULL, "1s"}, /* of churn */
};

struct writing {
    const struct selection *selection;
    const struct ini_file *ini, *targets; /* targets: NULL without */
    FILE *file;
    bool others; /* some are not ours in C */
};

static bool is_target_section(const char *name)
{
    return !strncmp(name, "target ", 7);
}

static const char *value_of(const struct ini_file *ini, int section,
                            const char *key)
{
    for (int i = 0; i < ini->entry_count; i++)
        if (ini->entries[i].section == section &&
            !strcmp(ini->entries[i].key, key))
            return ini->entries[i].value;
    return NULL;
}

static int section_named(const struct ini_file *ini, const char *name)
{
    int i = 0;

    while (i < ini->section_count && strcmp(ini->sections[i].name, name) != 0)
        i++;
    return i;
}

static bool has_word(const char *list, const char *word)
{
    char item[64], why[256];

    while (value_next(&list, item, sizeof item, why, sizeof why) > 0)
        if (!strcmp(item, word))
            return true;
    return false;
}

/* The model of the file that is measured in the same cells. */
static const char *stand_in(const struct writing *writing,
                            const struct model_info *model)
{
    int section = section_named(writing->ini, "experiment");

    if (has_word(value_of(writing->ini, section, "models"), model->name))
        return model->name;
    switch (model->discipline) {
    case DISCIPLINE_ALONE:
        return "serial";
    case DISCIPLINE_WORKER:
        return "thread-pool";
    case DISCIPLINE_PROCESS:
        return "process-per-request";
    case DISCIPLINE_LOOP:
        return model->has_workers ? "process-loops" : "event-loop";
    default:
        return "thread-per-connection";
    }
}

static bool takes_part(const struct writing *writing, int cell,
                       const struct model_info *model)
{
    const struct ini_file *ini = writing->ini;
    const char *list = value_of(ini, cell, "models");

    if (!list)
        list = value_of(ini, section_named(ini, "experiment"), "models");
    return models_has_workload(model, value_of(ini, cell, "workload")) &&
           has_word(list, stand_in(writing, model));
}

/* A request that does nothing stands for a target's. */
static bool targets_take_part(const struct writing *writing, int cell)
{
    const char *list = value_of(writing->ini, cell, "models");

    return !strcmp(value_of(writing->ini, cell, "workload"), "hello") &&
           !value_of(writing->ini, cell, "size") &&
           (!list || has_word(list, "event-loop"));
}

static void print_entry(FILE *file, const struct ini_entry *entry)
{
    fprintf(file, "%s = ", entry->key);
    for (const char *c = entry->value; *c != '\0'; c++)
        fputs(*c == '\n' ? "\n    " : (char[]){*c, '\0'}, file);
    fputc('\n', file);
}

/* Whether a target takes part in a cell, or in any: cell < 0. Its name, or
 * NULL. */
static const char *target_in(const struct writing *writing, int section,
                             int cell)
{
    const char *name = writing->targets->sections[section].name;

    if (!is_target_section(name) ||
        (cell >= 0 && !targets_take_part(writing, cell)))
        return NULL;
    name += strlen("target");
    return name + strspn(name, " \t");
}

/* The names of those who take part in a cell, or in any: cell < 0. Returns how
 * many. */
static int list_models(const struct writing *writing, int cell,
                       const char *names[EXPERIMENT_MODELS_MAX])
{
    const struct selection *selection = writing->selection;
    int count = 0;

    for (int i = 0; i < selection->count; i++)
        if (cell < 0 ||
            takes_part(writing, cell,
                       models_find(models_all(), selection->models[i])))
            names[count++] = selection->models[i];
    for (int i = 0; writing->targets && i < writing->targets->section_count &&
                    count < EXPERIMENT_MODELS_MAX;
         i++) {
        const char *name = target_in(writing, i, cell);
        if (name)
            names[count++] = name;
    }
    return count;
}

static void print_models(FILE *file, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        fprintf(file, "%s%s", i ? ", " : "models = ", names[i]);
    fputc('\n', file);
}

/* Whether one of the named has workers to set. */
static bool have_workers(const char *const *names, int count)
{
    bool workers = false;

    for (int i = 0; i < count; i++) {
        const struct model_info *model = models_find(models_all(), names[i]);
        workers |= model && model->has_workers;
    }
    return workers;
}

/* The value for servers that are not ours in C, or NULL. */
static const char *for_others_of(const struct writing *writing, const char *key,
                                 const char *value)
{
    for (size_t i = 0; i < sizeof for_others / sizeof for_others[0]; i++)
        if (writing->others && !strcmp(for_others[i].key, key) &&
            (!for_others[i].instead_of ||
             !strcmp(for_others[i].instead_of, value)))
            return for_others[i].value;
    return NULL;
}

/* A number of workers that is given for the one model of a cell is so for the
 * models that are measured in its place. */
static void print_workers(const struct writing *writing, const char *value,
                          const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (have_workers(&names[i], 1))
            fprintf(writing->file, "workers.%s = %s\n", names[i], value);
}

/* A cell of the file, for the named alone. */
static void print_section(const struct writing *writing, int cell,
                          const char *const *names, int count)
{
    const struct ini_file *ini = writing->ini;
    bool workers = have_workers(names, count);

    print_models(writing->file, names, count);
    for (int i = 0; i < ini->entry_count; i++) {
        const struct ini_entry *entry = &ini->entries[i];
        bool nothing = !strcmp(entry->value, "0");
        const char *other =
            nothing ? NULL : for_others_of(writing, entry->key, entry->value);
        if (entry->section != cell || !strcmp(entry->key, "models") ||
            (!strcmp(entry->key, "workers") && !workers))
            continue;
        if (other)
            fprintf(writing->file, "%s = %s\n", entry->key, other);
        else if (!strncmp(entry->key, "workers.", 8))
            print_workers(writing, entry->value, names, count);
        else
            print_entry(writing->file, entry);
        /* A connection for each request: all code is new to it for long. */
        if (writing->others && !strcmp(entry->value, "churn"))
            fprintf(writing->file, "warmup = %s\n",
                    for_others_of(writing, "warmup", ""));
    }
}

/* A rate that is a share of the quickest one's would drown one that is ten
 * times as slow: each has its own. */
static void print_cell(const struct writing *writing, int cell)
{
    const char *names[EXPERIMENT_MODELS_MAX];
    const char *title = writing->ini->sections[cell].name;
    int count = list_models(writing, cell, names);
    bool apart =
        writing->others && count > 1 && value_of(writing->ini, cell, "rate");

    if (count > 0 && !apart) {
        fprintf(writing->file, "\n[%s]\n", title);
        print_section(writing, cell, names, count);
    }
    for (int i = 0; apart && i < count; i++) {
        fprintf(writing->file, "\n[%s-%s]\n", title, names[i]);
        print_section(writing, cell, &names[i], 1);
    }
}

static bool has_others(const struct selection *selection)
{
    bool others = selection->target_file;

    for (int i = 0; i < selection->count; i++)
        others |= models_find(models_all(), selection->models[i])->foreign;
    return others;
}

/* Loops with workers are measured with one, as those of the file are. */
static void print_head(const struct writing *writing, int section)
{
    const struct selection *selection = writing->selection;
    const char *names[EXPERIMENT_MODELS_MAX];
    int count = list_models(writing, -1, names);

    fputs("[experiment]\n", writing->file);
    print_models(writing->file, names, count);
    for (int i = 0; i < writing->ini->entry_count; i++) {
        const struct ini_entry *entry = &writing->ini->entries[i];
        if (entry->section == section && strcmp(entry->key, "models") != 0 &&
            strcmp(entry->key, "baseline") != 0 &&
            strncmp(entry->key, "workers", 7) != 0)
            print_entry(writing->file, entry);
    }
    if (have_workers(names, count))
        fprintf(writing->file, "workers = %s\n",
                value_of(writing->ini, section, "workers"));
    for (int i = 0; i < selection->count; i++) {
        const struct model_info *model =
            models_find(models_all(), selection->models[i]);
        if (model->has_workers && model->discipline == DISCIPLINE_LOOP &&
            !models_has_flag(model, "offloads"))
            fprintf(writing->file, "workers.%s = 1\n", model->name);
    }
}

static int print_targets(const struct writing *writing)
{
    const struct ini_file *ini = writing->targets;
    int count = 0;

    for (int i = 0; ini && i < ini->section_count; i++) {
        if (!is_target_section(ini->sections[i].name))
            continue;
        count++;
        fprintf(writing->file, "\n[%s]\n", ini->sections[i].name);
        for (int e = 0; e < ini->entry_count; e++)
            if (ini->entries[e].section == i)
                print_entry(writing->file, &ini->entries[e]);
    }
    return count;
}

static int check_models(const struct selection *selection, char *why,
                        size_t why_size)
{
    const char *known[MODELS_MAX + 1];
    char hint[512];

    models_names(models_all(), known);
    for (int i = 0; i < selection->count; i++) {
        const char *name = selection->models[i];
        const struct model_info *model = models_find(models_all(), name);
        if (!model)
            snprintf(why, why_size, "--models: no model is named \"%s\"%s",
                     name, names_suggest(name, known, hint, sizeof hint));
        else if (!model->available)
            snprintf(why, why_size, "--models: %s is left out: %s", name,
                     model->reason);
        else
            continue;
        return -EINVAL;
    }
    return 0;
}

/* The folder of the targets' file, in which they find theirs. */
static int find_home(struct selection *selection, char *why, size_t why_size)
{
    char path[PATH_MAX];

    errno = 0;
    if (!realpath(selection->target_file, path) ||
        strlen(path) >= sizeof selection->home) {
        snprintf(why, why_size, "%s: %s", selection->target_file,
                 errno ? strerror(errno) : "the path is too long");
        return -EINVAL;
    }
    *strrchr(path, '/') = '\0';
    strcpy(selection->home, path[0] ? path : "/");
    return 0;
}

static int write_file(struct selection *selection, const struct ini_file *ini,
                      const struct ini_file *targets, char *why,
                      size_t why_size)
{
    struct writing writing = {selection, ini, targets, NULL,
                              has_others(selection)};

    strcpy(selection->folder, "/tmp/troika-calibrate-XXXXXX");
    if (!mkdtemp(selection->folder)) {
        snprintf(why, why_size, "no folder in /tmp: %s", strerror(errno));
        selection->folder[0] = '\0';
        return -EIO;
    }
    snprintf(selection->path, sizeof selection->path, "%s/%s.ini",
             selection->folder, EXPERIMENT);
    writing.file = fopen(selection->path, "we");
    if (!writing.file) {
        snprintf(why, why_size, "%s: %s", selection->path, strerror(errno));
        return -EIO;
    }
    print_head(&writing, section_named(ini, "experiment"));
    int count = print_targets(&writing);
    for (int i = 0; i < ini->section_count; i++)
        if (!strncmp(ini->sections[i].name, "cell ", 5))
            print_cell(&writing, i);
    bool failed = fclose(writing.file) != 0;
    if (failed || (targets && count == 0)) {
        snprintf(why, why_size, "%s: %s",
                 failed ? selection->path : selection->target_file,
                 failed ? "cannot be written"
                        : "there is no [target NAME] section "
                          "(docs/own-service.md)");
        return failed ? -EIO : -EINVAL;
    }
    return 0;
}

int selection_write(struct selection *selection, char *why, size_t why_size)
{
    struct ini_file ini = {0}, targets = {0};
    char path[1024];
    int status = check_models(selection, why, why_size);

    if (status == 0 && selection->target_file)
        status = find_home(selection, why, why_size);
    if (status == 0 && selection->target_file)
        status = ini_read(selection->target_file, &targets, why, why_size);
    if (status == 0)
        status = experiment_find(EXPERIMENT, path, sizeof path, why, why_size);
    if (status == 0)
        status = ini_read(path, &ini, why, why_size);
    if (status == 0)
        status =
            write_file(selection, &ini,
                       selection->target_file ? &targets : NULL, why, why_size);
    ini_free(&ini);
    ini_free(&targets);
    return status;
}

void selection_remove(struct selection *selection)
{
    if (selection->folder[0] == '\0')
        return;
    unlink(selection->path);
    rmdir(selection->folder);
    selection->folder[0] = '\0';
}
