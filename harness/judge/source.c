/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 1 << 16 };

/* Reads up to one byte more than allowed. Returns 0 or a negative errno. */
static int read_bytes(FILE *file, char **bytes, size_t *size)
{
    size_t room = 0, used = 0;

    *bytes = NULL;
    for (;;) {
        if (used + PART >= room) {
            room = 2 * room + 2 * PART;
            char *grown = realloc(*bytes, room + 1);
            if (!grown)
                return -ENOMEM;
            *bytes = grown;
        }
        size_t got = fread(*bytes + used, 1, PART, file);
        used += got;
        if (used > SOURCE_BYTES_MOST)
            return -EFBIG;
        if (got == 0)
            break;
    }
    (*bytes)[used] = '\0';
    *size = used;
    return ferror(file) ? -EIO : 0;
}

/* What follows an ESC: the length of a control sequence (ECMA-48), or 0. */
static size_t escape_length(const char *at, size_t left)
{
    size_t length = 2;

    if (left < 2 || at[1] != '[')
        return 1;
    while (length < left && !(at[length] >= '@' && at[length] <= '~'))
        length++;
    return length < left ? length + 1 : left;
}

/* Copies what is text. A no-break space (U+00A0) becomes a blank. */
static size_t clean(const char *from, size_t size, char *to)
{
    size_t used = 0, at = 0;

    if (size >= 3 && !memcmp(from, "\xef\xbb\xbf", 3))
        at = 3;
    while (at < size) {
        unsigned char c = (unsigned char)from[at];
        if (c == 0x1b) {
            at += escape_length(from + at, size - at);
            continue;
        }
        bool no_break =
            c == 0xc2 && at + 1 < size && (unsigned char)from[at + 1] == 0xa0;
        if (c == '\r' && (at + 1 == size || from[at + 1] == '\n')) {
            at++;
            continue;
        }
        to[used++] = no_break || (c < 32 && c != '\n' && c != '\t') || c == 127
                         ? ' '
                         : (char)c;
        at += no_break ? 2 : 1;
    }
    to[used] = '\0';
    return used;
}

/* Parts the text into lines. Returns 0, -ENOMEM or -EFBIG. */
static int part_lines(struct source *source, size_t size)
{
    int count = 1;

    for (size_t i = 0; i < size; i++)
        count += source->text[i] == '\n' && count <= SOURCE_LINES_MOST;
    if (count > SOURCE_LINES_MOST)
        return -EFBIG;
    source->lines = malloc((size_t)count * sizeof *source->lines);
    if (!source->lines)
        return -ENOMEM;
    char *at = source->text;
    while (source->count < count) {
        char *end = strchr(at, '\n');
        source->lines[source->count++] = at;
        if (!end)
            break;
        *end = '\0';
        at = end + 1;
    }
    return 0;
}

/* Takes the bytes, which it frees on an error. */
static int make(char *bytes, size_t size, const char *name,
                struct source *source)
{
    *source = (struct source){.name = name, .bytes = bytes, .size = size};
    source->text = malloc(size + 1);
    int status = -ENOMEM;
    if (source->text)
        status = part_lines(source, clean(bytes, size, source->text));
    if (status < 0)
        source_free(source);
    return status;
}

static int explain(int status, const char *name, char *why, size_t why_size)
{
    if (status == -EFBIG)
        snprintf(why, why_size,
                 "%s: larger than %d MiB, or more than %d lines: give the part "
                 "that has the figures",
                 name, SOURCE_BYTES_MOST >> 20, SOURCE_LINES_MOST);
    else if (status < 0)
        snprintf(why, why_size, "%s: %s", name, strerror(-status));
    return status;
}

int source_read(FILE *file, const char *name, struct source *source, char *why,
                size_t why_size)
{
    char *bytes;
    size_t size = 0;
    int status = read_bytes(file, &bytes, &size);

    if (status < 0)
        free(bytes);
    else
        status = make(bytes, size, name, source);
    return explain(status, name, why, why_size);
}

int source_of(const char *bytes, size_t size, const char *name,
              struct source *source, char *why, size_t why_size)
{
    if (size > SOURCE_BYTES_MOST)
        return explain(-EFBIG, name, why, why_size);
    char *copy = malloc(size + 1);
    if (!copy)
        return explain(-ENOMEM, name, why, why_size);
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    return explain(make(copy, size, name, source), name, why, why_size);
}

void source_free(struct source *source)
{
    free(source->bytes);
    free(source->text);
    free(source->lines);
    *source = (struct source){0};
}

int source_words(const char *line, struct word *words, int most)
{
    int count = 0;

    while (count < most) {
        line += strspn(line, " \t");
        size_t length = strcspn(line, " \t");
        if (length == 0)
            break;
        words[count++] = (struct word){line, (int)length};
        line += length;
    }
    return count;
}

const char *source_trimmed(const char *line)
{
    return line + strspn(line, " \t");
}

const char *source_behind(const char *line, const char *prefix)
{
    size_t length = strlen(prefix);

    line = source_trimmed(line);
    return strncmp(line, prefix, length) ? NULL : source_trimmed(line + length);
}
