/* SPDX-License-Identifier: MIT
 *
 * An .ini file as a flat list of entries with their lines; only the form is
 * checked. libinih does the parsing. Lines are counted here, because the
 * library gives neither the line of an entry nor that of a section without
 * keys.
 *
 * Form: [section], key = value, comments from # or ; (at the start of a line or
 * after a blank). An indented line continues the value above it.
 */
#pragma once

#include <stddef.h>

enum { INI_SECTION_MAX = 48, INI_KEY_MAX = 48, INI_VALUE_MAX = 1024 };

struct ini_section {
    int line;
    char name[INI_SECTION_MAX];
};

struct ini_entry {
    int line;
    int section; /* index into sections; -1: before the first */
    char key[INI_KEY_MAX];
    char *value; /* without blanks at either end */
};

struct ini_file {
    struct ini_section *sections;
    int section_count;
    struct ini_entry *entries;
    int entry_count;
};

/* Reads a whole file. Returns 0; -EINVAL with "PATH:LINE: ..." in `why`;
 * -ENOENT, -EACCES, -EISDIR, -ENOMEM with a sentence. ini_free may be called
 * after any result. */
int ini_read(const char *path, struct ini_file *file, char *why,
             size_t why_size);
void ini_free(struct ini_file *file);
