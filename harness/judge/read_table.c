/* SPDX-License-Identifier: MIT
 *
 * Tables of Markdown (GitHub's pipes) and of CSV, whose separator is the one of
 * comma, semicolon and tab that gives most columns with a known name.
 *
 * A figure that two columns claim is nobody's: which one is meant, nobody says.
 * A table whose first column has the names ("| metric | value |") is read by
 * its rows.
 */
#include "read.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "numbers.h"

enum { COLUMNS_MOST = 128, TURNED_MOST = 64, NAMES_MOST = 3 };

static const char doubt[] =
    "several requests in flight on each connection (HTTP/2, pipelining: "
    "--in-flight), or latency counted from the intended time (an open loop, or "
    "a correction for coordinated omission): a table does not say";

struct cells {
    struct word of[COLUMNS_MOST];
    int count;
};

/* Takes a line of a Markdown table apart. */
static void part_markdown(const char *line, struct cells *cells)
{
    const char *at = source_trimmed(line);

    cells->count = 0;
    at += *at == '|';
    while (*at != '\0' && cells->count < COLUMNS_MOST) {
        const char *end = at;
        while (*end != '\0' && *end != '|')
            end += *end == '\\' && end[1] != '\0' ? 2 : 1;
        cells->of[cells->count++] = (struct word){at, (int)(end - at)};
        at = *end == '|' ? end + 1 : end;
        if (*source_trimmed(at) == '\0')
            break;
    }
}

/* Takes a line of CSV apart; quotes hold a cell together. */
static void part_csv(const char *line, char separator, struct cells *cells)
{
    const char *at = line;

    cells->count = 0;
    while (cells->count < COLUMNS_MOST) {
        const char *from = at, *end;
        if (*at == '"') {
            from = ++at;
            while (*at != '\0' && *at != '"')
                at++;
            end = at;
            at += strcspn(at, (char[]){separator, '\0'});
        } else {
            at += strcspn(at, (char[]){separator, '\0'});
            end = at;
        }
        cells->of[cells->count++] = (struct word){from, (int)(end - from)};
        if (*at == '\0')
            break;
        at++;
    }
}

static void part(const char *line, char separator, struct cells *cells)
{
    if (separator == '|')
        part_markdown(line, cells);
    else
        part_csv(line, separator, cells);
}

struct table {
    const struct source *source;
    char separator;
    double unit_s;
    int head, first, end; /* lines */
    struct column columns[COLUMNS_MOST];
    int column_count, known;
    int names; /* so many columns before the first that is known */
};

/* Reads the names of the columns. */
static void take_columns(struct table *table)
{
    struct cells cells;
    int claimed[FIGURES] = {0};

    part(table->source->lines[table->head], table->separator, &cells);
    table->column_count = cells.count;
    table->names = 0;
    table->known = 0;
    for (int i = 0; i < cells.count; i++) {
        table->columns[i] =
            column_of(cells.of[i].at, (size_t)cells.of[i].length);
        if (table->columns[i].figure >= 0)
            claimed[table->columns[i].figure]++;
        else if (table->names == i && i < NAMES_MOST)
            table->names = i + 1;
    }
    for (int i = 0; i < cells.count; i++) {
        int id = table->columns[i].figure;
        if (id >= 0 && claimed[id] > 1)
            table->columns[i].figure = -1;
        else
            table->known += id >= 0;
    }
}

static void take_cell(const struct table *table, const struct column *column,
                      const struct word *cell, struct row *row)
{
    enum figure_kind kind = figure_abouts[column->figure].kind;
    double unit_s = column->unit_s > 0 ? column->unit_s : table->unit_s;
    struct figure figure;

    if (row->figures[column->figure].known ||
        !figure_read(kind, cell->at, (size_t)cell->length, unit_s, &figure))
        return;
    /* Who parts cells by semicolons writes decimals with commas. */
    if (table->separator == ';' && figure.doubtful)
        return;
    if (kind != KIND_TIME && column->scale != 1 &&
        !strpbrk(figure.text, "kKMG")) {
        figure.value *= column->scale;
        figure.low *= column->scale;
        figure.high *= column->scale;
        figure.text[0] = '\0';
    } else if (kind == KIND_TIME && !strpbrk(figure.text, "smh")) {
        figure.text[0] = '\0'; /* without its unit it is no text */
    }
    row->figures[column->figure] = figure;
}

/* Names the row by its cells, without Markdown's marks, and takes the
 * connections that such a name may have: "uwsgi (c128)". */
static void take_name(struct row *row, const struct word *cells, int count)
{
    char name[2 * sizeof row->name];
    size_t used = 0;

    for (int k = 0; k < count; k++) {
        const struct word *cell = &cells[k];
        if (used > 0 && name[used - 1] != ' ' && used < sizeof name - 1)
            name[used++] = ' ';
        for (int i = 0; i < cell->length && used < sizeof name - 1; i++)
            if (!strchr("*`", cell->at[i]) &&
                !(cell->at[i] == ' ' && used > 0 && name[used - 1] == ' '))
                name[used++] = cell->at[i];
    }
    row_name(row, name, (int)used);
    const char *at = strstr(row->name, "(c");
    if (!at || !isdigit((unsigned char)at[2]))
        return;
    size_t digits = strspn(at + 2, "0123456789");
    if (at[2 + digits] == ')')
        figure_take(row, FIGURE_CONNECTIONS, at + 2, (int)digits);
}

