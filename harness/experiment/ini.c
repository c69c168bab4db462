/* SPDX-License-Identifier: MIT
 *
 * Feeds libinih line by line through a reader of its own, which counts lines
 * and notes section headers as they pass.
 */
#include "ini.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/grow.h"

/* The size of the library's buffer for a line, and a limit on the size of a
 * file. */
enum { LINE_MAX_BYTES = 198, FILE_MAX_LINES = 10000 };

struct reading {
    const char *path;
    FILE *stream;
    struct ini_file *file;
    int line;
    bool indented; /* whether the current line is indented */
    int result;
    char *why;
    size_t why_size;
};

/* Keeps the first error. */
static void __attribute__((format(printf, 3, 4)))
fail(struct reading *reading, int result, const char *format, ...)
{
    if (reading->result < 0)
        return;
    reading->result = result;
    int used = snprintf(reading->why, reading->why_size,
                        "%s:%d: ", reading->path, reading->line);
    if (used < 0 || (size_t)used >= reading->why_size)
        return;
    va_list values;
    va_start(values, format);
    vsnprintf(reading->why + used, reading->why_size - (size_t)used, format,
              values);
    va_end(values);
}

static void note_section(struct reading *reading, const char *text)
{
    struct ini_file *file = reading->file;
    const char *end = strchr(text, ']');

    if (!end)
        return fail(reading, -EINVAL,
                    "a section needs a closing bracket: "
                    "[experiment], [profile], [cell NAME]");
    if (end - text >= INI_SECTION_MAX)
        return fail(reading, -EINVAL,
                    "this section's name is longer than %d characters",
                    INI_SECTION_MAX - 1);
    struct ini_section *sections =
        grow_by_one(file->sections, file->section_count, sizeof *sections);
    if (!sections)
        return fail(reading, -ENOMEM, "out of memory");
    file->sections = sections;
    sections += file->section_count++;
    sections->line = reading->line;
    snprintf(sections->name, sizeof sections->name, "%.*s", (int)(end - text),
             text);
}

/* The length of the UTF-8 character at `text`; 0 if it is none or a control
 * character, which would spoil a terminal or end up in JSON. */
static size_t character(const unsigned char *text)
{
    size_t size = text[0] < 0x80    ? 1
                  : text[0] >= 0xf0 ? 4
                  : text[0] >= 0xe0 ? 3
                                    : 2;
    uint32_t code = size == 1 ? text[0] : text[0] & (0x7fu >> size);

    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (size == 1)
        return isprint(text[0]) || isspace(text[0]) ? 1 : 0;
    if ((text[0] & 0xc0) == 0x80 || code < (size == 2   ? 0xa0u
                                            : size == 3 ? 0x800u
                                                        : 0x10000u))
        return 0;
    return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : size;
}

static bool is_text(const char *line)
{
    const unsigned char *at = (const unsigned char *)line;
    size_t size = 1;

    for (; *at != '\0' && size > 0; at += size)
        size = character(at);
    return size > 0;
}

/* The library's reader: returns a line, or NULL at the end or after an
 * error. */
static char *next_line(char *text, int size, void *user)
{
    struct reading *reading = user;

    if (reading->result < 0 || !fgets(text, size, reading->stream))
        return NULL;
    reading->line++;
    size_t length = strlen(text);
    char *start = text + strspn(text, " \t\xef\xbb\xbf");
    reading->indented = start > text && isblank((unsigned char)text[0]);
    if (length > 0 && text[length - 1] != '\n' && !feof(reading->stream)) {
        fail(reading, -EINVAL,
             "this line is longer than %d characters, or holds a zero byte; "
             "continue it on an indented line below",
             LINE_MAX_BYTES);
        return NULL;
    }
    if (!is_text(text)) {
        fail(reading, -EINVAL, "this line is not UTF-8 text");
        return NULL;
    }
    if (reading->line > FILE_MAX_LINES) {
        fail(reading, -EINVAL, "more than %d lines", FILE_MAX_LINES);
        return NULL;
    }
    if (*start == '[' && reading->indented)
        fail(reading, -EINVAL,
             "a section must not be indented: an indented "
             "line continues the value above it");
    else if (*start == '[')
        note_section(reading, start + 1);
    return reading->result < 0 ? NULL : text;
}

