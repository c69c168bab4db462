/* SPDX-License-Identifier: MIT
 *
 * Errors begin with the path and the line; then comes the sentence.
 */
#include "reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/names.h"
#include "models/runtime/workload.h"
#include "value.h"

int reader_fail(const struct reader *reader, int line, const char *format, ...)
{
    int used =
        snprintf(reader->why, reader->why_size, "%s:%d: ", reader->path, line);
    va_list values;
    if (used >= 0 && (size_t)used < reader->why_size) {
        va_start(values, format);
        vsnprintf(reader->why + used, reader->why_size - (size_t)used, format,
                  values);
        va_end(values);
    }
    return -EINVAL;
}

void reader_leave_out(const struct reader *reader, const char *format, ...)
{
    char *all = reader->experiment->left_out;
    size_t used = strlen(all), size = sizeof reader->experiment->left_out;
    va_list values;
    va_start(values, format);
    char sentence[400];
    vsnprintf(sentence, sizeof sentence - 1, format, values);
    va_end(values);
    strcat(sentence, "\n");
    if (!strstr(all, sentence) && used + strlen(sentence) < size)
        memcpy(all + used, sentence, strlen(sentence) + 1);
}

int reader_key(const struct key *keys, const char *name)
{
    for (int i = 0; keys[i].name; i++)
        if (!strcmp(keys[i].name, name))
            return i;
    return -1;
}

int reader_copy_text(const struct reader *reader, const struct ini_entry *entry,
                     char *text, size_t size)
{
    if (strlen(entry->value) >= size)
        return reader_fail(reader, entry->line,
                           "\"%s\" is longer than %zu bytes", entry->key,
                           size - 1);
    strcpy(text, entry->value);
    return 0;
}

int reader_judged(const struct reader *reader, const struct ini_entry *entry,
                  int result, const char *why)
{
    if (result == 0)
        return 0;
    return reader_fail(reader, entry->line, "\"%s\" %s", entry->key, why);
}

int reader_duplicate(const struct reader *reader, int index)
{
    const struct ini_entry *entries = reader->ini->entries;

    for (int i = 0; i < index; i++)
        if (entries[i].section == entries[index].section &&
            !strcmp(entries[i].key, entries[index].key))
            return reader_fail(reader, entries[index].line,
                               "\"%s\" was given on line %d already",
                               entries[i].key, entries[i].line);
    return 0;
}

int reader_unknown_key(const struct reader *reader,
                       const struct ini_entry *entry, const struct key *keys,
                       const struct key *more)
{
    int count = 0;
    const char *names[64];
    for (int i = 0; keys[i].name && count < 63; i++)
        names[count++] = keys[i].name;
    for (int i = 0; more && more[i].name && count < 63; i++)
        names[count++] = more[i].name;
    names[count] = NULL;
    char hint[512];
    return reader_fail(reader, entry->line, "unknown key \"%s\"%s", entry->key,
                       names_suggest(entry->key, names, hint, sizeof hint));
}

int reader_take(const struct reader *reader, const struct ini_entry *entry,
                const struct key *key, void *into)
{
    static const char *const answers[] = {"no", "yes", NULL};
    void *at = (char *)into + key->offset;
    const char *text = entry->value;
    int result = 0;
    char why[256];
    int answer;
    switch (key->kind) {
    case KEY_OWN:
        return key->take(reader, entry, key, into);
    case KEY_TEXT:
        return reader_copy_text(reader, entry, at, key->size);
    case KEY_TIME:
        result = value_quantity(UNIT_NS, text, key->min, key->max, at, why,
                                sizeof why);
        break;
    case KEY_BYTES:
        result = value_quantity(UNIT_BYTES, text, key->min, key->max, at, why,
                                sizeof why);
        break;
    case KEY_COUNT:
        result = value_count(text, (int)key->min, (int)key->max, at, why,
                             sizeof why);
        break;
    case KEY_SHARE:
        result = value_share(text, at, why, sizeof why);
        break;
    case KEY_YES:
        result = value_choice(text, answers, &answer, why, sizeof why);
        *(bool *)at = result == 0 && answer == 1;
        break;
    }
    return reader_judged(reader, entry, result, why);
}

int reader_section(const struct reader *reader, int section,
                   const struct key *keys, void *into)
{
    int result = 0;

    for (int i = 0; i < reader->ini->entry_count && result == 0; i++) {
        const struct ini_entry *entry = &reader->ini->entries[i];
        int key = reader_key(keys, entry->key);

        if (entry->section != section)
            continue;
        if (key < 0)
            return reader_unknown_key(reader, entry, keys, NULL);
        if ((result = reader_duplicate(reader, i)) == 0)
            result = reader_take(reader, entry, &keys[key], into);
    }
    return result;
}

const struct model_info *reader_model(const struct reader *reader, int line,
                                      const char *name)
{
    const struct model_info *model = models_find(reader->models, name);
    const char *names[MODELS_MAX + 1];
    char hint[512];
    if (!model) {
        models_names(reader->models, names);
        reader_fail(reader, line, "no model is named \"%s\"%s", name,
                    strchr(name, ' ')
                        ? "; write a comma between two names"
                        : names_suggest(name, names, hint, sizeof hint));
    }
    return model;
}

bool reader_lacks_workload(const struct reader *reader)
{
    for (int i = 0; i < reader->ini->entry_count; i++)
        if (!strcmp(reader->ini->entries[i].key, "workload") &&
            workload_lacks(reader->ini->entries[i].value))
            return true;
    return false;
}

bool reader_good_name(const char *name)
{
    return isalnum((unsigned char)name[0]) && strlen(name) < 40 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == strlen(name);
}
