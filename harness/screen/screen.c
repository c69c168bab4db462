/* SPDX-License-Identifier: MIT */
#include "screen.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    COLUMNS_LEAST = 20,
    ROWS_LEAST = 5,
    COLUMNS_USUAL = 80,
    ROWS_USUAL = 24,
    BAR_LEAST = 8,
    BAR_MOST = 40
};

/* A drawing is collected in `out` and written at once: the terminal never shows
 * a half of it, and stderr, which has no buffer, gets one write. */
struct screen {
    FILE *file, *out;
    char *text;
    size_t size;
    bool bright;
    char lines[SCREEN_LINES][SCREEN_LINE];
    int count; /* lines of the block */
    int drawn; /* of them, on the terminal */
};

/* The screen that is open, for those who print a line and do not know of it; a
 * program draws at one place. */
static struct screen *current;

/* A standard stream whose text is folded on its way to the terminal. */
struct folded {
    FILE *raw;  /* writes to the terminal; NULL: the stream is not folded */
    FILE *file; /* what the program has as stdout or stderr instead */
    char *line; /* the beginning of a line whose end has not come */
    size_t used, size;
    bool begun; /* something was written */
    bool plain; /* the text is for programs */
};

static struct folded folded[2];

/* The stream that writes to the terminal, behind a folded one. */
static FILE *raw_of(FILE *file)
{
    for (size_t i = 0; i < sizeof folded / sizeof folded[0]; i++)
        if (folded[i].raw && folded[i].file == file)
            return folded[i].raw;
    return file;
}

