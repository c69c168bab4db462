/* SPDX-License-Identifier: MIT
 *
 * Output of h2load (nghttp2.org):
 *
 *   spawning thread #0: 16 total client(s). 2000 total requests
 *   finished in 2.01s, 28334.00 req/s, 2.11MB/s
 *   requests: 2000 total, 2000 started, 2000 done, 1998 succeeded, 2 failed,
 * ... status codes: 1998 2xx, 0 3xx, 2 4xx, 0 5xx min         max         mean
 * sd        +/- sd time for request:  113us     12.76ms        563us
 * 784us    96.27%
 *
 * Its output does not say how many streams a client has at once (-m).
 */
#include "read.h"

#include <stdlib.h>
#include <string.h>

#include "numbers.h"

enum { LINES_MOST = 400, WORDS = 12, COLUMNS = 10 };

static const char doubt[] =
    "h2load's output does not say how many requests each client had in flight "
    "(-m; give --in-flight)";

static bool begins(const struct source *source, int line)
{
    return source_behind(source->lines[line], "spawning thread #") ||
           source_behind(source->lines[line], "finished in ");
}

/* The figure that each column of times has, by the words of the line above. */
static void take_head(const char *line, int columns[COLUMNS])
{
    static const struct {
        const char *word;
        int id;
    } names[] = {
        {"min", FIGURE_MIN},    {"max", FIGURE_MAX}, {"mean", FIGURE_MEAN},
        {"median", FIGURE_P50}, {"p95", FIGURE_P95}, {"p99", FIGURE_P99},
    };
    struct word words[WORDS];
    int count = source_words(line, words, COLUMNS);

    if (count < 4 || strncmp(words[0].at, "min", 3) != 0)
        return;
    for (int i = 0; i < count; i++) {
        columns[i] = -1;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            if (strlen(names[k].word) == (size_t)words[i].length &&
                !strncmp(names[k].word, words[i].at, (size_t)words[i].length))
                columns[i] = names[k].id;
    }
}

static void take_times(struct row *row, const char *rest,
                       const int columns[COLUMNS])
{
    struct word words[WORDS];
    int count = source_words(rest, words, COLUMNS);

    for (int i = 0; i < count; i++)
        if (columns[i] >= 0)
            figure_take(row, columns[i], words[i].at, words[i].length);
}

/* "2 4xx" and "0 5xx". */
static void take_status(struct row *row, const char *rest)
{
    struct word words[WORDS];
    int count = source_words(rest, words, WORDS);

    for (int i = 0; i + 1 < count; i += 2)
        if (words[i + 1].at[0] == '4' || words[i + 1].at[0] == '5')
            figure_add(row, FIGURE_FAILED, strtod(words[i].at, NULL));
}

static void take_line(struct row *row, const char *line, int columns[COLUMNS])
{
    struct word words[WORDS];
    int count = source_words(line, words, WORDS);
    const char *rest;

    if (source_behind(line, "spawning thread #") && count > 3)
        figure_add(row, FIGURE_CONNECTIONS, strtod(words[3].at, NULL));
    if (source_behind(line, "finished in ") && count >= 5) {
        figure_take(row, FIGURE_DURATION, words[2].at, words[2].length - 1);
        figure_take(row, FIGURE_RATE, words[3].at, words[3].length);
    }
    if (source_behind(line, "requests:") && count > 8)
        figure_take(row, FIGURE_REQUESTS, words[1].at, words[1].length);
    if ((rest = source_behind(line, "status codes:")))
        take_status(row, rest);
    if ((rest = source_behind(line, "time for request:")))
        take_times(row, rest, columns);
    take_head(line, columns);
}

static int read_output(const struct source *source, int line, double unit_s,
                       struct rows *rows)
{
    struct row *row = row_add(rows, source->name, line + 1, "h2load");
    int columns[COLUMNS] = {FIGURE_MIN, FIGURE_MAX, FIGURE_MEAN, -1, -1,
                            -1,         -1,         -1,          -1, -1};
    int end = line;

    (void)unit_s;
    if (!row)
        return source->count;
    row->loop = LOOP_CLOSED;
    row->flight_doubt = doubt;
    /* The time includes what came after the window that the rate is of. */
    row->derived = true;
    for (; end < source->count && end < line + LINES_MOST; end++) {
        const char *text = source->lines[end];
        if (source_behind(text, "```") ||
            (row->figures[FIGURE_RATE].known && begins(source, end)))
            break;
        take_line(row, text, columns);
    }
    return end;
}

const struct reader reader_h2load = {
    "h2load", "line \"spawning thread #...\" or \"finished in ...\"", begins,
    read_output};
