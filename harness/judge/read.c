/* SPDX-License-Identifier: MIT
 *
 * A file that begins with a brace or a bracket is tried as JSON. Otherwise each
 * line is offered to the readers in turn. CSV has no mark of its own, so that
 * comes last, for a file in which no other reader found anything.
 */
#include "read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct reader *const readers[] = {
    &reader_wrk,    &reader_summary,  &reader_h2load, &reader_k6,
    &reader_troika, &reader_markdown, &reader_csv,
};

enum { READERS = sizeof readers / sizeof *readers, SHOWN = 48 };

static void read_lines(const struct source *source,
                       const struct reader *const *from, int count,
                       double unit_s, struct rows *rows)
{
    for (int line = 0; line < source->count;) {
        int next = line + 1;
        for (int i = 0; i < count; i++) {
            if (!from[i]->begins(source, line))
                continue;
            int after = from[i]->read(source, line, unit_s, rows);
            next = after > next ? after : next;
            break;
        }
        line = next;
    }
}

static int first_line(const struct source *source)
{
    int line = 0;

    while (line < source->count - 1 &&
           *source_trimmed(source->lines[line]) == '\0')
        line++;
    return line;
}

static bool looks_like_json(const struct source *source)
{
    char first = *source_trimmed(source->lines[first_line(source)]);

    return first == '{' || first == '[';
}

static void read_text(const struct source *source, const char *format,
                      double unit_s, struct rows *rows)
{
    if (!format) {
        read_lines(source, readers, READERS - 1, unit_s, rows);
        if (rows->count == 0)
            read_lines(source, readers + READERS - 1, 1, unit_s, rows);
        return;
    }
    /* hey and oha print one form. */
    const char *name = !strcmp(format, "oha") ? "hey" : format;
    for (int i = 0; i < READERS; i++)
        if (!strcmp(readers[i]->name, name))
            read_lines(source, &readers[i], 1, unit_s, rows);
}

/* Reads a file that may be JSON; a page may also begin with a link's bracket,
 * so one that is none is tried as text. */
static int read_either(const struct source *source, const char *format,
                       double unit_s, struct rows *rows, char *why,
                       size_t why_size)
{
    int status = read_json(source, unit_s, rows, why, why_size);

    if (status == 0 || (format && !strcmp(format, "json")))
        return status;
    read_text(source, format, unit_s, rows);
    return rows->count > 0 ? 0 : status;
}

/* Says that nothing was found, and what the file begins with. */
static int found_none(const struct source *source, const char *format,
                      char *why, size_t why_size)
{
    int line = first_line(source);
    struct row row;
    const char *text = source->lines[line];
    size_t length = strlen(text);

    row_name(&row, text, (int)(length < SHOWN ? length : SHOWN));
    for (int i = 0; format && i < READERS; i++)
        if (!strcmp(readers[i]->name, format)) {
            snprintf(why, why_size, "%s:%d: no output of %s: there is no %s",
                     source->name, line + 1, format, readers[i]->mark);
            return -EINVAL;
        }
    if (row.name[0] == '\0') {
        snprintf(why, why_size, "%s:1: there is nothing in it", source->name);
        return -EINVAL;
    }
    snprintf(why, why_size,
             "%s:%d: no figures found in \"%s\" and what follows: neither an "
             "output of wrk, wrk2, hey, oha, k6, h2load or troika load, nor a "
             "table with columns such as RPS, avg latency, p99 (ms), "
             "connections",
             source->name, line + 1, row.name);
    return -EINVAL;
}

int read_rows(const struct source *source, const char *format, double unit_s,
              struct rows *rows, char *why, size_t why_size)
{
    struct rows found = {0};
    bool json = format ? !strcmp(format, "json") : looks_like_json(source);
    bool maybe_json = format && looks_like_json(source) &&
                      strcmp(format, "csv") != 0 &&
                      strcmp(format, "markdown") != 0;
    int status = 0;

    if (json || maybe_json)
        status = read_either(source, format, unit_s, &found, why, why_size);
    else
        read_text(source, format, unit_s, &found);
    if (status == 0 && found.count == 0)
        status = found_none(source, format, why, why_size);
    for (int i = 0; i < found.count && status == 0; i++) {
        struct row *row = row_add(rows, NULL, 0, NULL);
        if (row)
            *row = found.of[i];
        else
            status = -EINVAL;
    }
    if (status == 0 && found.count == ROWS_MOST)
        status = -EINVAL;
    if (status < 0 && found.count > 0)
        snprintf(why, why_size,
                 "%s:%d: more than %d rows: give the part that is in question",
                 source->name, found.of[found.count - 1].line, ROWS_MOST);
    row_free(&found);
    return status < 0 ? status : rows->count;
}