/* The length of the value without an inline comment and the blanks before
 * it. */
static size_t value_length(const char *value)
{
    size_t length = 0;

    while (value[length] != '\0' &&
           !((value[length] == '#' || value[length] == ';') &&
             (length == 0 || isblank((unsigned char)value[length - 1]))))
        length++;
    while (length > 0 && isspace((unsigned char)value[length - 1]))
        length--;
    return length;
}

/* Whether a continuation line looks like "key = ...": then a key was indented
 * by mistake. */
static bool looks_like_key(const char *value)
{
    size_t word = strspn(value, "abcdefghijklmnopqrstuvwxyz_-.");

    return word > 0 && value[word + strspn(value + word, " \t")] == '=';
}

static int continue_value(struct reading *reading, const char *value)
{
    struct ini_file *file = reading->file;
    struct ini_entry *entry = &file->entries[file->entry_count - 1];
    size_t old = strlen(entry->value), more = value_length(value);

    if (looks_like_key(value)) {
        fail(reading, -EINVAL,
             "a key must not be indented: an indented line "
             "continues the value above it");
        return 0;
    }
    if (old + more + 1 >= INI_VALUE_MAX) {
        fail(reading, -EINVAL, "the value of \"%s\" is longer than %d bytes",
             entry->key, INI_VALUE_MAX - 1);
        return 0;
    }
    char *text = realloc(entry->value, old + more + 2);
    if (!text) {
        fail(reading, -ENOMEM, "out of memory");
        return 0;
    }
    entry->value = text;
    sprintf(text + old, "%s%.*s", old && more ? " " : "", (int)more, value);
    return 1;
}

/* The library's handler: returns 0 on an error. */
static int take(void *user, const char *section, const char *key,
                const char *value)
{
    struct reading *reading = user;
    struct ini_file *file = reading->file;

    (void)section; /* note_section has noted it with its line */
    if (reading->result < 0)
        return 0;
    struct ini_entry *entries;
    if (reading->indented && file->entry_count > 0) {
        entries = &file->entries[file->entry_count - 1];
        if (entries->section == file->section_count - 1 &&
            !strcmp(entries->key, key))
            return continue_value(reading, value);
    }
    entries = grow_by_one(file->entries, file->entry_count, sizeof *entries);
    if (!entries) {
        fail(reading, -ENOMEM, "out of memory");
        return 0;
    }
    file->entries = entries;
    entries += file->entry_count;
    entries->line = reading->line;
    entries->section = file->section_count - 1;
    snprintf(entries->key, sizeof entries->key, "%s", key);
    entries->value = strndup(value, value_length(value));
    if (!entries->value) {
        fail(reading, -ENOMEM, "out of memory");
        return 0;
    }
    file->entry_count++;
    return 1;
}

int ini_read(const char *path, struct ini_file *file, char *why,
             size_t why_size)
{
    struct reading reading = {
        .path = path, .file = file, .why = why, .why_size = why_size};

    *file = (struct ini_file){0};
    reading.stream = fopen(path, "re");
    struct stat status;
    if (!reading.stream || fstat(fileno(reading.stream), &status) < 0 ||
        S_ISDIR(status.st_mode)) {
        int error = reading.stream ? EISDIR : errno;
        snprintf(why, why_size, "%s cannot be read: %s", path, strerror(error));
        if (reading.stream)
            fclose(reading.stream);
        return -error;
    }
    int line = ini_parse_stream(next_line, &reading, take, &reading);
    fclose(reading.stream);
    if (reading.result == 0 && line != 0) {
        reading.line = line > 0 ? line : reading.line;
        fail(&reading, line > 0 ? -EINVAL : -ENOMEM, "%s",
             line > 0 ? "this is neither [section], nor key = value, nor a "
                        "comment (#)"
                      : "out of memory");
    }
    return reading.result;
}

void ini_free(struct ini_file *file)
{
    for (int i = 0; i < file->entry_count; i++)
        free(file->entries[i].value);
    free(file->entries);
    free(file->sections);
    *file = (struct ini_file){0};
}
