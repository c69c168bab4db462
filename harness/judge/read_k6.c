/* SPDX-License-Identifier: MIT
 *
 * The summary of k6 (grafana.com/docs/k6), of which these lines are read:
 *
 *   dropped_iterations...: 12      0.4/s        (an open loop)
 *   http_req_duration....: avg=144ms min=104ms med=110ms max=1.1s p(90)=203ms
 *   http_req_failed......: 0.00%  2 out of 180
 *   http_reqs............: 180    4.36938/s
 *   vus_max..............: 19     min=19 max=19
 */
#include "read.h"

#include <stdlib.h>
#include <string.h>

#include "numbers.h"

enum { LINES_MOST = 60, BEFORE = 20, WORDS = 8 };

const char read_k6_doubt[] =
    "a virtual user of k6 may send several requests at "
    "once (http.batch)";

/* What stands behind "NAME...:", or NULL. */
static const char *metric(const char *line, const char *name)
{
    const char *rest = source_behind(line, name);

    if (!rest || *rest != '.')
        return NULL;
    rest += strspn(rest, ".");
    return *rest == ':' ? source_trimmed(rest + 1) : NULL;
}

static bool begins(const struct source *source, int line)
{
    const char *rest = metric(source->lines[line], "http_req_duration");

    return rest && strstr(rest, "avg=");
}

int read_k6_figure(const char *name, int length)
{
    static const struct {
        const char *name;
        int id;
    } names[] = {{"avg", FIGURE_MEAN},
                 {"min", FIGURE_MIN},
                 {"med", FIGURE_P50},
                 {"max", FIGURE_MAX}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == (size_t)length &&
            !strncmp(names[i].name, name, (size_t)length))
            return names[i].id;
    if (length < 4 || strncmp(name, "p(", 2) != 0)
        return -1;
    char *end;
    double percent = strtod(name + 2, &end);
    return *end == ')' ? figure_of_percent(percent) : -1;
}

static void take_times(struct row *row, const char *rest)
{
    struct word words[WORDS];
    int count = source_words(rest, words, WORDS);

    for (int i = 0; i < count; i++) {
        const char *equals = memchr(words[i].at, '=', (size_t)words[i].length);
        if (!equals)
            continue;
        int length = (int)(equals - words[i].at);
        int id = read_k6_figure(words[i].at, length);
        if (id >= 0)
            figure_take(row, id, equals + 1, words[i].length - length - 1);
    }
}

static void take_line(struct row *row, const char *line)
{
    struct word words[WORDS];
    const char *rest;

    if ((rest = metric(line, "http_reqs")) &&
        source_words(rest, words, WORDS) >= 2) {
        figure_take(row, FIGURE_REQUESTS, words[0].at, words[0].length);
        figure_take(row, FIGURE_RATE, words[1].at, words[1].length);
    }
    if ((rest = metric(line, "vus_max")) &&
        source_words(rest, words, WORDS) >= 1)
        figure_take(row, FIGURE_CONNECTIONS, words[0].at, words[0].length);
    if ((rest = metric(line, "dropped_iterations")))
        row->loop = LOOP_OPEN;
}

/* "http_req_failed...: 1.11%", in the requests that http_reqs has counted. */
static void take_failed(struct row *row, const char *line)
{
    const char *rest = metric(line, "http_req_failed");
    const struct figure *requests = &row->figures[FIGURE_REQUESTS];

    if (rest && requests->known)
        figure_add(row, FIGURE_FAILED,
                   strtod(rest, NULL) / 100 * requests->value);
}

static int read_output(const struct source *source, int line, double unit_s,
                       struct rows *rows)
{
    struct row *row = row_add(rows, source->name, line + 1, "k6");
    int first = line > BEFORE ? line - BEFORE : 0, end = line + 1;

    (void)unit_s;
    if (!row)
        return source->count;
    row->flight_doubt = read_k6_doubt;
    take_times(row, metric(source->lines[line], "http_req_duration"));
    while (end < source->count && end < line + LINES_MOST &&
           !begins(source, end) && !source_behind(source->lines[end], "```"))
        end++;
    for (int i = line - 1; i >= first; i--) {
        if (source_behind(source->lines[i], "```") ||
            metric(source->lines[i], "vus_max"))
            break;
        take_line(row, source->lines[i]);
    }
    for (int i = line; i < end; i++)
        take_line(row, source->lines[i]);
    for (int i = first; i < end; i++)
        take_failed(row, source->lines[i]);
    return end;
}

const struct reader reader_k6 = {"k6", "line \"http_req_duration...: avg=...\"",
                                 begins, read_output};
