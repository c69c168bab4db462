/* SPDX-License-Identifier: MIT */
#include "complete.h"

#include <stdio.h>
#include <string.h>

#include "harness/base/tree.h"
#include "harness/server/models.h"
#include "models/runtime/workload.h"

/* A value as far as it is typed: of a list A,B all before the last comma stays.
 */
struct typed {
    const char *head;
    int head_size;
    const char *rest;
};

/* Prints a word if it begins with what is typed. */
static void put(const struct typed *typed, const char *word, size_t size)
{
    size_t begun = strlen(typed->rest);

    if (begun <= size && !strncmp(word, typed->rest, begun))
        printf("%.*s%.*s\n", typed->head_size, typed->head, (int)size, word);
}

static void put_models(const struct typed *typed)
{
    for (const struct model_info *m = models_all(); m->name; m++)
        put(typed, m->name, strlen(m->name));
}

static void put_workloads(const struct typed *typed)
{
    for (const struct workload_entry *entry = workloads; entry->name; entry++)
        put(typed, entry->name, strlen(entry->name));
}

static void put_experiments(const struct typed *typed)
{
    char path[4096], **names = NULL;

    if (tree_source("harness/experiments", path, sizeof path) == 0)
        names = tree_names(path, ".ini");
    for (int i = 0; names && names[i]; i++)
        put(typed, names[i], strlen(names[i]));
    tree_names_free(names);
}

/* Prints the words that separators part. burst:K is completed as far as it is
 * fixed. */
static void put_words(const struct typed *typed, const char *words)
{
    while (*words) {
        size_t end = strcspn(words, "|"), size = strcspn(words, "|:");

        put(typed, words, size < end ? size + 1 : end);
        words += end + (words[end] == '|');
    }
}

/* What stands for a value in --help, and where its words are from. A value with
 * several alternatives, text|json, needs no row. */
static const struct source {
    const char *value, *flag; /* flag: only of this one; or NULL */
    const char *words;        /* a|b, or ":files", ":directories"; or NULL */
    void (*put)(const struct typed *typed);
} sources[] = {
    {"FILE", NULL, ":files", NULL},
    {"FILE.ini", NULL, ":files", NULL},
    {"DIR", NULL, ":directories", NULL},
    {"DIRECTORY", NULL, ":directories", NULL},
    {"FOLDER", NULL, ":directories", NULL},
    {"RUN", NULL, ":directories", NULL},
    {"MODEL", NULL, NULL, put_models},
    {"A,B", "models", NULL, put_models},
    {"NAME", "server", NULL, put_models},
    {"NAME", "workload", NULL, put_workloads},
    {"NAME", "experiment", NULL, put_experiments},
    {"METHOD", NULL, "GET|HEAD|POST|PUT|PATCH|DELETE", NULL},
    {"CHECK", NULL, "body|status|ignore|~", NULL},
};

static const struct source *source_of(const struct flag *row)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (!strcmp(sources[i].value, row->value) &&
            (!sources[i].flag || !strcmp(sources[i].flag, row->name)))
            return &sources[i];
    return NULL;
}

int complete_value(const struct flag *row, const char *begun)
{
    struct typed typed = {begun, 0, begun};

    if (!row || !row->value)
        return 1;
    const struct source *source = source_of(row);
    const char *comma = strchr(row->value, ',') ? strrchr(begun, ',') : NULL;
    if (comma) {
        typed.head_size = (int)(comma + 1 - begun);
        typed.rest = comma + 1;
    }
    if (source && source->put)
        source->put(&typed);
    else if (source && source->words[0] == ':')
        puts(source->words);
    else if (source || strchr(row->value, '|'))
        put_words(&typed, source ? source->words : row->value);
    return 0;
}
