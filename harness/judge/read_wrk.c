/* SPDX-License-Identifier: MIT
 *
 * Output of wrk and wrk2 (github.com/wg/wrk, giltene/wrk2):
 *
 *   Running 30s test @ http://...
 *     12 threads and 400 connections
 *     Thread Stats   Avg      Stdev     Max   +/- Stdev
 *       Latency     1.02ms    0.63ms  12.92ms   93.69%
 *     Latency Distribution
 *        99%    4.17ms
 *     73795 requests in 2.01s, 5.49MB read
 *     Socket errors: connect 0, read 9, write 0, timeout 0
 *     Non-2xx or 3xx responses: 12
 *   Requests/sec:  36790.62
 *
 * wrk2 counts latency from the intended time, and says so in its own lines.
 * wrk adds samples to its latencies for the requests that it would have sent
 * while a connection stalled (its stats_correct), which raises its mean.
 * With several requests in flight on a connection, some of these are less than
 * its least latency: they are in the number of samples, but in no sum, so its
 * mean is too small, and its percentiles are too large or 0.
 */
#include "read.h"

#include <stdlib.h>
#include <string.h>

#include "numbers.h"

enum { LINES_MOST = 400, WORDS = 8 };

static const char doubt[] =
    "wrk adds made-up samples for requests that it would have sent during a "
    "stall, which raises its mean; a script may also send several requests at "
    "once (pipelining)";

static const char mean_doubt[] =
    "with several requests in flight on a connection (pipelining), wrk counts "
    "made-up samples that its sums leave out: its mean is too small and its "
    "percentiles are too large";

static bool begins(const struct source *source, int line)
{
    const char *rest = source_behind(source->lines[line], "Running ");

    return rest && strstr(rest, " test @");
}

static void take_percentile(struct row *row, const struct word *words)
{
    char *end;
    double percent = strtod(words[0].at, &end);

    if (end != words[0].at + words[0].length - 1 || *end != '%')
        return;
    int id = figure_of_percent(percent);
    if (id >= 0)
        figure_take(row, id, words[1].at, words[1].length);
}

/* The counts of "connect 694, read 728, write 1425, timeout 4898". */
static void take_socket_errors(struct row *row, const char *text)
{
    while (*text != '\0') {
        text += strcspn(text, "0123456789");
        char *end;
        double count = strtod(text, &end);
        if (end == text)
            return;
        figure_add(row, FIGURE_LOST, count);
        text = end;
    }
}

static void take_line(struct row *row, const char *line, bool *closed)
{
    struct word words[WORDS];
    int count = source_words(line, words, WORDS);
    const char *rest;

    if (strstr(line, "threads and ") && count == 5)
        figure_take(row, FIGURE_CONNECTIONS, words[3].at, words[3].length);
    if ((rest = source_behind(line, "Requests/sec:")))
        figure_take(row, FIGURE_RATE, rest, (int)strlen(rest));
    if ((rest = source_behind(line, "Non-2xx or 3xx responses:")))
        figure_add(row, FIGURE_FAILED, strtod(rest, NULL));
    if ((rest = source_behind(line, "Socket errors:")))
        take_socket_errors(row, rest);
    if (strstr(line, "Thread calibration:") || strstr(line, "(HdrHistogram")) {
        row->loop = LOOP_OPEN;
        row->format = "wrk2";
    }
    /* wrk2 -U prints a second distribution, uncorrected. */
    *closed |= strstr(line, "Uncorrected") != NULL;
    if (count >= 4 && !strncmp(words[0].at, "Latency ", 8) &&
        strncmp(words[1].at, "Distribution", 12) != 0) {
        figure_take(row, FIGURE_MEAN, words[1].at, words[1].length);
        figure_take(row, FIGURE_MAX, words[3].at, words[3].length);
    }
    if (count >= 4 && strstr(line, " requests in ")) {
        int length = words[3].length;
        length -= words[3].at[length - 1] == ',';
        figure_take(row, FIGURE_REQUESTS, words[0].at, words[0].length);
        figure_take(row, FIGURE_DURATION, words[3].at, length);
    }
    if (count == 2 && !*closed)
        take_percentile(row, words);
}

/* What follows from all lines together. */
static void finish(struct row *row)
{
    static const double beyond = 1.05;
    const struct figure *rate = &row->figures[FIGURE_RATE];
    const struct figure *mean = &row->figures[FIGURE_MEAN];
    const struct figure *connections = &row->figures[FIGURE_CONNECTIONS];

    if (rate->known && mean->known && connections->known &&
        rate->value * mean->value > beyond * connections->value)
        row->mean_doubt = mean_doubt;
    /* wrk prints no line of errors where there are none. */
    if (row->figures[FIGURE_REQUESTS].known) {
        figure_add(row, FIGURE_FAILED, 0);
        figure_add(row, FIGURE_LOST, 0);
    }
}

static int read_output(const struct source *source, int line, double unit_s,
                       struct rows *rows)
{
    struct row *row = row_add(rows, source->name, line + 1, "wrk");
    const char *at = strstr(source->lines[line], "@");
    bool closed = false;
    int end = line + 1;

    (void)unit_s;
    if (!row)
        return source->count;
    row->loop = LOOP_CLOSED;
    row->own_times = true;
    row->own_count = true;
    row->flight_doubt = doubt;
    row_name(row, at + 1, (int)strlen(at + 1));
    for (; end < source->count && end < line + LINES_MOST; end++) {
        if (begins(source, end) || source_behind(source->lines[end], "```"))
            break;
        take_line(row, source->lines[end], &closed);
        if (source_behind(source->lines[end], "Requests/sec:")) {
            end++;
            break;
        }
    }
    finish(row);
    return end;
}

const struct reader reader_wrk = {"wrk", "line \"Running ... test @ ...\"",
                                  begins, read_output};
