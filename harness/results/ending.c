/* SPDX-License-Identifier: MIT */
#include "ending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/screen/screen.h"

enum {
    ROWS_MOST = 10,
    COLUMNS_USUAL = 80,
    POINTS_MOST = 5,
    WARNING_ROWS = 2,
    MORE_SIZE = 64
};

static const char cut_off[] = " ...";

void ending_open(struct ending *ending, const struct results *results)
{
    *ending = (struct ending){.mute = results->mute};
    for (int i = 0; i < ENDING_PARTS; i++) {
        FILE *file = open_memstream(&ending->texts[i], &ending->sizes[i]);

        /* Without memory the lines are printed at once. */
        ending->parts[i] = *results;
        ending->parts[i].log = file;
        ending->parts[i].mute |= file != NULL;
    }
}

/* Calls `each` for every line of the text. */
static void for_lines(const char *text, void (*each)(const char *, void *),
                      void *context)
{
    char *copy = text ? strdup(text) : NULL, *rest = copy;

    for (char *line; rest && (line = strsep(&rest, "\n"));)
        if (rest) /* behind the last end of a line is nothing */
            each(line, context);
    free(copy);
}

static void add_rows(const char *line, void *context)
{
    int *rows = context;

    *rows += screen_rows_of(stdout, line);
}

static int rows_of(const char *text)
{
    int rows = 0;

    for_lines(text, add_rows, &rows);
    return rows;
}

static void print_line(const char *line, void *context)
{
    (void)context;
    screen_print(stdout, line);
}

static int lines_of(const char *text)
{
    int lines = 0;

    for (; text && *text; text++)
        lines += *text == '\n';
    return lines;
}

/* Cuts a text off behind so many lines. */
static void keep_lines(char *text, int lines)
{
    char *end = text;

    for (; end && *end && lines > 0; lines--)
        end = strchr(end, '\n') + 1;
    if (end)
        *end = '\0';
}

/* Where the last word of a text, or the last item of a list, begins; NULL: it
 * has one only. */
static char *last_of(char *text)
{
    size_t i = strlen(text);

    while (i > 0 && text[i] != ' ' && text[i] != ',')
        i--;
    return i > 0 ? text + i : NULL;
}

/* Takes words off a warning's end until it fits in so many rows. */
static void shorten(const char *line, int rows, FILE *out)
{
    char text[16384];

    if (screen_rows_of(stdout, line) <= rows) {
        fprintf(out, "%s\n", line);
        return;
    }
    snprintf(text, sizeof text - sizeof cut_off, "%s", line);
    for (char *last; (last = last_of(text)); *last = '\0') {
        strcpy(last, cut_off);
        if (screen_rows_of(stdout, text) <= rows)
            break;
    }
    fprintf(out, "%s\n", text);
}

struct shortening {
    FILE *out;
    int rows;
};

static void shorten_one(const char *line, void *context)
{
    const struct shortening *shortening = context;

    shorten(line, shortening->rows, shortening->out);
}

static void shorten_warnings(struct ending *ending, int rows)
{
    char *text = NULL;
    size_t size;
    struct shortening shortening = {open_memstream(&text, &size), rows};

    if (!shortening.out)
        return;
    for_lines(ending->texts[ENDING_WARNINGS], shorten_one, &shortening);
    fclose(shortening.out);
    free(ending->texts[ENDING_WARNINGS]);
    ending->texts[ENDING_WARNINGS] = text;
}

/* A terminal that is narrower breaks lines that are short. */
static int rows_most(void)
{
    int columns = screen_width(stdout);

    return columns > 0 && columns < COLUMNS_USUAL
               ? ROWS_MOST * COLUMNS_USUAL / columns
               : ROWS_MOST;
}

/* The rows of everything beyond what there is room for. */
static int rows_over(const struct ending *ending, int more)
{
    int rows = more > 0 ? 1 : 0;

    for (int i = 0; i < ENDING_PARTS; i++)
        rows += rows_of(ending->texts[i]);
    return rows - rows_most();
}

/* Makes everything fit as far as that is possible. Returns how many load points
 * are left out. */
static int fit(struct ending *ending)
{
    char *points = ending->texts[ENDING_POINTS];
    char *precision = ending->texts[ENDING_PRECISION];
    int count = lines_of(points), kept = count;

    if (count > POINTS_MOST)
        keep_lines(points, kept = POINTS_MOST - 1);
    shorten_warnings(ending, WARNING_ROWS);
    if (rows_over(ending, count - kept) > 0)
        shorten_warnings(ending, 1);
    while (kept > 1 && rows_over(ending, count - kept) > 0)
        keep_lines(points, --kept);
    while (lines_of(precision) > 0 && rows_over(ending, count - kept) > 0)
        keep_lines(precision, lines_of(precision) - 1);
    return count - kept;
}

void ending_print(struct ending *ending)
{
    char line[MORE_SIZE];

    for (int i = 0; i < ENDING_PARTS; i++)
        if (ending->parts[i].log)
            fclose(ending->parts[i].log);
    int more = ending->mute ? 0 : fit(ending);
    for (int i = 0; i < ENDING_PARTS && !ending->mute; i++) {
        for_lines(ending->texts[i], print_line, NULL);
        snprintf(line, sizeof line, "and %d more load point%s", more,
                 digits_plural(more));
        if (i == ENDING_POINTS && more > 0)
            print_line(line, NULL);
    }
    for (int i = 0; i < ENDING_PARTS; i++)
        free(ending->texts[i]);
    fflush(stdout);
}
