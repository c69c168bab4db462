/* SPDX-License-Identifier: MIT
 *
 * The text of troika load (load/print.h):
 *
 *   http://127.0.0.1:8080/hello (127.0.0.1:8080)
 *     closed loop, 16 connections, 2.00 s measured after 1.00 s of warm-up
 *       mean        21.2 ms
 *       p99         23.4 ms
 *     throughput   755/s
 *     requests     2265: 2265 ok
 */
#include "read.h"

#include <stdlib.h>
#include <string.h>

#include "numbers.h"

enum { LINES_MOST = 80, WORDS = 6 };

static bool begins(const struct source *source, int line)
{
    const char *text = source->lines[line];

    return (source_behind(text, "closed loop,") ||
            source_behind(text, "open loop,")) &&
           strstr(text, " measured after ");
}

/* "open loop, 300/s, poisson arrivals, at most 16 connections, 2.00 s measured
 * after ...". */
static void take_load(struct row *row, const char *line)
{
    const char *connections = strstr(line, " connections,");
    const char *measured = strstr(line, " measured after ");
    const char *from = connections;

    row->loop = source_behind(line, "open") ? LOOP_OPEN : LOOP_CLOSED;
    if (!connections || connections > measured)
        return;
    while (from > line && from[-1] != ' ')
        from--;
    figure_take(row, FIGURE_CONNECTIONS, from, (int)(connections - from));
    connections += strlen(" connections,");
    figure_take(row, FIGURE_DURATION, connections,
                (int)(measured - connections));
}

static void take_line(struct row *row, const char *line)
{
    struct word words[WORDS];
    int count = source_words(line, words, WORDS), id = -1;

    if (count < 2)
        return;
    if (!strncmp(words[0].at, "mean ", 5))
        id = FIGURE_MEAN;
    else if (!strncmp(words[0].at, "max ", 4))
        id = FIGURE_MAX;
    else if (!strncmp(words[0].at, "throughput ", 11))
        id = FIGURE_RATE;
    else if (words[0].at[0] == 'p')
        id = figure_of_percent(strtod(words[0].at + 1, NULL));
    if (id >= 0)
        figure_take(row, id, words[1].at, (int)strlen(words[1].at));
}

/* All its figures have three digits, also 1,990/s, which may be 1,987. */
static void widen(struct figure *rate)
{
    static const double share = 0.005;

    rate->low *= 1 - share;
    rate->high *= 1 + share;
}

static int read_output(const struct source *source, int line, double unit_s,
                       struct rows *rows)
{
    struct row *row = row_add(rows, source->name, line + 1, "troika");
    int end = line + 1;

    (void)unit_s;
    if (!row)
        return source->count;
    take_load(row, source->lines[line]);
    if (line > 0)
        row_name(row, source->lines[line - 1],
                 (int)strcspn(source->lines[line - 1], " "));
    for (; end < source->count && end < line + LINES_MOST; end++) {
        if (begins(source, end) || source_behind(source->lines[end], "```"))
            break;
        take_line(row, source->lines[end]);
        /* Only requests with the right answer are in its rate and latencies. */
        if (source_behind(source->lines[end], "connections ")) {
            figure_add(row, FIGURE_FAILED, 0);
            break;
        }
    }
    widen(&row->figures[FIGURE_RATE]);
    return end;
}

const struct reader reader_troika = {
    "troika", "line \"closed loop, ... measured after ...\"", begins,
    read_output};