static bool can_draw(FILE *file)
{
    const char *term = getenv("TERM");

    return isatty(fileno(file)) && term && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

struct screen *screen_open(FILE *file)
{
    file = raw_of(file);

    struct screen *screen = can_draw(file) ? calloc(1, sizeof *screen) : NULL;
    const char *plain = getenv("NO_COLOR");

    if (!screen)
        return NULL;
    screen->file = file;
    screen->out = open_memstream(&screen->text, &screen->size);
    if (!screen->out) {
        free(screen);
        return NULL;
    }
    screen->bright = !plain || plain[0] == '\0';
    current = screen;
    return screen;
}

static struct winsize size_of(FILE *file)
{
    struct winsize size = {0};

    ioctl(fileno(file), TIOCGWINSZ, &size);
    return size;
}

static int columns_of(FILE *file)
{
    int columns = size_of(file).ws_col;

    if (columns == 0)
        columns = COLUMNS_USUAL;
    return columns > COLUMNS_LEAST ? columns : COLUMNS_LEAST;
}

int screen_width(FILE *file)
{
    file = raw_of(file);
    return isatty(fileno(file)) ? columns_of(file) : 0;
}

/* The bytes of one character of UTF-8 after its first are no columns. */
static bool is_column(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* Whether a line may end at the blank: not between a figure and its unit. */
static bool is_break(const char *text, size_t blank)
{
    static const char *const units[] = {"%",   "ns",  "us",  "ms",  "s",
                                        "min", "h",   "x",   "B",   "KiB",
                                        "MiB", "GiB", "MHz", "GHz", NULL};
    const char *next = text + blank + 1;
    size_t size = strcspn(next, " ,;:.)]");

    if (blank == 0 || !isdigit((unsigned char)text[blank - 1]))
        return true;
    for (int i = 0; units[i]; i++)
        if (strlen(units[i]) == size && !strncmp(next, units[i], size))
            return false;
    return true;
}

/* The bytes of the longest part of `text` that fits in `columns` and ends
 * before a blank, or else behind a comma; without these its first word. A row
 * of cells ends before a cell, if that is not its first half. */
static size_t fitting(const char *text, int columns)
{
    size_t blank = 0, comma = 0, gap = 0, i = 0;
    int width = 0;

    for (; text[i] != '\0' && width <= columns; i++) {
        bool cell = text[i] == ' ' && text[i + 1] == ' ' && width > columns / 2;

        gap = cell ? i : gap;
        if (text[i] == ' ' && is_break(text, i))
            blank = i;
        width += is_column(text[i]);
        if (text[i] == ',' && width <= columns)
            comma = i + 1;
    }
    if (text[i] == '\0' && width <= columns)
        return i;
    if (gap > 0)
        return gap;
    return blank > 0 ? blank : comma > 0 ? comma : strcspn(text, " ");
}

/* The column in which the continuation of a line begins: below the text if the
 * line is a list's, a term and two blanks and a text, else two columns further
 * in than the line. */
static int indent_of(const char *line, int columns)
{
    int own = (int)strspn(line, " "), text = 0, width = own, blanks = 0;

    for (const char *c = line + own; *c != '\0'; c++) {
        if (*c != ' ' && blanks > 1)
            text = width;
        blanks = *c == ' ' ? blanks + 1 : 0;
        width += is_column(*c);
    }
    if (text > 0 && text <= columns / 2)
        return text;
    return own + 2 <= columns / 2 ? own + 2 : 0;
}

/* Where a comment begins in a line of a file, or the line's end. What continues
 * it is marked as it is, so that the rows are still such lines when they are
 * copied. */
static const char *comment_of(const char *line)
{
    const char *begin = line[0] == '#' ? line : strstr(line, "  # ");

    return begin ? begin : line + strlen(line);
}

/* Prints the line in as many rows as it takes, and returns how many. `file` may
 * be NULL. */
static int print_folded(FILE *file, const char *line, int columns)
{
    int more = indent_of(line, columns), indent = (int)strspn(line, " ");
    const char *comment = comment_of(line + indent);

    line += indent;
    if (indent > columns / 2 && fitting(line, columns - indent) < strlen(line))
        indent = 2;
    for (int rows = 1;; rows++, indent = more) {
        const char *mark = rows > 1 && line > comment + 2 ? "# " : "";
        size_t size = fitting(line, columns - indent - (int)strlen(mark));
        size_t shown = size;

        while (shown > 0 && line[shown - 1] == ' ')
            shown--;
        if (file)
            fprintf(file, "%*s%s%.*s\n", *line ? indent : 0, "", mark,
                    (int)shown, line);
        line += size + strspn(line + size, " ");
        if (*line == '\0')
            return rows;
    }
}

/* The columns that a line may take, on a terminal or not. */
static int columns_within(FILE *file)
{
    int columns = screen_width(file) - 1;

    return columns > 0 ? columns : COLUMNS_USUAL;
}

void screen_print_narrow(FILE *file, const char *line)
{
    print_folded(file, line, columns_within(file));
}

int screen_rows_of(FILE *file, const char *line)
{
    int columns = screen_width(file) - 1;

    return columns > 0 ? print_folded(NULL, line, columns) : 1;
}

void screen_print_row(FILE *file, const char *line)
{
    static const char more[] = "...";
    int columns = columns_within(file), width = 0;
    size_t cut = 0, size = 0;

    for (; line[size] != '\0'; size++) {
        if (is_column(line[size]) && width++ == columns - (int)strlen(more))
            cut = size;
    }
    if (width <= columns)
        fprintf(file, "%s\n", line);
    else
        fprintf(file, "%.*s%s\n", (int)cut, line, more);
}

int screen_columns(const struct screen *screen)
{
    return columns_of(screen->file);
}

int screen_rows(const struct screen *screen)
{
    int rows = size_of(screen->file).ws_row;

    if (rows == 0)
        rows = ROWS_USUAL;
    return rows > ROWS_LEAST ? rows : ROWS_LEAST;
}

/* A terminal shows nothing of what is between them before the end has come. */
#define UPDATE_BEGIN "\033[?2026h"
#define UPDATE_END   "\033[?2026l"

static void erase(struct screen *screen)
{
    int rows = screen->drawn;

    fputs(UPDATE_BEGIN, screen->out);
    fputc('\r', screen->out);
    if (rows > 0)
        fprintf(screen->out, "\033[%dA", rows);
    fputs("\033[J", screen->out);
    screen->drawn = 0;
}

/* Prints as much of the line as the terminal is wide. */
static void put_line(struct screen *screen, const char *line, int columns)
{
    int width = 0;
    bool marked = false;

    for (; *line != '\0' && width < columns; line++) {
        if (*line == '\1' || *line == '\2') {
            if (screen->bright)
                fputs(*line == '\1' ? "\033[1m" : "\033[0m", screen->out);
            marked = *line == '\1';
            continue;
        }
        fputc(*line, screen->out);
        width += is_column(*line);
    }
    while (!is_column(*line))
        fputc(*line++, screen->out);
    if (marked && screen->bright)
        fputs("\033[0m", screen->out);
    fputc('\n', screen->out);
}

static void draw(struct screen *screen)
{
    int columns = screen_columns(screen) - 1, most = screen_rows(screen) - 1;
    int count = screen->count < most ? screen->count : most;

    for (int i = 0; i < count; i++)
        put_line(screen, screen->lines[i], columns);
    screen->drawn = count;
}

/* Writes what was drawn. */
static void flush(struct screen *screen)
{
    fputs(UPDATE_END, screen->out);
    if (fflush(screen->out) == 0) {
        fwrite(screen->text, 1, screen->size, screen->file);
        fflush(screen->file);
    }
    rewind(screen->out);
}

/* Prints a line above the block. */
static void say(struct screen *screen, const char *line)
{
    erase(screen);
    print_folded(screen->out, line, screen_columns(screen) - 1);
    draw(screen);
    flush(screen);
}

/* The last column stays free: some terminals wrap when it is written. */
void screen_print(FILE *file, const char *line)
{
    int columns = screen_width(file) - 1;

    if (current && current->file == file)
        say(current, line);
    else if (columns > 0)
        print_folded(file, line, columns);
    else
        fprintf(file, "%s\n", line);
}

/* JSON and the rows of Markdown's tables are for programs, too, and stay as
 * they are. */
static void put_folded(struct folded *to, const char *line)
{
    if (!to->begun)
        to->plain = line[0] == '{' || line[0] == '[';
    to->begun = true;
    if (to->plain || line[0] == '|')
        fprintf(to->raw, "%s\n", line);
    else
        screen_print(to->raw, line);
}

/* The write function of a folded stream: prints each line that is whole, and
 * keeps the rest. A child's descriptor may be no terminal. */
static ssize_t write_folded(void *cookie, const char *text, size_t size)
{
    struct folded *to = cookie;

    if (!isatty(fileno(to->raw)))
        return (ssize_t)fwrite(text, 1, size, to->raw);
    for (size_t i = 0; i < size; i++) {
        if (to->used + 1 >= to->size) {
            size_t room = 2 * to->size + SCREEN_LINE;
            char *line = realloc(to->line, room);

            if (!line)
                return 0;
            to->line = line;
            to->size = room;
        }
        to->line[to->used++] = text[i];
        if (text[i] != '\n')
            continue;
        to->line[to->used - 1] = '\0';
        to->used = 0;
        put_folded(to, to->line);
    }
    return fflush(to->raw) == 0 ? (ssize_t)size : 0;
}

static void fold(struct folded *to, FILE **stream)
{
    static const cookie_io_functions_t functions = {.write = write_folded};

    if (!isatty(fileno(*stream)))
        return;
    to->file = fopencookie(to, "w", functions);
    if (!to->file)
        return;
    setvbuf(to->file, NULL, _IOLBF, BUFSIZ);
    to->raw = *stream;
    *stream = to->file;
}

/* Prints a last line that has no end. */
static void end_folding(void)
{
    for (size_t i = 0; i < sizeof folded / sizeof folded[0]; i++) {
        struct folded *to = &folded[i];

        if (!to->raw)
            continue;
        fflush(to->file);
        if (to->used > 0)
            fwrite(to->line, 1, to->used, to->raw);
        to->used = 0;
    }
}

void screen_fold_output(void)
{
    fold(&folded[0], &stdout);
    fold(&folded[1], &stderr);
    atexit(end_folding);
}

void screen_print_lines(FILE *file, char *text)
{
    for (char *line; text && (line = strsep(&text, "\n"));)
        if (text)
            screen_print(file, line);
}

void screen_show(struct screen *screen, char (*lines)[SCREEN_LINE], int count)
{
    erase(screen);
    screen->count = count < SCREEN_LINES ? count : SCREEN_LINES;
    for (int i = 0; i < screen->count; i++)
        memcpy(screen->lines[i], lines[i], SCREEN_LINE);
    draw(screen);
    flush(screen);
}

void screen_bar(const struct screen *screen, const char *left, double share,
                const char *right, char line[SCREEN_LINE])
{
    int taken = (int)(strlen(left) + strlen(right) + strlen(" [] "));
    int room = screen_columns(screen) - 1 - taken;
    char bar[BAR_MOST + 1];

    if (room < BAR_LEAST) {
        snprintf(line, SCREEN_LINE, "%s %s", left, right);
        return;
    }
    room = room < BAR_MOST ? room : BAR_MOST;
    share = share < 0 ? 0 : share < 1 ? share : 1;
    for (int i = 0; i < room; i++)
        bar[i] = i < (int)(share * room) ? '#' : '-';
    bar[room] = '\0';
    snprintf(line, SCREEN_LINE, "%s [%s] %s", left, bar, right);
}

void screen_close(struct screen *screen)
{
    if (!screen)
        return;
    erase(screen);
    flush(screen);
    if (current == screen)
        current = NULL;
    fclose(screen->out);
    free(screen->text);
    free(screen);
}
