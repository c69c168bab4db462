/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

enum { LINES_MAX = 256, PARTS_MAX = 128, GAP = 2, INDENT = 4, WIDTH_MAX = 512 };

struct table {
    char *lines[LINES_MAX];
    int count, width; /* lines; bytes of the widest */
    struct {
        int at, size;
    } parts[PARTS_MAX]; /* columns of the table */
    int part_count;
};

static bool split(struct table *table, char *text)
{
    for (char *line; (line = strsep(&text, "\n"));) {
        int width = (int)strlen(line);

        if (!text) /* behind the last end of a line */
            break;
        if (table->count == LINES_MAX || width > WIDTH_MAX)
            return false;
        table->lines[table->count++] = line;
        table->width = width > table->width ? width : table->width;
    }
    return true;
}

/* Whether no line has anything in the column. */
static bool is_blank(const struct table *table, int at)
{
    for (int i = 0; i < table->count; i++)
        if ((int)strlen(table->lines[i]) > at && table->lines[i][at] != ' ')
            return false;
    return true;
}

static bool find_parts(struct table *table)
{
    int blanks = GAP;

    for (int at = 0; at < table->width; at++) {
        int last = table->part_count - 1;

        if (is_blank(table, at)) {
            blanks++;
            continue;
        }
        if (blanks >= GAP) {
            if (table->part_count == PARTS_MAX)
                return false;
            table->parts[table->part_count++].at = at;
            last++;
        }
        table->parts[last].size = at + 1 - table->parts[last].at;
        blanks = 0;
    }
    return true;
}

/* What a line needs of the columns of a part. The last part is often a text of
 * which only few lines have as much as the widest. */
static int need(const struct table *table, int part, const char *line)
{
    int at = table->parts[part].at, size = table->parts[part].size;
    int own = (int)strlen(line) - at;

    if (part < table->part_count - 1 || own > size)
        return size;
    return own > 0 ? own : 0;
}

/* The first part of the line that does not fit behind `first`. */
static int fitting(const struct table *table, const char *line, int first,
                   int columns)
{
    int used = table->parts[first].size, next = first + 1;

    while (next < table->part_count &&
           used + GAP + need(table, next, line) <= columns)
        used += GAP + table->parts[next++].size;
    return next;
}

/* Prints the parts from `first` to before `end` of a line. Parts that are all
 * blank take no row, but at the line's beginning. */
static void print_parts(FILE *file, const struct table *table, const char *line,
                        int first, int end)
{
    char row[2 * WIDTH_MAX + PARTS_MAX * GAP];
    int used = first > 0 ? INDENT : 0, length = (int)strlen(line);

    memset(row, ' ', sizeof row - 1);
    for (int i = first; i < end; i++) {
        int at = table->parts[i].at, size = table->parts[i].size;

        if (at < length)
            memcpy(row + used, line + at,
                   (size_t)(size < length - at ? size : length - at));
        used += size + GAP;
    }
    while (used > 0 && row[used - 1] == ' ')
        used--;
    row[used] = '\0';
    if (used > 0 || first == 0)
        screen_print(file, row);
}

static void print_rows(FILE *file, const struct table *table, int columns)
{
    for (int i = 0; i < table->count; i++)
        for (int first = 0, end; first < table->part_count; first = end) {
            end = fitting(table, table->lines[i], first,
                          columns - (first > 0 ? INDENT : 0));
            print_parts(file, table, table->lines[i], first, end);
        }
}

void table_print(FILE *file, const char *text)
{
    static struct table table;
    int columns = screen_width(file) - 1;

    table = (struct table){0};
    char *copy = text && columns > 0 ? strdup(text) : NULL;
    bool apart = copy && split(&table, copy) && table.width > columns &&
                 find_parts(&table);
    if (apart)
        print_rows(file, &table, columns);
    else if (text)
        fputs(text, file);
    free(copy);
}

FILE *table_open(struct table_text *table, FILE *to)
{
    *table = (struct table_text){.to = to};
    table->file = open_memstream(&table->text, &table->size);
    return table->file ? table->file : to;
}

void table_close(struct table_text *table)
{
    if (!table->file)
        return;
    if (fclose(table->file) == 0)
        table_print(table->to, table->text);
    free(table->text);
}
