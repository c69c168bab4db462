/* SPDX-License-Identifier: MIT
 *
 * The text of a file that anybody may have written, as lines. Nothing of it is
 * trusted: it is bounded, and whatever is no text becomes a blank.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum {
    SOURCE_BYTES_MOST = 16 << 20,
    SOURCE_LINES_MOST = 1000000,
};

struct source {
    const char *name; /* in messages; not owned */
    char *bytes;      /* as read, ended by NUL */
    size_t size;
    char **lines; /* of a second copy, each ended by NUL: without CR, escape
                     sequences of a terminal, and control characters */
    char *text;
    int count;
};

/* Reads all of the file. Returns 0, or -EFBIG, -ENOMEM or the negative errno of
 * a read, with a sentence that begins with the file's name. */
int source_read(FILE *file, const char *name, struct source *source, char *why,
                size_t why_size);

/* As source_read, of bytes in memory, which are copied. */
int source_of(const char *bytes, size_t size, const char *name,
              struct source *source, char *why, size_t why_size);
void source_free(struct source *source);

/* A word of a line: where it begins, and its length. Words are parted by
 * blanks. */
struct word {
    const char *at;
    int length;
};

/* Takes a line apart. Returns the number of words, `most` at most. */
int source_words(const char *line, struct word *words, int most);

/* The line behind its blanks. */
const char *source_trimmed(const char *line);

/* What stands behind `prefix` at the beginning of the line, both trimmed; or
 * NULL. */
const char *source_behind(const char *line, const char *prefix);