/* Rate and requests give the length of the run. */
static void derive(struct row *row)
{
    const struct figure *rate = &row->figures[FIGURE_RATE];
    const struct figure *requests = &row->figures[FIGURE_REQUESTS];
    struct figure *duration = &row->figures[FIGURE_DURATION];

    if (duration->known || !rate->known || !requests->known || rate->low <= 0 ||
        requests->low <= 0)
        return;
    *duration = figure_exact(requests->value / rate->value);
    duration->low = requests->low / rate->high;
    duration->high = requests->high / rate->low;
    row->derived = true;
}

static struct row *new_row(const struct table *table, int line,
                           struct rows *rows)
{
    struct row *row = row_add(rows, table->source->name, line + 1,
                              table->separator == '|' ? "markdown" : "csv");

    if (row)
        row->flight_doubt = doubt;
    return row;
}

/* Reads the rows; a row without any figure is none. */
static void take_rows(const struct table *table, struct rows *rows)
{
    struct cells cells;

    for (int line = table->first; line < table->end; line++) {
        part(table->source->lines[line], table->separator, &cells);
        struct row *row = new_row(table, line, rows);
        if (!row)
            return;
        bool any = false;
        for (int i = 0; i < cells.count && i < table->column_count; i++)
            if (table->columns[i].figure >= 0)
                take_cell(table, &table->columns[i], &cells.of[i], row);
        for (int i = 0; i < FIGURES; i++)
            any |= row->figures[i].known;
        take_name(row, cells.of,
                  table->names < cells.count ? table->names : cells.count);
        derive(row);
        if (!any)
            rows->count--;
    }
}

/* Reads a table whose first column has the names; each other column is a row.
 * Nothing happens if fewer than two names are known. */
static void take_turned(const struct table *table, struct rows *rows)
{
    struct cells cells, head;
    int before = rows->count, known = 0;

    part(table->source->lines[table->head], table->separator, &head);
    for (int i = 1; i < head.count && i < TURNED_MOST; i++) {
        struct row *row = new_row(table, table->head, rows);
        if (!row)
            return;
        if (head.count > 2)
            take_name(row, &head.of[i], 1);
        known = 0;
        for (int line = table->first; line < table->end; line++) {
            part(table->source->lines[line], table->separator, &cells);
            if (i >= cells.count)
                continue;
            struct column column =
                column_of(cells.of[0].at, (size_t)cells.of[0].length);
            if (column.figure < 0)
                continue;
            take_cell(table, &column, &cells.of[i], row);
            known += row->figures[column.figure].known;
        }
        derive(row);
        if (known < 2)
            break;
    }
    if (known < 2)
        rows->count = before;
}

static void take_table(struct table *table, struct rows *rows)
{
    take_columns(table);
    if (table->known > 0)
        take_rows(table, rows);
    else if (table->column_count > 1)
        take_turned(table, rows);
}

/* "| --- | ---: |". */
static bool is_rule(const char *line)
{
    const char *at = source_trimmed(line);

    return strchr(at, '-') && strchr(at, '|') &&
           at[strspn(at, "|-: \t")] == '\0';
}

static bool begins_markdown(const struct source *source, int line)
{
    return strchr(source->lines[line], '|') && line + 1 < source->count &&
           is_rule(source->lines[line + 1]) && !is_rule(source->lines[line]);
}

static int read_markdown(const struct source *source, int line, double unit_s,
                         struct rows *rows)
{
    struct table table = {.source = source,
                          .separator = '|',
                          .unit_s = unit_s,
                          .head = line,
                          .first = line + 2,
                          .end = line + 2};

    while (table.end < source->count && strchr(source->lines[table.end], '|'))
        table.end++;
    take_table(&table, rows);
    return table.end;
}

/* A table begins at the first line that is neither empty nor a remark. */
static bool begins_csv(const struct source *source, int line)
{
    const char *text = source_trimmed(source->lines[line]);

    return *text != '\0' && *text != '#';
}

static int read_csv(const struct source *source, int line, double unit_s,
                    struct rows *rows)
{
    struct table table = {.source = source,
                          .unit_s = unit_s,
                          .head = line,
                          .first = line + 1,
                          .end = source->count};
    char best = ',';
    int most = -1;

    for (const char *at = ",;\t"; *at != '\0'; at++) {
        table.separator = *at;
        take_columns(&table);
        if (table.column_count > 1 && table.known > most) {
            most = table.known;
            best = *at;
        }
    }
    table.separator = best;
    if (most >= 0)
        take_table(&table, rows);
    return source->count;
}

const struct reader reader_markdown = {"markdown", "table with pipes",
                                       begins_markdown, read_markdown};
const struct reader reader_csv = {"csv", "line with names of columns",
                                  begins_csv, read_csv};
