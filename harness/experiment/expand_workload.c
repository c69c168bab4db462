/* SPDX-License-Identifier: MIT
 *
 * Entries that only a workload can judge.
 */
#include "expand_workload.h"

#include <ctype.h>
#include <string.h>

#include "harness/base/names.h"

/* The package for want of which the workload was not built, or NULL. */
static const char *lacks(const char *name)
{
    for (int i = 0; workloads_missing[i].name != NULL; i++)
        if (!strcmp(workloads_missing[i].name, name))
            return workloads_missing[i].package;
    return NULL;
}

bool expand_workload_leaves_out(const struct reader *reader,
                                const struct cell *cell, int section)
{
    const char *name = cell->fixed[CELL_WORKLOAD].text;

    for (int i = 0; i < reader->ini->entry_count; i++)
        if (reader->ini->entries[i].section == section &&
            !strcmp(reader->ini->entries[i].key, cell_keys[CELL_WORKLOAD].name))
            name = reader->ini->entries[i].value;
    if (name == NULL || lacks(name) == NULL)
        return false;
    reader_leave_out(reader,
                     "the cell %s is left out: its workload %s was not built, "
                     "package %s is missing (make deps-claims)",
                     cell->name, name, lacks(name));
    return true;
}

const struct workload_entry *expand_workload_find(const struct reader *reader,
                                                  const struct cell_text *name)
{
    const struct workload_entry *entry = workloads;
    const char *names[256];
    char hint[512];
    int count = 0;

    for (; entry->name != NULL; entry++) {
        if (!strcmp(entry->name, name->text))
            return entry;
        if (count < 255)
            names[count++] = entry->name;
    }
    names[count] = NULL;
    if (lacks(name->text) != NULL)
        reader_fail(reader, name->line,
                    "the workload %s was not built: package %s is missing "
                    "(make deps-claims)",
                    name->text, lacks(name->text));
    else
        reader_fail(reader, name->line, "no workload is named \"%s\"%s",
                    name->text,
                    names_suggest(name->text, names, hint, sizeof(hint)));
    return NULL;
}

/* Drops the blanks in a parameter's value: a query has none. */
static void squeeze(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++)
        if (!isblank((unsigned char)*text))
            *to++ = *text;
    *to = '\0';
}

int expand_workload_pick(const struct reader *reader, const struct cell *cell,
                         const struct workload_entry *workload,
                         const char *prefix, struct cell_text *given)
{
    const struct parameter *table = workload->workload->parameters;
    const char *names[PARAMETERS_MAX + 1];
    char hint[512];
    int rows = parameters_count(table);

    for (int i = 0; i < rows; i++)
        names[i] = table[i].name;
    names[rows] = NULL;
    for (int i = 0; i < cell->loose_count; i++) {
        const struct ini_entry *entry = &reader->ini->entries[cell->loose[i]];
        bool beside = !strncmp(entry->key, "beside.", 7);
        const char *name = entry->key + (beside ? 7 : 0);
        if (beside != (prefix[0] != '\0'))
            continue;
        int row = parameters_find(table, name);
        if (row < 0 && entry->line > cell->line)
            return reader_fail(reader, entry->line,
                               "the workload %s has no parameter \"%s\"%s",
                               workload->name, name,
                               names_suggest(name, names, hint, sizeof(hint)));
        if (row < 0)
            continue;
        squeeze(entry->value);
        given[row] = (struct cell_text){entry->value, entry->line};
    }
    return 0;
}

int64_t expand_workload_wait_ns(const struct workload_entry *entry,
                                const struct arguments *arguments)
{
    const struct workload *workload = entry->workload;

    return workload->wait_ns != NULL ? workload->wait_ns(arguments) : 0;
}
